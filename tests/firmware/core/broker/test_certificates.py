"""A wrong clock locks no device out: certificates are checked by real TLS against the clock that the device has."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from firmware import BUILT
from tests.firmware.core.broker.trust import BEGINNING, Authority, Broker
from tests.firmware.core.centre import DEVICE, SITE, Centre
from tests.firmware.core.conftest import NODE, RUN, look

ROOT = Path(__file__).parent
# mbedTLS asks the host for the time, on a chip it asks the chip's clock: see certificate_clock.py.
CLOCK = f"""
sys.path.insert(0, {str(ROOT)!r})
import certificate_clock
assert certificate_clock.hook(lambda: board.time_source.time() + board.time_source.EPOCH)
"""
DAY = 86_400
BUILT_DAY = datetime.fromtimestamp(BUILT, UTC)
YEAR_2099 = 4_070_908_800


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def broker(tmp_path: Path, authority: Authority) -> Iterator[Broker]:
    """A broker whose certificate is valid from 2024 for the time of a fleet's certificate."""
    certificate = authority.server(BEGINNING, datetime(BUILT_DAY.year + 4, 1, 1, tzinfo=UTC))
    one = Broker(tmp_path, certificate, **{f"{DEVICE}_1": "secret"})
    one.start()
    yield one
    one.stop()


@pytest.fixture
async def centre(broker):
    one = Centre(broker.port)
    yield await one.ready()
    one.close()


@pytest.fixture
def device(start, tmp_path, broker, authority):
    """`await device("kiosk", BALAI_CLOCK=...)`: power on."""

    async def begin(role: str = "counter", **environment: str):
        whole = {"device": DEVICE, "role": role, "username": f"{DEVICE}.1", "secret": "secret", "generation": 1,
                 "brokers": [{"host": "127.0.0.1", "port": broker.secure, "tls": True}], "site": SITE,
                 "position": role + "-1", "ca": authority.pem, "networks": []}  # fmt: skip
        (tmp_path / "identity.json").write_text(json.dumps(whole))
        return await start(NODE, CLOCK + RUN, **environment)

    return begin


async def welcomed(rig) -> None:
    """Wait until the controller's answer is there: it has no copy left that it would send once more."""
    while not (await look(rig))["welcome"]:
        pass


@pytest.mark.parametrize("shown", ["", "0", str(YEAR_2099)], ids=["2000", "1970", "2099"])
async def test_a_device_whose_clock_shows_another_century_connects(device, centre, shown):
    await device(BALAI_CLOCK=shown)
    assert (await centre.birth())["clock"] == 1, "the floor: the day of its firmware"


@pytest.mark.parametrize("years", [-30, 8, 60])
async def test_a_clock_chip_that_is_wrong_by_years_locks_nobody_out(device, centre, years):
    """8 years later the certificate has expired, and the chip is believed at first."""
    await device("kiosk", BALAI_RTC=str(years * 365 * DAY))
    assert await centre.birth()


@pytest.mark.parametrize("shown", [0, YEAR_2099])
async def test_a_clock_that_jumps_later_locks_nobody_out(device, centre, broker, shown):
    rig = await device()
    sid = (await centre.birth())["sid"]
    await welcomed(rig)
    rig.send(clock={"set": shown})
    broker.stop()
    broker.start()
    assert (await centre.birth())["sid"] != sid


async def test_a_controller_that_told_a_wrong_time_locks_nobody_out_not_even_itself(device, centre, broker):
    rig = await device()
    await centre.heard("state")
    centre.ack(now=YEAR_2099 * 1000)
    await welcomed(rig)
    broker.stop()
    broker.start()
    assert await centre.birth(), "in the same boot"
    rig.cut_power()
    await device()
    assert await centre.birth(), "and in the next, whose floor is the time that was told"


async def test_the_clock_of_certificates_is_the_virtual_boards_in_these_tests(start, tmp_path, broker, authority):
    """Where it were the host's, all of the above would pass whatever the device did."""
    program = """
        import tls
        from firmware.core.broker.transport import Transport, TransportError, context

        async def main():
            for seconds in (0, 946_684_800, {now}, {later}):
                clock.set(seconds - clock.EPOCH)
                transport = Transport()
                try:
                    await transport.open("127.0.0.1", {port}, context([{ca!r}]))
                    await transport.write(b"x")
                    tell(seconds=seconds, known=True)
                except TransportError as error:
                    tell(seconds=seconds, known=False, certificate=error.certificate)
                await transport.close()
        asyncio.run(main())
    """
    source = program.format(now=BUILT, later=YEAR_2099, port=broker.secure, ca=authority.pem.encode())
    rig = await start(CLOCK, source, role="sensor")
    await rig.until(lambda rig: len(rig.told) == 4)
    assert [line["known"] for line in rig.told] == [False, False, True, False]
    assert all(line.get("certificate", True) for line in rig.told)
