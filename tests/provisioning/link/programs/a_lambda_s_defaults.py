"""A lambda's defaults."""

K = 3


def main():
    fs = [lambda x, k=k: (x, k, K) for k in range(2)]
    return [f(9) for f in fs]
