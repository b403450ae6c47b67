"""The contract's errors.

BalaiError
├─ Refused       a queue command is not possible now; `reason` is a machine word of the contract
└─ BadMessage    bytes or values that are not of the contract
   └─ BadTopic   a topic that is not of the contract
"""


class BalaiError(Exception):
    """Any error of the contract."""


class Refused(BalaiError):
    """A queue command is not possible now, and nothing has changed."""

    def __init__(self, reason: str):
        super().__init__(reason)
        self.reason = reason


class BadMessage(BalaiError):
    """Bytes or values that are not of the contract; the text says what is wrong, never the value."""


class BadTopic(BadMessage):
    """A topic that is not of the contract."""
