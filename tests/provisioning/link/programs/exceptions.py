"""Exceptions."""


class Wrong(Exception):
    def __init__(self, why):
        super().__init__(why)
        self.why = why


def main():
    try:
        raise Wrong("x")
    except Wrong as error:
        return error.why, str(error)
