"""A mail server, a receiver of webhooks, and messages."""

from collections.abc import Callable, Iterator

import pytest

from controller.incidents.notices.message import Message
from tests.controller.incidents.notices.post import Post, Receiver

SINCE = 1_795_478_400_000  # 24 November 2026, 00:00 UTC


def message(**fields: object) -> Message:
    """Return a message about a hall's kiosk without paper."""
    where = {
        "site": "genteng",
        "name": "Desa Genteng Kulon",
        "tz": 420,
        "device": "02ba1a500001",
        "position": "kiosk-1",
    }
    what = {"what": "opened", "kind": "paper_out", "detail": "", "cause": "", "since": SINCE, "until": 0}
    whole = {"id": 17, "incident": 9, "link": "https://balai.example/", **where, **what}
    return Message(**{**whole, **fields})  # type: ignore[arg-type]


@pytest.fixture
def post() -> Iterator[Callable[..., Post]]:
    """Start mail servers."""
    started: list[Post] = []

    def start(**options: object) -> Post:
        started.append(Post(**options))  # type: ignore[arg-type]
        return started[-1]

    yield start
    for one in started:
        one.stop()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver of webhooks."""
    one = Receiver()
    yield one
    one.stop()
