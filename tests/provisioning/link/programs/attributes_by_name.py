"""Attributes by name."""


class Box:
    line = 4


def main():
    return getattr(Box(), "line", None), hasattr(Box(), "none")
