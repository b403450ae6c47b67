"""By keyword."""


def take(first, second=2, *rest, **named):
    return first, second, rest, sorted(named.items())


def main():
    return take(1, 5, 6, 7, other=8), take(first=3), take(second=4, first=9)
