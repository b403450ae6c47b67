"""Star and swap."""


def main():
    a, *b = (1, 2, 3)
    a, c = b, a
    c += 1
    d = {}
    d["k"] = c
    del d["k"]
    return a, c, d, b
