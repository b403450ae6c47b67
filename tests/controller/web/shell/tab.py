"""A tab of a browser, as far as the socket of a staff page goes: it opens a page, presses its buttons, hears updates.

Engine.IO's polling (protocol 4) and Socket.IO's packets (protocol 5) over plain HTTP.
"""

import html
import json
import re
import time
import uuid

import httpx

from tests.controller.inside import Someone
from tests.controller.waiting import HANGS

END = "\x1e"  # between packets


class Refused(Exception):
    """The socket was not let in."""


class Tab:
    """One page that `person` has opened.

    Args:
        person: whose cookie the page, and its socket, come with.
        address: of the page, whole.
    """

    def __init__(self, person: Someone, address: str) -> None:
        self._http = person
        self._root = address.split("/fleet", 1)[0]
        answer = person.get(address)
        assert answer.status_code == 200, answer.text
        self.text = answer.text
        found = re.search(r"parseElements\(String\.raw`(.*?)`\)", answer.text, re.DOTALL)
        assert found, answer.text
        self.elements: dict[str, dict[str, object]] = json.loads(html.unescape(found[1]))
        query = re.search(r"query: \{[^}]*client_id['\"]: ['\"]([0-9a-f-]{36})", answer.text)
        assert query
        self.client = query[1]
        self.query = {"client_id": self.client, "document_id": str(uuid.uuid4()), "tab_id": str(uuid.uuid4())}
        self.said: list[list[object]] = []

    def connect(self, cookie: Someone | None = None, **headers: str) -> "Tab":
        """Open the socket, with the cookie of somebody else where one is given. Raises Refused."""
        self._http = cookie or self._http
        query = {**self.query, "next_message_id": "0", "implicit_handshake": "true", "EIO": "4"}
        self._query = {**query, "transport": "polling"}
        opened = self._ask("GET", headers=headers)
        if opened.status_code != 200:
            raise Refused(opened.text)
        self._query["sid"] = json.loads(opened.text[1:])["sid"]
        self._ask("POST", "40")
        while not self.said:
            for packet in self.poll():
                if packet.startswith("44"):
                    raise Refused(packet)
                if packet.startswith("40"):
                    return self
        return self

    def poll(self) -> list[str]:
        """Wait for what the server has to say, answer its pings, keep its messages; return the packets."""
        packets = self._ask("GET").text.split(END)
        for packet in packets:
            if packet == "2":
                self._ask("POST", "3")
            if packet.startswith("42"):
                self.said.append(json.loads(packet[2:]))
        return packets

    def hears(self, words: str) -> str:
        """Wait until something with `words` in it was sent; return it."""
        end = time.monotonic() + HANGS
        while time.monotonic() < end:
            for message in self.said:
                if words in (text := json.dumps(message, ensure_ascii=False)):
                    return text
            self.poll()
        raise AssertionError(f"hung: the page does not say {words!r}")

    def press(self, words: str, client: str = "") -> None:
        """Press the button with these words on it; `client`: of whose page the event says it is."""
        found = [
            (id_, one)
            for id_, one in self.elements.items()
            if words in (one.get("text"), *self._within(one)) and one.get("events")
        ]
        assert found, f"no button says {words!r}"
        id_, button = found[0]
        event = button["events"][0]  # type: ignore[index]
        body = {"id": int(id_), "client_id": client or self.client, "listener_id": event["listener_id"], "args": []}
        self._ask("POST", "42" + json.dumps(["event", body]))

    def _within(self, one: dict[str, object]) -> list[object]:
        slots = one.get("slots") or {"default": {"ids": one.get("children", [])}}
        ids = [id_ for slot in slots.values() for id_ in slot.get("ids", [])]  # type: ignore[attr-defined]
        return [self.elements.get(str(id_), {}).get("text") for id_ in ids]

    def _ask(self, method: str, body: str = "", headers: dict[str, str] | None = None) -> httpx.Response:
        address = f"{self._root}/_nicegui_ws/socket.io/"
        kind = {"Content-Type": "text/plain"} if body else {}
        return self._http.request(
            method, address, params=self._query, content=body.encode(), headers={**kind, **(headers or {})}
        )
