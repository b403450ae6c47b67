LIMIT = 7


def value(x):
    return x + LIMIT
