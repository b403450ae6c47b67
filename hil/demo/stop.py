"""What ends the demo with one line."""


class Stop(Exception):
    """The demo cannot go on; the text says why and what to do."""
