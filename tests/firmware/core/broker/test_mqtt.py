"""Sessions with a broker: TLS with the fleet's CA, refusals, and brokers that lie dead, silent or talk nonsense."""

import asyncio
import contextlib
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from bench.broker import Mosquitto, free_port
from controller.broker.certificates import Authority
from controller.broker.security import Account
from controller.folder import Folder
from firmware.core.broker import codec
from protocol import topics
from tests.controller.broker.conftest import OwnBroker
from tests.firmware.core.centre import DEVICE, HANGS, SITE, Centre, Rude, packet, welcome
from tests.firmware.core.conftest import look, until

ACCOUNT = Account(DEVICE, 1, SITE, "the-secret")


class Tls:
    """A broker behind TLS, with a certificate for these names by a CA of its own."""

    def __init__(self, folder: Path, *names: str) -> None:
        self.port = free_port()
        place = Folder(folder / "-".join(names).replace(".", "_"))
        place.make()
        self.authority = Authority(place)
        certificate, key = place.root / "server.crt", place.root / "server.key"
        self.authority.server(certificate, key, names)
        lines = f"listener {self.port} 127.0.0.1\ncertfile {certificate}\nkeyfile {key}\ntls_version tlsv1.2\n"
        self.plain = Mosquitto(place.root, more=lines)
        self.plain.start()

    @property
    def ca(self) -> str:
        return self.authority.pem

    def stop(self) -> None:
        self.plain.stop()


@pytest.fixture(scope="module")
def tls(tmp_path_factory) -> Iterator[Tls]:
    one = Tls(tmp_path_factory.mktemp("tls"), "127.0.0.1")
    yield one
    one.stop()


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory) -> Iterator[Tls]:
    one = Tls(tmp_path_factory.mktemp("elsewhere"), "broker.example")
    yield one
    one.stop()


async def test_over_tls_with_the_fleets_ca_it_is_born(device, tls):
    centre = await Centre(tls.plain.port).ready()
    await device(tls.port, tls=True, ca=tls.ca)
    assert (await centre.birth())["online"] == 1
    await centre.heard("event")
    centre.close()


async def test_another_ca_is_told_apart_from_a_broker_that_is_away(device, tls, elsewhere):
    rig = await device(tls.port, tls=True, ca=elsewhere.ca)
    assert (await until(rig, lambda seen: seen["code"] != "E-02"))["code"] == "E-03"


async def test_a_certificate_for_another_name_is_refused(device, elsewhere):
    rig = await device(elsewhere.port, tls=True, ca=elsewhere.ca)
    assert (await until(rig, lambda seen: seen["code"] != "E-02"))["code"] == "E-03"


@pytest.mark.parametrize("ca", ["", "-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n", "nonsense"])
async def test_without_a_ca_nothing_is_said_at_all(device, ca):
    """A password is never shown to a broker that cannot be known, least of all in the clear."""
    said = []

    async def listens(reader, writer):
        said.append(await reader.read(4_096))

    async with Rude(listens) as broker:
        rig = await device(broker.port, tls=True, ca=ca)
        assert (await until(rig, lambda seen: seen["code"] != "E-02"))["code"] == "E-03"
        for _ in range(50):
            await look(rig)
    assert b"".join(said) == b""


@pytest.fixture(scope="module")
def strict(tmp_path_factory) -> Iterator[OwnBroker]:
    """The controller's own broker, with the account of one device."""
    one = OwnBroker(tmp_path_factory.mktemp("strict") / "data")
    one.start(ACCOUNT)
    yield one
    one.stop()


async def test_with_its_secret_the_controllers_own_broker_lets_it_in(device, strict):
    port = strict.settings.broker_tls_port
    ca = (strict.folder.ca / "ca.pem").read_text()
    rig = await device(port, tls=True, ca=ca, secret=ACCOUNT.secret, host="127.0.0.1")
    await until(rig, lambda seen: seen["session"])
    assert (await look(rig))["code"] == "E-02", "nobody has answered yet"


@pytest.mark.parametrize("wrong", [{"secret": "another"}, {"username": f"{DEVICE}.2"}])
async def test_a_wrong_secret_or_a_dead_generation_says_so(device, strict, wrong):
    rig = await device(strict.settings.broker_port, **{"secret": ACCOUNT.secret, **wrong})
    assert (await until(rig, lambda seen: seen["code"] != "E-02"))["code"] == "E-04"


@pytest.mark.parametrize("tls", [False, True])
async def test_a_broker_that_accepts_and_says_nothing_is_given_up(device, elsewhere, tls):
    """Over TCP no CONNACK comes; over TLS not even a handshake: a plug pulled behind a NAT looks like this."""

    async def silent(reader, _):
        while await reader.read(4_096):
            pass

    async with Rude(silent) as broker:
        rig = await device(broker.port, tls=tls, ca=elsewhere.ca)
        assert (await until(rig, lambda seen: broker.connections >= 3))["code"] == "E-02"


@pytest.mark.parametrize("after", ["connack", "suback"])
async def test_a_broker_that_falls_silent_later_is_given_up_too(device, after):
    async def silent(reader, writer):
        await packet(reader)
        writer.write(b"\x20\x02\0\0")
        if after == "suback":
            _, _, body = await packet(reader)
            writer.write(bytes((0x90, 5)) + body[:2] + b"\1\1\1")
        while await reader.read(4_096):
            pass

    async with Rude(silent) as broker:
        rig = await device(broker.port)
        await until(rig, lambda seen: broker.connections >= 3)


async def test_it_keeps_alive_and_believes_no_connection_that_does_not_answer(device):
    """KEEPALIVE_S is 2 here: a PINGREQ each second, and the end after three without a word (section 3.12)."""
    pings, again = asyncio.Event(), asyncio.Event()

    async def answers(reader, writer):
        if broker.connections > 1:
            again.set()
        await welcome(reader, writer)
        count = 0
        while True:
            kind, flags, body = await packet(reader)
            if kind == 12:
                count += 1
                if count < 4:
                    writer.write(b"\xd0\x00")
                elif count == 4:
                    pings.set()
            elif kind == codec.PUBLISH and flags & 2 and count < 4:
                end = 2 + int.from_bytes(body[:2], "big")
                writer.write(codec.puback(int.from_bytes(body[end : end + 2], "big")))

    async with Rude(answers) as broker:
        await device(broker.port)
        async with asyncio.timeout(HANGS):
            await pings.wait()
            assert broker.connections == 1, "as long as it is answered it stays"
            await again.wait()


async def test_a_refused_subscription_is_no_session(device):
    async def refuses(reader, writer):
        await packet(reader)
        writer.write(b"\x20\x02\0\0")
        _, _, body = await packet(reader)
        writer.write(bytes((0x90, 5)) + body[:2] + b"\x80\1\1")
        while await reader.read(4_096):
            pass

    async with Rude(refuses) as broker:
        rig = await device(broker.port)
        assert (await until(rig, lambda seen: seen["code"] != "E-02"))["code"] == "E-04"


async def test_without_the_board_of_its_site_it_lives_on(device):
    """A device that was moved elsewhere must still be told so."""
    born = asyncio.Event()

    async def answers(reader, writer):
        await packet(reader)
        writer.write(b"\x20\x02\0\0")
        _, _, body = await packet(reader)
        writer.write(bytes((0x90, 5)) + body[:2] + b"\1\1\x80")
        while True:
            kind, _, body = await packet(reader)
            if kind == codec.PUBLISH and b"up/state" in body:
                born.set()

    async with Rude(answers) as broker:
        await device(broker.port)
        await asyncio.wait_for(born.wait(), HANGS)


NONSENSE = (
    b"HTTP/1.1 400 Bad Request\r\n\r\n",
    b"\x20\x02\0\7",
    b"\x20\x00",
    b"\x30\x01\x00",
    b"\xff" * 64,
    b"\x20\x02\0\0\x30\xff\xff\xff\xff\xff",
)


@pytest.mark.parametrize("nonsense", NONSENSE, ids=range(len(NONSENSE)))
async def test_a_broker_that_talks_nonsense_is_left_and_tried_again(device, nonsense):
    async def talks(reader, writer):
        await packet(reader)
        writer.write(nonsense)
        with contextlib.suppress(asyncio.IncompleteReadError):
            while await reader.read(4_096):
                pass

    async with Rude(talks) as broker:
        rig = await device(broker.port)
        assert (await until(rig, lambda seen: broker.connections >= 4 or seen["code"] != "E-02"))["code"] == "E-02"
        assert [line for line in rig.stray if "Traceback" in line] == []


@pytest.fixture
def narrow(tmp_path) -> Iterator[Mosquitto]:
    """A broker that waits for its PUBACKs after five messages."""
    one = Mosquitto(tmp_path, more="max_inflight_messages 5\n")
    one.start()
    yield one
    one.stop()


async def test_messages_that_are_too_large_are_acknowledged_and_counted_and_the_next_are_heard(device, narrow):
    """Without its PUBACKs the device would be deaf for ever."""
    centre = await Centre(narrow.port).ready()
    rig = await device(narrow.port)
    await centre.birth()
    for _ in range(30):
        centre.say(topics.down(DEVICE, "response"), b'{"id":"' + b"x" * 20_000 + b'"}')
    centre.ack(now=1_795_505_400_000)
    await until(rig, lambda seen: seen["q"] == 3)
    assert (await look(rig))["refused"] == 30
    centre.close()


async def living(rig) -> int:
    """The fewest bytes that live in the device over a while: at one moment more of a session stands than at another."""
    found = []
    for _ in range(30):
        rig.send(heap=True)
        await rig.until(lambda rig: any("heap" in line for line in rig.told))
        found.append(rig.told.pop()["heap"])
    return min(found)


STEPS = ("accepts", "connack", "suback", "cuts a packet", "nonsense")
HASTY = """
    quick(BACKOFF_MS=1)
    sys.modules["firmware.core.uplink.link"].LONGEST_MS = 1
    asyncio.run(node.run())
"""


async def test_memory_is_flat_over_a_thousand_reconnects(device):
    """Whatever ends a session, at whatever point, nothing of it stays."""

    async def rude(reader, writer):
        step = STEPS[broker.connections % len(STEPS)]
        if step != "accepts":
            await packet(reader)
            writer.write(b"\x20\x02\0\0")
            if step in ("suback", "cuts a packet"):
                _, _, body = await packet(reader)
                writer.write(bytes((0x90, 5)) + body[:2] + b"\1\1\1")
                await packet(reader)
            if step == "cuts a packet":
                writer.write(codec.publish(topics.down(DEVICE, "ack"), b"x" * 3_000, 1, False, 1)[:2_000])
            elif step == "nonsense":
                writer.write(b"\xff" * 32)
            await writer.drain()

    async with Rude(rude) as broker:
        rig = await device(broker.port, source=HASTY)
        found = []
        for count in range(100, 1_101, 100):
            await until(rig, lambda seen, count=count: broker.connections >= count)
            if count in (100, 1_100):
                found.append((await living(rig), psutil.Process(rig.process.pid).num_fds()))
    assert found[1][0] - found[0][0] < 4_096, "one object a session would be 32,000"
    assert found[1][1] - found[0][1] <= 2


async def test_memory_is_flat_over_handshakes_that_fail(device, tls, elsewhere):
    rig = await device(tls.port, tls=True, ca=elsewhere.ca, source=HASTY)
    await until(rig, lambda seen: seen["code"] == "E-03")
    before = await living(rig)
    for _ in range(300):
        await look(rig)
    assert await living(rig) - before < 4_096
