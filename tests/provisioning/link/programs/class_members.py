"""Class members."""

LIMIT = 9


class Box:
    LIMIT = LIMIT
    KEYS = ("a", "b")

    def __init__(self, up):
        self.up = up
        self._kept = []

    @property
    def fresh(self):
        return self._kept or self.LIMIT

    def keep(self, value):
        self._kept.append(value)
        return self

    @classmethod
    def made(cls):
        return cls(1)

    @staticmethod
    def plain(value):
        return value


def main():
    box = Box.made().keep(2)
    return box.up, box.fresh, Box.plain(3), Box(0).fresh, Box.KEYS
