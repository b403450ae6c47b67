"""Generators."""


def several(low, high):
    while low < high:
        got = yield low
        low += got or 1


def main():
    g = several(0, 9)
    return next(g), g.send(3), list(g)
