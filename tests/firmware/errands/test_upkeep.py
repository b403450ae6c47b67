"""What a device says, has said, and forgets; at a real broker, and on a flash whose power goes at every write."""

import binascii
import json
import struct
import subprocess
from pathlib import Path

import pytest

from tests.firmware.core.centre import DEVICE, NOW
from tests.firmware.core.conftest import RUN, until

ROOT = Path(__file__).resolve().parents[3]
WATCHING = f"""
from firmware.core.console import FAULTS, console

def said(text, _line):
    console.say(FAULTS, text)

board.front.on("say_line", said)
board.front.on("state", lambda _v, _l: tell(state={{
    "level": console.level, "files": sorted(os.listdir(board.root + "/state")),
    "loaded": [name for name in sys.modules if "errand" in name or name.endswith((".offer", ".work"))],
    "networks": node._connection_.networks, "tried": node._connection_._sets}}))
node._connection_ = node._orders.connection
{RUN}
"""


@pytest.fixture
def live(device, centre, mosquitto):
    """`await live()`: a device whose birth is answered, whose events are committed."""

    async def begin(**identity):
        centre.commits = True
        rig = await device(mosquitto.port, source="import os\n" + WATCHING, **identity)
        await centre.birth(now=NOW)
        await until(rig, lambda seen: seen["welcome"] and seen["seq"] == seen["acked"])
        return rig

    return begin


async def order(centre, op: str, ident: str = "", **args) -> dict:
    """Give an order; the reply."""
    ident = ident or f"order-{op}"
    centre.down("command", {"id": ident, "expires": NOW + 60_000, "op": op, "args": args})
    return await centre.heard("reply", lambda body: body["id"] == ident)


async def state(rig) -> dict:
    rig.send(state=1)
    return await rig.told_of("state")


async def test_a_level_is_taken_kept_and_obeyed(live, centre, device, mosquitto):
    rig = await live()
    for bad in ({}, {"level": 4}, {"level": -1}, {"level": "2"}, {"level": True}, {"level": None}):
        reply = await order(centre, "log_level", f"bad-{bad.get('level')}-{len(bad)}", **bad)
        assert (reply["outcome"], reply["reason"]) == ("refused", "bad_args")
    assert (await state(rig))["level"] == 2
    assert (await order(centre, "log_level", level=0))["outcome"] == "done"
    rig.send(say_line="nobody hears this")
    reply = await order(centre, "send_logs")
    assert "nobody" not in reply["result"]["log"]
    rig.cut_power()
    await rig.process.wait()
    again = await device(mosquitto.port, source="import os\n" + WATCHING)
    await centre.birth(now=NOW)
    assert (await state(again))["level"] == 0
    assert "nobody hears this" not in rig.stray


async def test_logs_are_the_last_lines_in_pieces_that_fit_and_no_secret_is_in_them(live, centre):
    networks = [["balai", "kata-sandi-balai"], ["open", ""]]
    rig = await live(networks=networks, secret="very-secret-1")
    for n in range(60):
        rig.send(say_line=f'line {n} {"x" * 40} "\\" very-secret-1 kata-sandi-balai \u00e9')
    await state(rig)
    ident = "logs"
    centre.down("command", {"id": ident, "expires": NOW + 60_000, "op": "send_logs", "args": {}})
    pieces = [await centre.heard("reply", lambda body: body["id"] == ident)]
    while len(pieces) < pieces[0]["result"]["parts"]:
        pieces.append(await centre.heard("reply", lambda body: body["id"] == ident))
    assert len(pieces) > 1
    assert [one["result"]["part"] for one in pieces] == list(range(1, len(pieces) + 1))
    text = "".join(one["result"]["log"] for one in pieces)
    assert "secret" not in text
    assert "kata-sandi" not in text
    assert 'x "\\" *** *** ??' in text
    assert "line 0 " not in text, "the ring is bounded"
    assert pieces[0]["result"]["crash"] == ""
    assert (await state(rig))["loaded"] == [], "nothing of it stays in memory"


async def test_the_last_crash_is_there_until_there_is_another(live, centre, tmp_path):
    await live()
    (tmp_path / "crash.last").write_bytes(frame(b"Traceback: it fell"))
    reply = await order(centre, "send_logs")
    assert reply["result"]["crash"] == "Traceback: it fell"


def frame(payload: bytes) -> bytes:
    """Return what `frames.save` writes."""
    return struct.pack("<HI", len(payload), binascii.crc32(payload)) + payload


async def test_networks_are_not_forgotten_where_none_would_be_left(live, centre):
    await live()
    reply = await order(centre, "clear_wifi")
    assert (reply["outcome"], reply["reason"]) == ("refused", "no_networks")


async def test_networks_go_back_to_those_of_the_identity_on_trial(live, centre, tmp_path):
    kept = {"of": f"{DEVICE}.1", "hash": "h", "bad": "", "set": {"networks": [["hall", "password-9"]]},
            "trial": None, "hall": None}  # fmt: skip
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "connection").write_bytes(frame(json.dumps(kept).encode()))
    rig = await live(networks=[["balai", "password-1"]])
    assert (await state(rig))["networks"] == [["hall", "password-9"]]
    assert (await order(centre, "clear_wifi"))["outcome"] == "done"
    await centre.session()  # the session ends, and the next is with the identity's
    while (seen := await state(rig))["networks"] != [["balai", "password-1"]] or len(seen["tried"]) > 1:
        pass
    found = json.loads((tmp_path / "state" / "connection").read_bytes()[6:])
    assert (found["hash"], found["hall"], found["set"]) == ("h", None, {})


async def test_a_reset_waits_for_the_backlog_unless_it_is_forced(live, centre, tmp_path):
    rig = await live()
    centre.commits = False
    await order(centre, "log_level", level=3)
    rig.send(append=2)
    await until(rig, lambda seen: seen["seq"] > seen["acked"])
    reply = await order(centre, "factory_reset")
    assert (reply["outcome"], reply["reason"]) == ("refused", "backlog")
    assert (await order(centre, "factory_reset", "odd", force=2))["reason"] == "bad_args"
    assert "log" in (await state(rig))["files"]
    before = json.loads((tmp_path / "journal" / "log").read_bytes()[6:])["log"]
    centre.states.clear()
    assert (await order(centre, "factory_reset", "forced", force=1))["outcome"] == "done"
    await centre.birth(now=NOW)
    seen = await state(rig)
    assert set(seen["files"]) <= {"seen", "connection", "time"}
    assert seen["level"] == 2
    event = await centre.heard("event", lambda body: body["e"][0][4] == "ticket.serving")
    assert event["log"] == before, "what was not acknowledged is there still"
    centre.down("command", {"id": "forced", "expires": NOW + 60_000, "op": "factory_reset", "args": {"force": 1}})
    reply = await order(centre, "log_level", "after", level=1)
    assert (reply["outcome"], centre.waiting("reply")) == ("done", []), "seen before: it does nothing"


CUTS = """
import io, json, os, sys
sys.path[:0] = [{root!r}, {root!r} + "/hil/flash"]
import vfs
from flash_block import BLOCK, TORN, Flash
from firmware.core import crashlog
from firmware.core.flash import frames, reset
from firmware.core.flash.settings import Settings
from tests.firmware.core.flash.recording import Copy, Recorder

BLOCKS = 40
AT = "/cut"
SET = {{"networks": [["hall", "p"]], "gen": 4, "secret": "s"}}
OLD = dict(config={{"hash": "h", "doc": {{"v": 1}}, "rejected": "", "crashes": 0}}, good={{"hash": "h", "doc": {{}}}},
           time=1795505400, log=3, update={{"order": None, "bad": "x"}}, seen=["one"], place="here/kiosk-1",
           connection={{"of": "d.1", "hash": "h", "bad": "b", "set": SET,
                       "trial": None, "hall": None}})
NEW = dict(seen=["one"], place="here/kiosk-1",
           connection={{"of": "d.1", "hash": "h", "bad": "", "set": SET,
                       "trial": None, "hall": []}})

def mount(store, **how):
    vfs.mount(vfs.VfsLfs2(Flash(store, BLOCKS, **how)), AT)
    os.chdir(AT)

def unmount():
    os.chdir("/")
    vfs.umount(AT)

def values():
    # What a boot finds, after it has done what was noted.
    settings = Settings(AT + "/state")
    found = {{name: settings.load(name) for name in OLD}}
    left = [name for name in os.listdir(AT + "/state") if name not in OLD and not name.endswith(".new")]
    return {{name: found[name] for name in found if found[name] is not None}}, left, frames.load(crashlog.LAST)

def order():
    reset.begin(Settings(AT + "/state"), True)

store = io.BytesIO(b"\\xff" * (BLOCKS * BLOCK))
flash = Recorder(store, BLOCKS)
vfs.VfsLfs2.mkfs(flash)
vfs.mount(vfs.VfsLfs2(flash), AT)
os.chdir(AT)
settings = Settings(AT + "/state")
for name in OLD:
    settings.save(name, OLD[name])
frames.save(crashlog.LAST, b"it fell")
made = len(flash.log)
old = values()
assert old == (OLD, [], b"it fell"), old
order()
noted = len(flash.log)
new = values()
assert new == (NEW, [], None), new
unmount()
store = io.BytesIO(b"\\xff" * (BLOCKS * BLOCK))
now = Flash(store, BLOCKS)
cuts = again = 0
for n, (at, data) in enumerate(flash.log):
    erase = data is None
    data = data or b"\\xff" * BLOCK
    if n >= made:
        for torn in TORN:
            copy = Copy(store)
            Flash(copy, BLOCKS).tear(at, data, erase, torn)
            mount(copy)
            found = values()
            assert found in (old, new), (n, torn, found)
            assert found == new or n < noted, (n, torn, found)
            again += found == new and n >= noted
            assert values() == found, "the second boot finds what the first did"
            unmount()
            cuts += 1
    now.apply(at, data, erase)
print(json.dumps({{"cuts": cuts, "again": again, "operations": len(flash.log) - made}}))
"""


def test_a_cut_at_any_write_of_a_reset_boots_as_the_old_or_as_the_reset_one(micropython, tmp_path):
    program = tmp_path / "cuts.py"
    program.write_text(CUTS.format(root=str(ROOT)))
    run = subprocess.run([micropython, "-X", "heapsize=32m", program], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    done = json.loads(run.stdout.splitlines()[-1])
    assert done["cuts"] == 3 * done["operations"] > 30
    assert done["again"] > 10, "a reset that was begun is gone on with"
