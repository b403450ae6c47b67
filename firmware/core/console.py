"""What the device says on its console, and the last of it, in a ring of memory that never grows.

Lines hold our own words: no value that came from outside and no secret has a place in them.
"""

NOTHING, FAULTS, NEWS, ALL = range(4)
SIZE = 1_536  # bytes of the ring: a kiosk has no more to spare


class Console:
    """Says what is at most as talkative as `level`; `ring` is written round and round, next at `at`."""

    def __init__(self):
        self.level = NEWS
        self.ring = bytearray(SIZE)
        self.at = 0

    def say(self, level: int, text: str) -> None:
        """Say one line, or several."""
        if level <= self.level:
            print(text)
            ring, at = self.ring, self.at
            for byte in text.encode():
                ring[at] = byte
                at = (at + 1) % SIZE
            ring[at] = 10
            self.at = (at + 1) % SIZE


console = Console()
