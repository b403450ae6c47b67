"""What a regency hears of a hall: one incident for a power cut, one for a roll of paper, over a restart of the
controller, told once each. It takes minutes, for an absence has to last one and its end two."""

import asyncio
import json
from pathlib import Path

import pytest

from hil.api import Json
from hil.demo.hall import SITE
from hil.demo.stage import READY, Stage
from hil.device import HANGS
from tests.controller.incidents.notices.post import Receiver

SECRET = "kunci-yang-panjang-sekali"
SLOW = 8 * HANGS  # looks: what is waited for takes minutes by itself


async def until(stage: Stage, kind: str, seen: str, value: object) -> Json:
    """Look at the hall's incidents until the newest of a kind has `value` as its `seen`."""
    assert stage.api is not None
    found: list[Json] = []
    for _ in range(SLOW):
        page = await stage.api.get(f"/incidents?site={SITE}")
        found = [one for one in page["incidents"] if one["kind"] == kind]
        if found and (found[-1][seen] == value if value is not None else found[-1][seen]):
            return found[-1]
        await asyncio.sleep(1)
    raise AssertionError(found)


@pytest.mark.soak
async def test_a_hall_without_paper_and_then_without_electricity_is_told_of_once_each(tmp_path: Path):
    receiver = Receiver()
    stage = Stage(tmp_path, incident_grace="1")
    stage.controller.environment = {"BALAI_WEBHOOK_URL": receiver.url, "BALAI_WEBHOOK_SECRET": SECRET}
    try:
        await stage.open()
        kiosk = stage.device("kiosk")
        await kiosk.wait(lambda: kiosk.digits == READY)
        await stage.switch("kiosk", "paper", False)
        paper = await until(stage, "paper_out", "until", 0)
        assert paper["position"] == "kiosk-1"
        await stage.switch("kiosk", "paper", True)
        await until(stage, "paper_out", "until", None)

        for name in stage.bench.devices:
            await stage.switch(name, "power", False)
        gone = await until(stage, "site_gone", "until", 0)
        await stage.controller.stop()
        await stage.controller.start()
        again = await until(stage, "site_gone", "until", 0)
        assert again["id"] == gone["id"]
        for name in stage.bench.devices:
            await stage.switch(name, "power", True)
        over = await until(stage, "site_gone", "until", None)
        assert over["cause"] == "power"

        stage.bench.uplink("display", False)
        await until(stage, "offline", "until", 0)
        stage.bench.uplink("display", True)
        await until(stage, "offline", "until", None)
    finally:
        await stage.close()
        receiver.stop()
    told = [json.loads(body) for _, body in receiver.taken]
    assert [(one["incident"]["kind"], one["event"].partition(".")[2]) for one in told] == [
        ("paper_out", "opened"),
        ("paper_out", "closed"),
        ("site_gone", "opened"),
        ("site_gone", "closed"),
        ("offline", "opened"),
        ("offline", "closed"),
    ]
    assert told[3]["incident"]["cause"] == "power"
