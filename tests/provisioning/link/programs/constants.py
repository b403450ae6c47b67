"""Constants."""

A, B, C = range(3)
SECOND = 1_000
DAY = SECOND * 60 * 60 * 24
WORD = "w"
LONG = "a text that is longer"
NEG = -B
TABLE = {A: WORD, B: LONG, C: DAY}


def main():
    return [TABLE[k] for k in (A, B, C)], NEG, DAY, LONG
