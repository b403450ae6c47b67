"""Sixteen at once: no number twice, none missing, no ticket at two counters, whatever else the controller has to do."""

import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from bench.load import device_name, site_of
from tests.controller.queue.conftest import Hall

DEVICES = 8
EVENTS = 16_000
SITE = "balai-desa"


@contextmanager
def full_ingest(hall: Hall) -> Iterator[None]:
    """Let devices of other halls send as fast as they are acknowledged; in the end all of it is stored."""
    accounts = {}
    for number in range(DEVICES):
        hall.make(site_of(number), kiosk=True)
        body = {"device": device_name(number), "site": site_of(number), "position": "kiosk-1"}
        identity = hall.post("/devices/claims", body)
        accounts[identity["device"]] = [identity["username"], identity["secret"]]
    order = {
        "port": hall.broker,
        "devices": DEVICES,
        "messages": EVENTS,
        "batch": 1,
        "window": 20,
        "seed": 1,
        "accounts": accounts,
    }
    load = subprocess.Popen(
        [sys.executable, "-m", "bench.load"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert load.stdin is not None
    assert load.stdout is not None
    try:
        load.stdin.write(json.dumps(order) + "\ngo\n")
        load.stdin.flush()
        assert load.stdout.readline().strip() == "ready"
        yield
        assert "seconds" in load.stdout.readline()
    finally:
        load.kill()
        load.wait()
        load.stdin.close()
        load.stdout.close()


def test_480_tickets_and_400_calls_over_16_connections_beside_ingest(hall: Hall, until):
    hall.make(SITE)
    until(lambda: hall.http.get(f"/api/v1/sites/{SITE}/board").json().get("board", {}).get("day"), "no day is opened")
    with full_ingest(hall), ThreadPoolExecutor(16) as pool:
        services = ("adm", "kk", "skck")

        def issue(number: int) -> dict:
            return hall.command(SITE, f"issue.{number}", op="issue", service=services[number % 3], paper=0)

        issued = list(pool.map(issue, range(480)))
        assert {one["outcome"] for one in issued} == {"done"}, [one for one in issued if one["outcome"] != "done"][:3]
        numbers = sorted(one["ticket"] for one in issued)
        assert numbers == list(range(numbers[0], numbers[0] + 480)), "no number twice, none missing"

        def call(number: int) -> dict:
            return hall.command(SITE, f"call.{number}", op="call_next", counter=str(number % 16 + 1))

        called = list(pool.map(call, range(400)))
        assert all(one["outcome"] == "done" for one in called)
        assert len({one["ticket"] for one in called}) == 400, "no ticket at two counters"
        assert {one["ticket"] for one in called} <= set(numbers)
        again = list(pool.map(call, range(360, 400)))
        assert again == called[360:], "the same key, the same answer"
    day = hall.http.get(f"/api/v1/sites/{SITE}/queue/day").json()
    assert (day["issued"], day["waiting"]) == (480, 80)

    def stored() -> int:
        return sum(1 for number in range(DEVICES) for _ in events(hall, site_of(number)))

    until(lambda: stored() == EVENTS, "not all that was acknowledged to the devices is stored")


def events(hall: Hall, site: str) -> Iterator[dict]:
    """Every event of the device at a site."""
    after = 0
    while True:
        page = hall.http.get("/api/v1/events", params={"site": site, "limit": 1000, "after": after}).json()
        if not page["events"]:
            return
        yield from (one for one in page["events"] if one["device"] != "controller")
        after = page["next"]
