"""The page: small, in Indonesian, safe with any network's name, and whole without JavaScript."""

import html
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.setup import page

IDLE = {"state": "idle", "ssid": "", "reason": "", "address": ""}


class Reader(HTMLParser):
    """The tags and their attributes, and the text outside of styles and scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._silent = False
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self._silent = tag in ("style", "script")
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag: str) -> None:
        self._silent = False

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.text += data


def shown(result: dict, networks: list[list[object]] = []) -> str:  # noqa: B006
    return "".join(page.render("Balai-0001", result, networks))


def test_it_is_small():
    assert len(shown(IDLE).encode()) < 4_096
    assert len(shown(IDLE, [["Balai Desa", -50, 1]] * 16).encode()) < 8_192


def test_a_network_is_picked_from_a_list_and_its_password_typed():
    found = Reader(shown(IDLE, [["Balai Desa", -55, 1], ["Warung", -66, 0], ["Jauh", -90, 1]]))
    form = next(attributes for tag, attributes in found.tags if tag == "form")
    assert (form["method"], form["action"]) == ("post", "/network")
    choices = [attributes["value"] for tag, attributes in found.tags if attributes.get("name") == "ssid"]
    assert choices == ["Balai Desa", "Warung", "Jauh"]
    assert {"other", "password"} < {attributes.get("name") for _, attributes in found.tags}
    assert ("button", {}) in found.tags
    for words in ("kuat, terkunci", "sedang, terbuka", "lemah, terkunci", "Sambungkan", "Balai-0001"):
        assert words in found.text


@given(st.text(max_size=32))
def test_no_name_of_a_network_changes_the_page(name):
    plain = Reader(shown(IDLE, [["plain", -50, 1]]))
    found = Reader(shown(IDLE, [[name, -50, 1]]))
    assert [tag for tag, _ in found.tags] == [tag for tag, _ in plain.tags]
    for state in ("trying", "joined", "failed"):
        result = {"state": state, "ssid": name, "reason": "", "address": "192.168.1.7"}
        assert [tag for tag, _ in Reader(shown(result)).tags] == [
            tag for tag, _ in Reader(shown({**result, "ssid": "plain"})).tags
        ]
    assert page.escaped(name) == html.escape(name).replace("&#x27;", "'")


def test_while_it_is_tried_the_page_looks_again_by_itself():
    found = Reader(shown({"state": "trying", "ssid": "Balai Desa", "reason": "", "address": ""}))
    assert ("meta", {"http-equiv": "refresh", "content": "3"}) in found.tags, "without JavaScript"
    assert "Mencoba Balai Desa" in found.text
    assert not any(tag == "form" for tag, _ in found.tags)


@pytest.mark.parametrize(("reason", "words"), [*page.REASONS.items(), ("other", page.OTHERWISE)])
def test_a_failure_says_why_and_that_the_old_networks_stay(reason, words):
    found = Reader(shown({"state": "failed", "ssid": "Balai Desa", "reason": reason, "address": ""}))
    assert "Gagal: Balai Desa" in found.text
    assert words in found.text
    assert "Jaringan lama tetap dipakai" in found.text
    assert any(tag == "form" for tag, _ in found.tags), "and it can be tried again"


def test_success_says_the_address_in_the_hall():
    result = {"state": "joined", "ssid": "Balai Desa", "reason": "server", "address": "192.168.1.7"}
    found = Reader(shown(result))
    assert "192.168.1.7" in found.text
    assert "Menunggu jawaban server" in found.text
    assert any(attributes.get("http-equiv") == "refresh" for _, attributes in found.tags)
    well = Reader(shown({**result, "reason": ""}))
    assert "Selesai" in well.text
    assert not any(attributes.get("http-equiv") == "refresh" for _, attributes in well.tags)
