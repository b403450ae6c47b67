"""A parameter and a global of one name."""

size = [3]


def twice(size):
    return size * 2


def main():
    return twice(4), size
