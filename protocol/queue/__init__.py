"""The queue of a hall: a pure state machine. command -> events -> state; no clock, no I/O, no randomness.

`decide` looks at the state, the rules and the time and answers with events, or raises Refused and has changed nothing.
`apply` changes the state by them. Commands and events: docs/contract.md, section 4.
"""

from protocol.errors import Refused
from protocol.queue.answers import answer, outcome, waiting
from protocol.queue.applying import apply
from protocol.queue.deciding import decide
from protocol.queue.rules import Now, Rules
from protocol.queue.state import State

__all__ = ("Now", "Refused", "Rules", "State", "answer", "apply", "decide", "outcome", "waiting")
