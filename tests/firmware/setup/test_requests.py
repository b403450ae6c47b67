"""HTTP requests of a phone: what is one, what is not, and that nothing else comes of any bytes."""

import json
import random
import subprocess
from pathlib import Path
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.setup.requests import MOST, BadRequest, parse, unquoted

ROOT = Path(__file__).resolve().parents[3]


def outcome(data: bytes) -> object:
    """What comes of some bytes, as JSON shows it."""
    try:
        found = parse(data)
        if found is None:
            return "more"
        fields: object = None
        if found.method == "POST":
            try:
                fields = found.fields()
            except BadRequest as error:
                fields = error.status
        return [found.method, found.path, found.query, found.host, found.form, found.body.hex(), fields]
    except BadRequest as error:
        return error.status


def test_a_plain_request():
    found = outcome(b"GET /result?now=1 HTTP/1.1\r\nHost: 192.168.4.1\r\nAccept: */*\r\n\r\n")
    assert found == ["GET", "/result", "now=1", "192.168.4.1", False, "", None]


def test_a_request_as_to_a_proxy():
    assert outcome(b"GET http://Captive.Apple.com/hotspot-detect.html HTTP/1.0\r\n\r\n") == [
        "GET", "/hotspot-detect.html", "", "captive.apple.com", False, "", None,
    ]  # fmt: skip


def test_a_form_and_json():
    form = urlencode({"ssid": "Balai Désa & Co", "password": "a+b%c", "other": ""}).encode()
    head = b"POST /network HTTP/1.1\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n"
    found = outcome(head % (b"application/x-www-form-urlencoded; charset=utf-8", len(form)) + form)
    assert found[-1] == {"ssid": "Balai Désa & Co", "password": "a+b%c", "other": ""}
    body = json.dumps({"ssid": "Balai Désa", "password": ""}).encode()
    assert outcome(head % (b"application/json", len(body)) + body)[-1] == {"ssid": "Balai Désa", "password": ""}


@given(st.integers(0, 200))
def test_it_waits_for_the_whole_of_it(end):
    whole = b"POST /network HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n0123456789"
    assert (outcome(whole[:end]) == "more") == (end < len(whole))


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"\r\n\r\n", "400"),
        (b"GET /\r\n\r\n", "400"),
        (b"GET / HTTP/2\r\n\r\n", "400"),
        (b"GET nowhere HTTP/1.1\r\n\r\n", "400"),
        (b"GET /  HTTP/1.1\r\n\r\n", "400"),
        (b"GET /\xff HTTP/1.1\r\n\r\n", "400"),
        (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", "400"),
        (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", "400"),
        (b"POST / HTTP/1.1\r\nContent-Length: ten\r\n\r\n", "400"),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"),
        (b"POST / HTTP/1.1\r\nContent-Length: 2048\r\n\r\n", "413"),
        (b"POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n", "413"),
        (b"GET / HTTP/1.1\r\nCookie: " + b"x" * MOST, "431"),
        (b"x" * MOST, "431"),
    ],
)
def test_what_is_no_request_of_ours_is_refused(data, status):
    assert str(outcome(data)).startswith(status)


@pytest.mark.parametrize("form", ["a=%", "a=%1", "a=%zz", "a=%+1", "a=%ff", "%c3=%28", "a=%-1"])
def test_a_form_that_is_none_is_refused(form):
    with pytest.raises(ValueError):
        unquoted(form)


@given(st.dictionaries(st.text(max_size=8), st.text(max_size=20), min_size=1, max_size=4))
def test_every_form_comes_through(fields):
    assert unquoted(urlencode(fields)) == fields


@given(st.binary(max_size=300))
def test_no_bytes_hurt(data):
    outcome(data)
    outcome(b"POST /network HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(data) + data)


FAR = """
import sys
sys.path.insert(0, {root!r})
import json
from firmware.setup.requests import BadRequest, parse
{outcome}
for line in open(sys.argv[1]):
    print(json.dumps(outcome(bytes.fromhex(line.strip()))))
"""


def test_micropython_finds_the_same(micropython, tmp_path):
    chance = random.Random(5)
    whole = (
        b"POST /network HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        b"Content-Length: 20\r\n\r\nssid=%41+b&other=%c3%a9",
        b"GET http://a.b/c?d HTTP/1.0\r\n\r\n",
    )
    # (Its JSON takes more for JSON than ours, so that broken JSON is left out.)
    said = [*whole, b'POST /network HTTP/1.1\r\ncontent-length: 18\r\n\r\n{"ssid": "\\u00e9"}']
    for _ in range(400):
        one = bytearray(chance.choice(whole))
        for _ in range(chance.randrange(1, 5)):
            one[chance.randrange(len(one))] = chance.choice(b"\x00\xff\r\n :%=/?&{}[]\"'0\xc3")
        said.append(bytes(one))
    file = tmp_path / "said"
    file.write_text("\n".join(one.hex() for one in said))
    source = Path(__file__).read_text()
    body = source[source.index("def outcome") : source.index("def test_a_plain")]
    program = tmp_path / "far.py"
    program.write_text(FAR.format(root=str(ROOT), outcome=body))
    run = subprocess.run([micropython, program, file], capture_output=True, text=True, check=True)
    far = [json.loads(line) for line in run.stdout.splitlines()]
    assert len(far) == len(said)
    for one, there in zip(said, far, strict=True):
        assert there == json.loads(json.dumps(outcome(one))), one
