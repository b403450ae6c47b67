"""What comes down to a device: each command once and in time, configurations that can be used, and rubbish."""

import random

import pytest

from protocol import topics
from protocol.canonical import encode
from tests.firmware.core.centre import DEVICE, NOW, SITE, Centre
from tests.firmware.core.conftest import RUN, look, until

DOC = {
    "v": 1, "site": {"id": SITE, "name": "Desa Genteng Kulon", "tz": 420}, "lang": "id", "share": 3, "paper": 1,
    "position": {"id": "counter-1", "role": "counter", "name": "Loket 1", "counter": "1"},
    "bands": {"kiosk-1": [1, 499], "controller": [800, 999]},
    "services": [{"id": "adm", "letter": "A", "name": "Administrasi", "need": "KTP", "mins": 10}],
    "counters": [{"id": "1", "name": "Loket 1", "services": ["adm"]}],
}  # fmt: skip


CALL = {"op": "call_next", "key": "k", "counter": "1"}
GRANT = {"term": 2, "leader": "kiosk-1"}


def command(id: str, op: str = "identify", expires: int = NOW + 60_000, args: object = None) -> dict[str, object]:
    return {"id": id, "expires": expires, "op": op, "args": args or {}}


@pytest.fixture
async def rig(device, centre, mosquitto):
    """A device whose birth is answered and that knows the time."""
    one = await device(mosquitto.port)
    await centre.birth(now=NOW)
    await until(one, lambda seen: seen["welcome"])
    return one


async def alive(centre: Centre, mark: str) -> None:
    """Everything before has been heard and had no reply: the next is the one to one more command."""
    centre.down("command", command(mark))
    assert (await centre.heard("reply"))["id"] == mark


async def test_a_command_is_carried_out_once(rig, centre):
    centre.down("command", command("one"))
    assert await centre.heard("reply") == {"id": "one", "outcome": "done", "reason": ""}
    centre.down("command", command("one"))
    await alive(centre, "two")
    assert centre.waiting("reply") == []


async def test_not_even_after_a_power_cut(rig, device, centre, mosquitto):
    """Retained or repeated, a reboot that is carried out at each boot would be the device's last (Tasmota 744)."""
    centre.down("command", command("one"))
    await centre.heard("reply")
    rig.cut_power()
    await rig.process.wait()
    centre.waiting("state")
    await device(mosquitto.port)
    await centre.birth(now=NOW)
    centre.down("command", command("one"))
    await alive(centre, "two")
    assert centre.waiting("reply") == []


async def test_before_the_answer_to_its_birth_it_takes_no_command(device, centre, mosquitto):
    await device(mosquitto.port)
    await centre.heard("state")
    centre.down("command", command("early"))
    centre.ack(now=NOW)
    await alive(centre, "later")
    assert centre.waiting("reply") == []


async def test_a_retained_command_is_never_carried_out(rig, centre, device, mosquitto):
    centre.down("command", command("kept"), retain=True)
    await centre.heard("reply", lambda body: body["id"] == "kept")  # to those who are there it is an ordinary one
    rig.cut_power()
    await rig.process.wait()
    centre.down("command", command("other"), retain=True)
    centre.waiting("state")
    again = await device(mosquitto.port)
    await centre.birth(now=NOW)
    await alive(centre, "two")
    assert centre.waiting("reply") == []
    assert (await look(again))["refused"] == 1


async def test_a_command_that_comes_too_late_is_refused(rig, centre):
    centre.down("command", command("late", expires=NOW - 1))
    assert (await centre.heard("reply"))["reason"] == "expired"
    centre.down("command", command("late"))
    assert (await centre.heard("reply"))["outcome"] == "done", "it was not carried out, and so not seen"


async def test_without_the_time_it_cannot_tell_what_is_late(device, centre, mosquitto):
    await device(mosquitto.port)
    await centre.birth()
    centre.down("command", command("old", expires=1))
    assert (await centre.heard("reply"))["outcome"] == "done"


@pytest.mark.parametrize(
    ("op", "args", "reason"), [("fly", {}, "unknown_op"), ("queue", CALL, "not_leader"), ("lead", GRANT, "not_leader")]
)
async def test_what_it_cannot_do_it_refuses(rig, centre, op, args, reason):
    centre.down("command", command("one", op, args=args))
    assert await centre.heard("reply") == {"id": "one", "outcome": "refused", "reason": reason}


async def test_a_configuration_is_applied_told_and_kept(rig, device, centre, mosquitto):
    centre.down("config", {"rev": 1, "hash": "h1", "doc": DOC})
    assert await centre.heard("reply") == {"id": "h1", "outcome": "done"}
    assert (await centre.heard("state", lambda body: body["config"]))["config"] == "h1"
    event = await centre.heard("event", lambda body: body["e"][-1][4] == "config.applied")
    assert event["e"][-1][5] == {"hash": "h1"}
    centre.ack(event["log"], event["e"][-1][0])
    await until(rig, lambda seen: seen["acked"] == seen["seq"])
    centre.down("config", {"rev": 1, "hash": "h1", "doc": {}})
    assert await centre.heard("reply") == {"id": "h1", "outcome": "done"}
    assert (await look(rig))["seq"] == event["e"][-1][0], "what is applied is not applied again"
    rig.cut_power()
    await rig.process.wait()
    centre.waiting("state")
    await device(mosquitto.port)
    assert (await centre.birth())["config"] == "h1"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"v": 2}, "unknown version"),
        ({"lang": "fr"}, "lang"),
        ({"site": {"id": SITE}}, "missing or wrong"),
        ({"services": []}, "services"),
        ({"bands": []}, "missing or wrong"),
        ({"share": "3"}, "share"),
        ({"services": [{"id": "adm", "letter": "A", "name": "x", "mins": "10"}]}, "mins"),
        ({"counters": [{"id": "1", "name": "x", "services": [1]}]}, "counters"),
        ({"fill": "x" * 3_000}, "larger than"),
    ],
)
async def test_a_configuration_that_cannot_be_used_is_refused_and_the_old_one_stays(rig, centre, change, why):
    centre.down("config", {"rev": 1, "hash": "good", "doc": DOC})
    await centre.heard("reply")
    centre.down("config", {"rev": 2, "hash": "bad", "doc": {**DOC, **change}})
    reply = await centre.heard("reply")
    assert (reply["id"], reply["outcome"]) == ("bad", "refused")
    assert why in reply["reason"]
    state = await centre.heard("state", lambda body: body["rejected"])
    assert (state["config"], state["rejected"]) == ("good", "bad")
    event = await centre.heard("event", lambda body: body["e"][-1][4] == "config.rejected")
    assert event["e"][-1][5]["hash"] == "bad"


async def test_a_configuration_that_makes_it_crash_is_given_up_for_the_last_that_was_well(device, centre, mosquitto):
    centre.commits = True
    well = "quick(WELL_S=0.1)\n" + RUN
    rig = await device(mosquitto.port, source=well)
    await centre.birth()
    centre.down("config", {"rev": 1, "hash": "well", "doc": DOC})
    await centre.heard("reply")
    await until(rig, lambda seen: seen["good"] == "well")
    rig.cut_power()
    await rig.process.wait()
    centre.waiting("state")
    rig = await device(mosquitto.port)
    await centre.birth()
    centre.down("config", {"rev": 2, "hash": "crashes", "doc": DOC})
    await centre.heard("reply", lambda body: body["id"] == "crashes")
    causes = ["watchdog", "power", "watchdog", "power", "watchdog"]
    found = []
    for cause in causes:
        rig.cut_power()
        await rig.process.wait()
        centre.waiting("state")
        rig = await device(mosquitto.port, environment={"BALAI_RESET": cause})
        state = await centre.birth()
        found.append((state["config"], state["rejected"]))
    assert found == [("crashes", "")] * 4 + [("well", "crashes")], "power-on resets never count"
    event = await centre.heard("event", lambda body: body["e"][-1][4] == "config.rejected")
    assert event["e"][-1][5] == {"hash": "crashes", "why": "crashed"}


async def test_four_requests_wait_at_a_time_and_each_has_its_answer(rig, centre):
    rig.send(ask=6)
    requests = [await centre.heard("request") for _ in range(4)]
    assert len({request["id"] for request in requests}) == 4
    for request in reversed(requests):
        centre.down("response", {"id": request["id"], "ok": 1, "result": request["args"]})
    await rig.until(lambda rig: sum("answer" in line for line in rig.told) == 6)
    answers = {line["n"]: line["answer"] for line in rig.told if "answer" in line}
    got = [n for n, answer in answers.items() if answer is not None]
    assert len(got) == 4
    assert all(answers[n]["result"] == {"n": n} for n in got)
    assert centre.waiting("request") == []


async def test_an_answer_that_does_not_come_is_none_and_makes_room(rig, centre):
    for _ in range(3):
        rig.send(ask=4)
        await rig.until(lambda rig: sum("answer" in line for line in rig.told) == 4)
        assert all(line["answer"] is None for line in rig.told if "answer" in line)
        rig.told = []
    centre.down("response", {"id": (await centre.heard("request"))["id"], "ok": 1, "result": {}})
    await alive(centre, "later")


async def test_the_end_of_a_session_ends_what_waits(device, centre, mosquitto):
    rig = await device(mosquitto.port, source="quick(REQUEST_MS=60_000)\n" + RUN)
    await centre.birth()
    await until(rig, lambda seen: seen["welcome"])
    rig.send(ask=2)
    await centre.heard("request")
    mosquitto.stop()
    await rig.until(lambda rig: sum("answer" in line for line in rig.told) == 2)
    assert all(line["answer"] is None for line in rig.told if "answer" in line)


RUBBISH = {
    "ack": (
        b"", b"{}", b"[]", b"null", b"\xff", b'{"log":"","seq":0}', b'{"log":"","seq":"x","now":0,"rate":0}',
        b'{"log":"","seq":-1,"now":0,"rate":0}', b'{"log":1,"seq":0,"now":0,"rate":0}',
        b'{"log":"","seq":1.5,"now":0,"rate":0}',
    ),
    "config": (
        b"{}", b'{"hash":1,"doc":{}}', b'{"hash":"h"}', b'{"hash":"h","doc":[]}',
        b'{"hash":"' + b"x" * 99 + b'","doc":{}}',
    ),
    "command": (
        b"{}", b'{"id":1,"expires":0,"op":"x","args":{}}', b'{"id":"a","expires":0,"op":"identify","args":[]}',
        b'{"id":"a","expires":99999999999999,"op":"lead","args":{}}',
    ),
    "response": (b"{}", b"\x01", b'{"id":[],"ok":1}', b'{"id":"x"}', b'{"id":"x","ok":-1}'),
}  # fmt: skip


@pytest.mark.parametrize("what", RUBBISH)
async def test_rubbish_is_counted_and_changes_nothing(rig, centre, what):
    before = await look(rig)
    for payload in RUBBISH[what]:
        centre.down(what, payload)
    await alive(centre, "still")
    after = await look(rig)
    assert after["refused"] - before["refused"] == len(RUBBISH[what])
    for name in ("acked", "config", "rejected", "code", "welcome", "q"):
        assert after[name] == before[name]
    assert [line for line in rig.stray if "Traceback" in line] == []


BOARD = {
    "day": 1, "term": 1, "rev": 1, "line": "up", "services": [{"id": "adm", "waiting": 2, "open": 1}],
    "calls": [{"c": 1, "no": 12, "service": "adm", "counter": "1", "ago": 4}],
    "counters": [{"id": "1", "no": 12, "state": "called"}],
}  # fmt: skip
WHOLE = {
    "ack": {"log": "", "seq": 0, "now": 0, "rate": 0},
    "config": {"rev": 1, "hash": "h", "doc": DOC},
    "command": command("c", "queue", args=CALL),
    "response": {"id": "r", "ok": 1, "result": {"outcome": "done", "rev": 1}},
    "board": BOARD,
}
VALUES = (None, True, -1, 0, 1 << 62, "", "x" * 70, [], [[]], {}, {"id": 1}, [None], "genteng-kulon")


def bent(value: object, chance: random.Random) -> object:
    """A copy of `value` of which one thing somewhere is another, or gone."""
    if isinstance(value, dict) and value and chance.random() < 0.85:
        name = chance.choice(sorted(value))
        if chance.random() < 0.2:
            return {key: value[key] for key in value if key != name}
        return {**value, name: bent(value[name], chance)}
    if isinstance(value, list) and value and chance.random() < 0.85:
        i = chance.randrange(len(value))
        return [*value[:i], bent(value[i], chance), *value[i + 1 :]]
    return chance.choice(VALUES)


def at_home(doc: object, role: str) -> object:
    """A configuration for the place where the device stands: for another it would restart, and miss what is said."""
    if isinstance(doc, dict) and isinstance(doc.get("site"), dict) and isinstance(doc.get("position"), dict):
        there = {**doc["position"], "role": role, "id": f"{role}-1"}
        return {**doc, "site": {**doc["site"], "id": SITE}, "position": there}
    return doc


@pytest.mark.parametrize("role", ["kiosk", "display", "counter"])
async def test_no_message_breaks_a_device(device, centre, mosquitto, role):
    """Every message of the contract, bent in one place: the device answers, and nothing of it has died."""
    chance = random.Random(17)
    rig = await device(mosquitto.port, role=role, position=f"{role}-1")
    await centre.birth(now=NOW)
    for turn in range(300):
        what = chance.choice(sorted(WHOLE))
        body = bent(WHOLE[what], chance)
        if what == "config" and isinstance(body, dict):
            body = {**body, "doc": at_home(body.get("doc"), role)}
        topic = topics.board(SITE) if what == "board" else topics.down(DEVICE, what)
        centre.say(topic, encode(body), retain=False)
        if turn % 50 == 49:
            centre.ack(now=NOW)
            centre.down("command", command(f"alive-{turn}"))
            await centre.heard("reply", lambda body, mark=f"alive-{turn}": body["id"] == mark)
    seen = await look(rig)
    assert seen["refused"] > 100
    crashes = [row for body in centre.waiting("event") for row in body["e"] if row[4] == "device.crashed"]
    assert crashes == []
    assert [line for line in rig.stray if "Traceback" in line] == []
