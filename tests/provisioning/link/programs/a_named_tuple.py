"""A named tuple."""

from collections import namedtuple

Now = namedtuple("Now", ("t", "q"))


class Rules:
    def __init__(self):
        self.t = 1
        self.q = 2


def main():
    return Now(5, 6).t, Now(5, 6).q, Rules().t + Rules().q
