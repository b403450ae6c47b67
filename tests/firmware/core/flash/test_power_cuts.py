"""What was returned from is on flash, whenever the power goes. Real littlefs on a NOR flash that can be torn."""

import json
import os
import random
import signal
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[4]
CUTS = Path(__file__).with_name("cuts.py")
LIFE = f"""
import sys
sys.path[:0] = [{str(ROOT)!r}, {str(ROOT / "hil" / "flash")!r}]
import flash_block
from firmware.core.flash.journal import Journal
from firmware.core.flash.settings import Settings

class Clock:
    def up(self):
        return 1

    def now(self):
        return 0, 0

root = flash_block.mount("image")
journal, settings = Journal(root + "/journal", Clock()), Settings(root + "/state")
_, events = journal.recover()
print("boot", journal.boot, journal.log, len(settings._seen), *["%d:%s" % (e[0], e[5]["n"]) for e in events])
for n in range(int(sys.argv[1])):
    print("event", journal.append("ticket.called", {{"n": "%d.%d" % (journal.boot, n), "fill": "x" * 60}}))
    if n % 9 == 5:
        settings.saw("command-%d.%d" % (journal.boot, n))
        print("seen")
"""


def cut_everywhere(micropython: str, how: str) -> dict[str, int]:
    run = subprocess.run(
        [micropython, "-X", "heapsize=64m", CUTS, how], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return json.loads(run.stdout.splitlines()[-1])


def test_a_power_cut_loses_nothing_that_was_returned_from_and_shows_nothing_torn(micropython):
    done = cut_everywhere(micropython, "some")
    assert done["cuts"] > done["operations"] > 2_000


@pytest.mark.soak
def test_a_power_cut_at_every_write_in_every_way(micropython):
    done = cut_everywhere(micropython, "every")
    assert done["cuts"] == 3 * done["operations"] > 15_000


@pytest.fixture
def live(micropython, tmp_path):
    """Boot on the image, live for a while, cut at operation N; the lines that were said and the exit code."""

    def once(appends: int, cut: int = 0, torn: str = "noise") -> tuple[list[list[str]], int]:
        run = subprocess.run(
            [micropython, "-c", LIFE, str(appends)],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
            env={**os.environ, "BALAI_FLASH_CUT": str(cut), "BALAI_FLASH_TORN": torn, "BALAI_FLASH_BLOCKS": "128"},
        )
        return [line.split() for line in run.stdout.splitlines()], run.returncode

    return once


def test_a_device_that_dies_at_a_write_boots_with_all_that_it_has_said(live):
    live(0)
    chance = random.Random(11)
    said, seen, boots, logs = [], 0, 0, set()
    for _ in range(30):
        lines, code = live(40, chance.randrange(1, 500), chance.choice(("none", "half", "noise")))
        assert code in (0, -signal.SIGKILL)
        if not lines:
            continue  # it died on its way up
        word, boot, log, kept, *events = lines[0]
        assert word == "boot"
        assert int(boot) > boots
        boots = int(boot)
        logs.add(log)
        assert seen <= int(kept) <= min(seen + 1, 16)
        assert events[: len(said)] == said, "what was returned from is there, unchanged"
        assert len(events) <= len(said) + 1, "and at most the one that was on its way"
        said, seen = events, int(kept)
        here = [line[1] for line in lines[1:] if line[0] == "event"]
        assert here == [str(len(said) + 1 + n) for n in range(len(here))], "seq goes on by one"
        said = said + [f"{seq}:{boot}.{n}" for n, seq in enumerate(here)]
        seen = min(seen + lines.count(["seen"]), 16)
    assert len(logs) == 1
    assert boots > 20
    assert len(said) > 200
