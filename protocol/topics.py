"""Topic names, built and parsed (docs/contract.md, section 1)."""

from protocol.errors import BadTopic

ROOT = "balai/1"
CONTROLLER_STATE = ROOT + "/controller/state"
UP = ("state", "event", "reading", "reply", "request")
DOWN = ("ack", "config", "command", "response")

_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789-"


class Topic:
    """A parsed topic: `kind` is up, down, board or controller; `id` the device or site; `what` the last word."""

    __slots__ = ("id", "kind", "what")

    def __init__(self, kind: str, id: str, what: str):
        self.kind = kind
        self.id = id
        self.what = what

    def __eq__(self, other):
        return isinstance(other, Topic) and (self.kind, self.id, self.what) == (other.kind, other.id, other.what)

    def __hash__(self):
        return hash((self.kind, self.id, self.what))

    def __repr__(self):
        return "Topic(%r, %r, %r)" % (self.kind, self.id, self.what)


def is_id(text) -> bool:
    """Whether `text` may name a device, a site, a position, a service or a counter: [a-z0-9-]{1,32}."""
    return isinstance(text, str) and 0 < len(text) <= 32 and not text.strip(_LETTERS)


def up(device: str, what: str) -> str:
    """A topic that a device publishes."""
    return "%s/%s/up/%s" % (ROOT, device, what)


def down(device: str, what: str) -> str:
    """A topic that a device reads."""
    return "%s/%s/down/%s" % (ROOT, device, what)


def board(site: str) -> str:
    """The retained board of a site."""
    return "%s/site/%s/board" % (ROOT, site)


def parse(topic: str) -> Topic:
    """Take a topic apart. Raises BadTopic."""
    if topic == CONTROLLER_STATE:
        return Topic("controller", "", "state")
    parts = topic.split("/")
    if len(parts) == 5 and parts[0] == "balai" and parts[1] == "1":
        if parts[2] == "site":
            if parts[4] == "board" and is_id(parts[3]):
                return Topic("board", parts[3], "board")
        elif is_id(parts[2]):
            if parts[3] == "up" and parts[4] in UP:
                return Topic("up", parts[2], parts[4])
            if parts[3] == "down" and parts[4] in DOWN:
                return Topic("down", parts[2], parts[4])
    raise BadTopic("no topic of the contract")
