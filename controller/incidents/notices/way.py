"""Ways in which a message goes out, and what they have in common.

Undelivered    a message has not gone out; the text says why, without any secret
└─ Refused     and never will: another attempt would be answered the same
"""

from typing import Protocol

from controller.incidents.notices.message import Message

TIMEOUT_S = 15.0  # for which a server may keep silent


class Undelivered(Exception):
    """A message has not gone out; the text says why, without any secret."""


class Refused(Undelivered):
    """A message has not gone out and never will."""


class Way(Protocol):
    """One way out. `name` is kept in the database."""

    name: str

    def send(self, message: Message) -> None:
        """Send a message; blocks. Raises Undelivered."""
