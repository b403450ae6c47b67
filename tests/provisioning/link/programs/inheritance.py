"""Inheritance."""


class A:
    def word(self):
        return "a" + self.more()

    def more(self):
        return ""


class B(A):
    def more(self):
        return "b" + super().more()


def main():
    return A().word(), B().word()
