"""Comprehensions."""

x = 5


def main():
    x = [x * y for x in range(3) for y in range(x)]
    return x, dict.fromkeys("ab", x), {n + 1 for n in (1, 1)}, sum(x for x in (1, 2))
