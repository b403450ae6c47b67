"""A parameter seen from within."""


def main():
    def outer(a, b):
        def inner(c):
            return a, b, c

        return inner

    return outer(1, 2)(3)
