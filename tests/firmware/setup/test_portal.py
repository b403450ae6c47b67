"""The access point's page over real sockets: the technician's way through it, and phones that behave badly."""

import asyncio
import json
import random
import socket
import struct
from urllib.parse import urlencode

import pytest

from tests.firmware.core.conftest import RUN
from tests.firmware.setup.conftest import AIR, POINT, Phone, opened, taken

FORM = "application/x-www-form-urlencoded"


async def test_the_access_point_is_named_after_the_device(phone):
    assert phone.rig.told[0]["point"] == POINT


async def test_networks_in_reach_are_told(phone):
    status, headers, body = await phone.get("/networks")
    assert (status, headers["content-type"]) == (200, "application/json")
    assert json.loads(body) == [[name, rssi, 1 if password else 0] for name, password, rssi in AIR]


@pytest.mark.parametrize(
    ("host", "path"),
    [
        ("connectivitycheck.gstatic.com", "/generate_204"),  # Android
        ("captive.apple.com", "/hotspot-detect.html"),  # iOS
        ("www.msftconnecttest.com", "/connecttest.txt"),  # Windows
        ("detectportal.firefox.com", "/success.txt"),
        ("", "/anything"),
    ],
)
async def test_every_other_host_and_path_is_sent_to_the_page(phone, host, path):
    status, headers, _ = await phone.get(path, host)
    assert status == 302
    assert headers["location"] == f"http://{phone.site}/"


async def test_every_name_leads_to_the_device(phone):
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        asked.setblocking(False)
        asked.connect(("127.0.0.1", phone.dns))
        await loop.sock_sendall(asked, b"rubbish")
        await loop.sock_sendall(asked, struct.pack(">6H", 7, 256, 1, 0, 0, 0) + b"\x05apple\x03com\0\0\1\0\1")
        said = await loop.sock_recv(asked, 512)
    assert said[:2] == b"\0\7"
    assert said[-4:] == bytes((127, 0, 0, 1))


async def test_a_wrong_password_is_told_and_the_right_one_joins(phone):
    assert json.loads((await phone.get("/result"))[2])["state"] == "idle"
    assert await phone.choose("Balai Desa", "salah-ketik") == 202
    found = await phone.result("failed", "joined")
    assert (found["state"], found["ssid"], found["reason"]) == ("failed", "Balai Desa", "password")
    assert await phone.choose("Balai Desa", "rahasia-desa") == 202
    found = await phone.result("failed", "joined")
    assert (found["state"], found["reason"], found["address"]) == ("joined", "server", "127.0.0.1")


async def test_the_device_shows_what_becomes_of_it(phone):
    await phone.rig.until(lambda rig: rig.parts.digits == "5-01")
    await phone.choose("Balai Desa", "salah-ketik")
    await phone.rig.until(lambda rig: rig.parts.digits == "5-04")
    await phone.choose("Balai Desa", "rahasia-desa")
    await phone.rig.until(lambda rig: rig.parts.digits == "5-03")


async def test_a_form_without_javascript_does_the_same(phone):
    body = urlencode({"ssid": AIR[1][0], "other": "", "password": ""}).encode()
    status, headers, _ = await phone.post(body, FORM)
    assert (status, headers["location"]) == (302, f"http://{phone.site}/")
    assert (await phone.result("failed", "joined"))["state"] == "joined"
    assert "Tersambung ke Warung &lt;Kopi&gt; &amp; &quot;Teh&quot;" in (await phone.get("/"))[2].decode()


async def test_a_name_that_was_typed_goes_before_the_one_that_was_picked(phone):
    body = urlencode({"ssid": AIR[1][0], "other": "Balai Desa", "password": "rahasia-desa"}).encode()
    await phone.post(body, FORM)
    assert (await phone.result("failed", "joined"))["ssid"] == "Balai Desa"


@pytest.mark.parametrize("fields", [{}, {"ssid": ""}, {"ssid": "x", "password": "short"}, {"ssid": "x" * 33}])
async def test_what_is_no_network_is_refused_and_explained(phone, fields):
    assert (await phone.post(json.dumps(fields).encode()))[0] == 422
    assert (await phone.post(urlencode(fields).encode() or b"a=b", FORM))[0] == 302
    assert "Nama 1 sampai 32 huruf" in (await phone.get("/"))[2].decode()
    assert "Nama 1 sampai 32 huruf" not in (await phone.get("/"))[2].decode(), "once"
    assert json.loads((await phone.get("/result"))[2])["state"] == "idle"


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"7", b'{"ssid": 7}', b'{"ssid": null, "password": []}', b"\xff\xfe", b"{" * 900]
)
async def test_no_body_hurts(phone, body):
    assert (await phone.post(body))[0] in (400, 422)
    assert (await phone.get("/result"))[0] == 200


# Phones that behave badly.


async def test_a_request_larger_than_two_kilobytes_is_refused(phone):
    assert taken(await phone.say(b"GET / HTTP/1.1\r\nCookie: " + b"x" * 4_000))[0] == 431
    assert taken(await phone.say(b"POST /network HTTP/1.1\r\nContent-Length: 9000\r\n\r\n" + b"x" * 9_000))[0] == 413
    assert (await phone.get("/result"))[0] == 200


async def test_rubbish_and_halves_hurt_nobody(phone):
    chance = random.Random(3)
    whole = b"POST /network HTTP/1.1\r\nHost: x\r\nContent-Length: 30\r\n\r\n" + b'{"ssid": "a", "password": ""}  '
    for _ in range(60):
        one = bytearray(whole)
        for _ in range(chance.randrange(8)):
            one[chance.randrange(len(one))] = chance.randrange(256)
        _, writer = await asyncio.open_connection("127.0.0.1", phone.http)
        writer.write(bytes(one[: chance.randrange(1, len(one))]))
        await writer.drain()
        writer.transport.abort()
    answer = b""
    async with asyncio.timeout(60):
        while not answer:  # it may still have its hands full with them
            answer = await phone.say(b"GET /result HTTP/1.1\r\nHost: x\r\n\r\n")
    assert [line for line in phone.rig.stray if "Traceback" in line] == []


async def test_slow_phones_are_cut_off_and_at_most_three_are_served(phone):
    slow = [await asyncio.open_connection("127.0.0.1", phone.http) for _ in range(3)]
    for _, writer in slow:
        writer.write(b"GET / HTTP/1.1\r\nHo")
        await writer.drain()
    refused = 0
    while (await phone.say(b"GET /result HTTP/1.1\r\n\r\n")) == b"":
        refused += 1
    assert refused, "a fourth is turned away"
    for reader, writer in slow:
        assert await reader.read() == b"", "and the slow ones were cut off, not waited for"
        writer.close()


async def test_tickets_are_issued_while_the_page_is_used(phone):
    """The hall comes first. (This kiosk leads nothing yet, so that each press is answered with a code.)"""
    await asyncio.gather(phone.get("/networks"), phone.rig.press("A"))
    rig = phone.rig
    assert {"released": "A"} in rig.lines


async def test_a_fourth_phone_is_served_when_one_has_gone(phone):
    for _ in range(12):
        assert (await phone.get("/result"))[0] == 200


async def test_a_button_held_again_while_it_is_open_opens_no_second_one(phone):
    phone.rig.send(hold="T")
    await phone.rig.until(lambda rig: {"released": "T"} in rig.lines)
    assert sum("point" in line for line in phone.rig.told) == 1


async def test_a_button_that_was_held_opens_it(device):
    """Held for three seconds, as every long press is."""
    rig = await device("quick(LOST_MS=100_000)\n" + RUN)
    rig.send(hold="T")
    phone: Phone = await opened(rig)
    assert (await phone.get("/"))[0] == 200
