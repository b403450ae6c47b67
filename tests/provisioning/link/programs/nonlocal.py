"""Nonlocal."""


def main():
    n = 1

    def add(by):
        nonlocal n
        n += by
        return n

    add(2)
    return add(3), n
