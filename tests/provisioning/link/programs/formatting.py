"""Formatting."""


def main():
    who = "x"
    return f"{who!r} and {len(who):03d}", "%s" % who  # noqa: UP031
