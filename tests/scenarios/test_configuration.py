"""Configurations on real devices: a change for the whole fleet, one that is refused, one that cannot be kept."""

import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import closing, suppress
from pathlib import Path

import pytest

from hil.api import ApiError, Json
from hil.demo.hall import SITE
from hil.demo.stage import READY, Stage
from hil.device import HANGS
from tests.scenarios.waiting import until


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """Give a hall that is on, whose controller does not wait long."""
    made = Stage(tmp_path, configuration_seconds="1")
    try:
        await made.open()
        kiosk = made.device("kiosk")
        await kiosk.wait(lambda: kiosk.digits == READY)
        yield made
    finally:
        await made.close()


async def stands(stage: Stage, name: str, seen: Callable[[Json], object]) -> Json:
    """Look at how a device stands to its configuration until `seen(it)`."""
    assert stage.api is not None
    api, device = stage.api, stage.device(name).environment["BALAI_DEVICE"]
    found: list[Json] = []

    async def looked() -> bool:
        with suppress(ApiError):  # until the device has been seen
            found.append(await api.get(f"/devices/{device}/configuration"))
        return bool(found and seen(found[-1]))

    await until(looked, f"{name} never stands so")
    return found[-1]


async def put(stage: Stage, layer: str, patch: Json) -> None:
    """Save a layer."""
    assert stage.api is not None
    seen = await stage.api.get(f"/configuration/{layer}")
    await stage.api.put(f"/configuration/{layer}", {"patch": patch}, **{"If-Match": f'"{seen["rev"]}"'})


def forge(stage: Stage, lang: str) -> None:
    """Write a language into the database that the controller would never take from anybody."""
    with closing(sqlite3.connect(stage.controller.data / "balai.db", timeout=HANGS)) as db, db:
        db.execute("UPDATE fleet_site SET lang = ? WHERE id = ?", (lang, SITE))


async def refusals(stage: Stage, name: str) -> list[Json]:
    """What a device has told of configurations that it gave up."""
    assert stage.api is not None
    device = stage.device(name).environment["BALAI_DEVICE"]
    events = (await stage.api.get("/events", site=SITE, device=device, kind="config.rejected"))["events"]
    assert isinstance(events, list)
    return events


async def test_a_change_for_the_whole_fleet_is_in_force_where_a_device_says_so(stage: Stage) -> None:
    for name in ("kiosk", "display", "counter"):
        await stands(stage, name, lambda shown: shown["state"] == "applied")
    await put(stage, "fleet", {"volume": 11, "brightness": 7})
    display = stage.device("display")
    shown = await stands(
        stage, "display", lambda shown: shown["document"]["volume"] == 11 and shown["state"] == "applied"
    )
    assert shown["origins"]["/volume"] == "fleet"
    assert shown["reported"] == shown["hash"]
    assert (await stands(stage, "kiosk", lambda shown: True))["state"] == "applied", "nothing changed for it"
    await stage.take("A")
    stage.device("counter").key("A")
    await display.wait(lambda: display.parts.player.volume == 11)
    assert display.parts.matrix.intensity == 14
    before = await stands(stage, "display", lambda shown: shown["online"])
    await stage.controller.stop()
    await stage.controller.start()
    assert stage.api is not None
    after = await stands(stage, "display", lambda shown: shown["online"])
    assert after == before, "a restart forgets nothing"


async def test_a_refused_configuration_is_known_with_its_reason_and_not_sent_again(stage: Stage) -> None:
    assert stage.api is not None
    good = await stands(stage, "display", lambda shown: shown["state"] == "applied")
    forge(stage, "jv")
    await stage.api.post("/positions", {"site": SITE, "id": "layar-9", "role": "display", "name": "Layar 9"})
    bad = await stands(stage, "display", lambda shown: shown["state"] == "rejected" and shown["why"])
    assert (bad["why"], bad["drift"], bad["deadline"], bad["reported"]) == ("lang", False, 0, good["hash"])
    assert await stage.take("A") == "A 1", "the hall goes on with the last good one"

    async def told() -> bool:
        return len(await refusals(stage, "display")) == 1

    await until(told, "the refusal is no event")
    display = stage.device("display")
    await display.cut_power()
    await stands(stage, "display", lambda shown: not shown["online"])
    await display.power_on()
    again = await stands(stage, "display", lambda shown: shown["online"])
    assert (again["state"], again["why"], again["since"]) == ("rejected", "lang", bad["since"])
    assert len(await refusals(stage, "display")) == 1
    forge(stage, "id")
    await stage.api.patch(f"/sites/{SITE}", {"name": "Balai Genteng"})
    await stands(stage, "display", lambda shown: shown["state"] == "applied")


async def test_a_device_that_cannot_keep_its_configuration_has_drifted_until_it_can(stage: Stage) -> None:
    old = await stands(stage, "display", lambda shown: shown["state"] == "applied")
    display = stage.device("display")
    blocked = display.folder / "state" / "config.new"
    blocked.mkdir()
    await put(stage, f"site/{SITE}", {**(await said(stage)), "volume": 3})
    shown = await stands(stage, "display", lambda shown: shown["state"] == "overdue")
    assert (shown["drift"], shown["reported"]) == (True, old["hash"])
    assert shown["why"]
    listed = await stage.api.get("/configuration/states", state="overdue")  # type: ignore[union-attr]
    assert [one["position"] for one in listed["devices"]] == [shown["position"]]  # type: ignore[index,union-attr]
    assert (listed["drift"], listed["counts"]["overdue"]) == (1, 1)  # type: ignore[index]
    blocked.rmdir()
    stage.bench.uplink("display", False)
    stage.bench.uplink("display", True)
    await stands(stage, "display", lambda shown: shown["state"] == "applied" and not shown["drift"])


async def said(stage: Stage) -> Json:
    """What the site says by itself."""
    assert stage.api is not None
    patch = (await stage.api.get(f"/configuration/site/{SITE}"))["patch"]
    assert isinstance(patch, dict)
    return patch
