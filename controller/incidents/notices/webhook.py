"""Messages posted to an address of another program, signed so that it can tell them from anybody's.

`Balai-Timestamp` is the time of this attempt in Unix seconds; `Balai-Signature` is `sha256=` and the HMAC-SHA256, in
hex and by the shared secret, of the timestamp, a dot and the body's bytes. A receiver computes the same, compares in
constant time, and refuses timestamps more than five minutes off. `Balai-Delivery` is the same for each attempt.
"""

import hashlib
import hmac
import time
from collections.abc import Callable

import httpx
import orjson

from controller.incidents.notices.message import Message
from controller.incidents.notices.way import TIMEOUT_S, Undelivered


class Webhook:
    """Posts to one address. An answer of 2xx is a receipt; a redirection is none, for it may lead anywhere.

    `timeout`: seconds for which the receiver may keep silent; `clock`: Unix seconds.
    """

    name = "webhook"

    def __init__(
        self, url: str, secret: str, timeout: float = TIMEOUT_S, clock: Callable[[], float] = time.time
    ) -> None:
        self._url, self._secret, self._timeout, self._clock = url, secret.encode(), timeout, clock

    def send(self, message: Message) -> None:
        """Post a message. Raises Undelivered."""
        body = orjson.dumps(message.json())
        stamp = str(int(self._clock()))
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Balai",
            "Balai-Delivery": str(message.id),
            "Balai-Timestamp": stamp,
            "Balai-Signature": signature(self._secret, stamp, body),
        }
        try:
            with (
                httpx.Client(timeout=self._timeout, trust_env=False) as client,
                client.stream("POST", self._url, content=body, headers=headers) as answer,
            ):
                status = answer.status_code  # what else it says is not read: it may be endless
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Undelivered(type(error).__name__) from None
        if not 200 <= status < 300:
            raise Undelivered(f"HTTP {status}")


def signature(secret: bytes, stamp: str, body: bytes) -> str:
    """Return what stands in `Balai-Signature`."""
    return "sha256=" + hmac.new(secret, stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
