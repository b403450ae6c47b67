"""An admin in the regency looks for a device, tests its printer and reads what it has said, over a real hall."""

from hil.api import Api
from hil.demo.stage import Stage, whole
from hil.parts import Line
from protocol.announce import CLIPS
from tests.scenarios.waiting import until

LIT = "88.88"


async def ordered(api: Api, device: str, op: str, **args: object) -> dict[str, object]:
    """Give a device a command and wait until it is known what became of it."""
    made = await api.post(f"/devices/{device}/commands", {"op": op, "args": dict(args)}, **{"Idempotency-Key": op})
    found: list[dict[str, object]] = []

    async def known() -> bool:
        found.append(await api.get(f"/devices/{device}/commands/{made['id']}"))
        return found[-1]["state"] not in ("pending", "sent")

    await until(known, f"{op} stays open")
    return found[-1]


async def test_a_hall_is_looked_after_from_afar(hall: Stage) -> None:
    api = hall.api
    assert api is not None
    kiosk, display, counter = hall.device("kiosk"), hall.device("display"), hall.device("counter")
    macs = {device.name: device.environment["BALAI_DEVICE"] for device in (kiosk, display, counter)}
    await kiosk.wait(lambda: kiosk.digits == "5IAP")

    asked = {"op": "identify", "devices": [macs["display"], macs["counter"], "000000000000"]}
    made = await api.post("/devices/commands", asked)
    targets = made["items"]
    assert isinstance(targets, list)
    assert [bool(one["id"]) for one in targets] == [True, True, False]
    for device in (display, counter):
        await device.wait(lambda device=device: device.parts.segments.text == LIT)
    await display.wait(lambda: display.parts.player.clips == [CLIPS.index("chime") + 1])
    number = await hall.take("A")  # the hall goes on
    counter.key("A")
    await display.wait(lambda: display.digits == f"{number}>1")

    assert (await ordered(api, macs["kiosk"], "test_print"))["state"] == "done"
    await kiosk.wait(lambda: whole(kiosk) == 2)
    assert Line("UJI CETAK", 1, "center", True) in kiosk.tickets[-1].lines
    kiosk.paper(False)
    refused = await ordered(api, macs["kiosk"], "test_speaker")
    assert (refused["state"], refused["reason"]) == ("refused", "no_part")

    assert (await ordered(api, macs["kiosk"], "send_logs"))["state"] == "done"
    logs = (await api.get(f"/devices/{macs['kiosk']}/logs"))["items"]
    assert isinstance(logs, list)
    assert "command test_print" in logs[0]["log"]
    assert "device.booted" in logs[0]["log"]
