"""A local that hides a function."""


def name():
    return 1


def main():
    first = name()

    def inner(name):
        return name

    return first, inner(7)
