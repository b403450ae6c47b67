"""Seldom."""

from firmware.deep.one import value

WORD = "seldom"


class Thing:
    def __init__(self, n):
        self.n = n


def told(n):
    return WORD, value(n), Thing(n).n
