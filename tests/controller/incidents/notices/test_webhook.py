"""A webhook, as another program gets it: signed, once more where it must be, and never longer than one may wait."""

import hashlib
import hmac
import json
import re
from pathlib import Path

import pytest

from controller.incidents.notices.way import Undelivered
from controller.incidents.notices.webhook import Webhook, signature
from tests.controller.incidents.notices.conftest import message
from tests.controller.incidents.notices.post import Receiver

SECRET = "kunci-yang-panjang-sekali"
ROOT = Path(__file__).resolve().parents[4]


def test_a_receiver_verifies_it_with_what_the_documentation_says(receiver: Receiver):
    Webhook(receiver.url, SECRET).send(message())
    ((headers, body),) = receiver.taken
    found = re.search(r"^    (import hashlib.*?)\n\n", (ROOT / "docs/operations.md").read_text(), re.M | re.S)
    scope: dict = {}
    exec(re.sub(r"^    ", "", found[1], flags=re.M), scope)
    genuine = scope["genuine"]
    assert genuine(SECRET.encode(), headers, body)
    assert not genuine(b"another", headers, body)
    assert not genuine(SECRET.encode(), headers, body + b" ")
    older = str(int(headers["Balai-Timestamp"]) - 600)
    again = {"Balai-Timestamp": older, "Balai-Signature": signature(SECRET.encode(), older, body)}
    assert not genuine(SECRET.encode(), again, body), "an old one, sent again"


def test_what_it_holds(receiver: Receiver):
    Webhook(receiver.url, SECRET, clock=lambda: 1_795_478_400.9).send(message(kind="fault", detail="E-08"))
    ((headers, body),) = receiver.taken
    assert (headers["Content-Type"], headers["Balai-Delivery"]) == ("application/json", "17")
    assert headers["Balai-Timestamp"] == "1795478400"
    mac = hmac.new(SECRET.encode(), b"1795478400." + body, hashlib.sha256).hexdigest()
    assert headers["Balai-Signature"] == f"sha256={mac}"
    told = json.loads(body)
    assert (told["v"], told["id"], told["event"]) == (1, 17, "incident.opened")
    assert told["incident"]["id"] == 9
    assert (told["incident"]["kind"], told["incident"]["detail"], told["incident"]["urgent"]) == ("fault", "E-08", True)
    assert set(told["text"]) == {"id", "en"}
    assert SECRET.encode() not in body


@pytest.mark.parametrize("status", [301, 302, 307, 400, 404, 410, 429, 500, 503])
def test_an_answer_that_is_no_receipt_is_named(receiver: Receiver, status):
    receiver.answers = [status]
    way = Webhook(receiver.url, SECRET)
    with pytest.raises(Undelivered, match=f"^HTTP {status}$"):
        way.send(message())
    assert len(receiver.taken) == 1, "no redirection is followed"
    way.send(message())


def test_nobody_is_waited_for_for_ever(receiver: Receiver):
    receiver.let.clear()
    with pytest.raises(Undelivered, match=r"^ReadTimeout$"):
        Webhook(receiver.url, SECRET, timeout=0.2).send(message())
    receiver.let.set()


def test_nobody_listens(receiver: Receiver):
    way = Webhook("http://127.0.0.1:1/hook", SECRET)
    with pytest.raises(Undelivered, match=r"^ConnectError$"):
        way.send(message())
