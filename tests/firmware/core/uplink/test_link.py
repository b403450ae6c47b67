"""The device's link against a real Mosquitto: births, and events that are sent until they are committed.

Event 1 of a device is that it has booted.
"""

import asyncio

import pytest

from firmware.core.broker import codec
from tests.firmware.core.centre import HANGS, NOW, Rude, packet, welcome
from tests.firmware.core.conftest import look, until


def seqs(batch: dict) -> list[int]:
    return [row[0] for row in batch["e"]]


async def test_nothing_but_a_birth_is_said_before_the_controller_answers(device, centre, mosquitto):
    rig = await device(mosquitto.port)
    rig.send(append=3)
    births = [await centre.heard("state") for _ in range(3)]
    assert len({birth["sid"] for birth in births}) == 1, "the same birth, again until it is answered"
    assert births[0]["online"] == 1
    assert centre.waiting("event") == []
    centre.ack()
    assert seqs(await centre.heard("event")) == [1, 2, 3, 4]
    assert (await look(rig))["welcome"]


async def test_events_are_sent_again_until_they_are_committed_and_then_no_more(device, centre, mosquitto):
    rig = await device(mosquitto.port)
    rig.send(append=2)
    await centre.birth()
    first = await centre.heard("event", lambda body: len(body["e"]) == 3)
    assert await centre.heard("event") == first
    centre.ack(first["log"], 1)  # a part of it
    assert seqs(await centre.heard("event", lambda body: body["e"][0][0] == 2)) == [2, 3]
    centre.ack(first["log"], 3)
    await until(rig, lambda seen: seen["acked"] == 3)
    centre.waiting("event")
    rig.send(append=1)
    assert seqs(await centre.heard("event")) == [4]


async def test_a_thousand_events_come_in_order_one_batch_at_a_time(device, centre, mosquitto):
    rig = await device(mosquitto.port)
    rig.send(append=999)
    await until(rig, lambda seen: seen["seq"] == 1_000)
    await centre.birth()
    seq = 0
    while seq < 1_000:
        batch = await centre.heard("event", lambda body, after=seq: body["e"][0][0] > after)
        assert batch["e"][0][0] == seq + 1
        assert centre.waiting("event") in ([], [batch]), "one in flight"
        seq = batch["e"][-1][0]
        centre.ack(batch["log"], seq)
    rig.send(append=1)
    assert seqs(await centre.heard("event", lambda body: body["e"][0][0] > 1_000)) == [1_001]


async def test_a_slow_drain_keeps_to_the_rate(device, centre, mosquitto):
    """At one event a second the first batch of a hundred keeps it busy for minutes."""
    rig = await device(mosquitto.port)
    rig.send(append=300)
    await until(rig, lambda seen: seen["seq"] == 301)
    await centre.birth(rate=1)
    batch = await centre.heard("event")
    centre.ack(batch["log"], batch["e"][-1][0], rate=1)
    await until(rig, lambda seen: seen["acked"] == batch["e"][-1][0])
    for _ in range(3):
        rig.send(say=1)  # what is said after the ack comes after the batch that the ack would let go
        await centre.heard("reply")
    assert centre.waiting("event") == []


async def test_a_controller_restored_from_a_backup_is_sent_what_it_has_forgotten(device, centre, mosquitto):
    rig = await device(mosquitto.port)
    rig.send(append=4)
    await centre.birth()
    batch = await centre.heard("event", lambda body: len(body["e"]) == 5)
    centre.ack(batch["log"], 5)
    await until(rig, lambda seen: seen["acked"] == 5)
    centre.presence("restored")
    await centre.birth(batch["log"], 2)
    again = await centre.heard("event", lambda body: body["e"][0][0] == 3)
    assert again["e"] == batch["e"][2:]
    assert again["lo"] == 1


async def test_an_ack_between_births_takes_nothing_back(device, centre, mosquitto):
    """A late ack of an earlier batch is not a controller that has forgotten."""
    rig = await device(mosquitto.port)
    rig.send(append=4)
    await centre.birth()
    batch = await centre.heard("event", lambda body: len(body["e"]) == 5)
    centre.ack(batch["log"], 5)
    centre.ack(batch["log"], 2)
    rig.send(append=1)
    assert seqs(await centre.heard("event", lambda body: body["e"][-1][0] == 6)) == [6]


@pytest.mark.parametrize("before", ["", "one"])
async def test_a_new_controller_hears_who_is_there_and_what_the_old_one_did_not_commit(
    device, centre, mosquitto, before
):
    if before:
        centre.presence(before)
    rig = await device(mosquitto.port)
    await centre.birth()
    await centre.heard("event")
    sid = centre.states[-1]["sid"]
    centre.waiting("state")
    centre.presence("two")
    birth = await centre.heard("state")
    assert birth["sid"] == sid, "the session is the same"
    assert not (await look(rig))["welcome"]
    centre.waiting("event")
    centre.ack()
    assert seqs(await centre.heard("event")) == [1]


async def test_a_controller_that_was_away_and_comes_back_is_greeted_again(device, centre, mosquitto):
    """What it was sent meanwhile it has missed, even where it is the same as before."""
    centre.presence("one")
    rig = await device(mosquitto.port)
    await centre.birth()
    await until(rig, lambda seen: seen["welcome"])
    centre.waiting("state")
    centre.presence("one", 0)
    await until(rig, lambda seen: seen["code"] == "E-19")
    centre.presence("one")
    await centre.birth()
    await until(rig, lambda seen: seen["code"] == "")


async def test_a_late_will_of_an_earlier_controller_is_not_its_end(device, centre, mosquitto):
    centre.presence("two")
    rig = await device(mosquitto.port)
    await centre.birth()
    await until(rig, lambda seen: seen["welcome"])
    centre.presence("one", 0)
    centre.down("ack", b"rubbish")
    assert (await until(rig, lambda seen: seen["refused"]))["code"] == ""


async def test_the_ack_of_another_log_acknowledges_nothing(device, centre, mosquitto):
    rig = await device(mosquitto.port)
    await centre.birth("0123456789abcdef", 50)
    batch = await centre.heard("event")
    centre.ack("0123456789abcdef", 1)
    assert await centre.heard("event") == batch
    assert (await look(rig))["acked"] == 0


async def test_a_broker_that_dies_costs_a_new_session_and_no_event(device, centre, mosquitto):
    rig = await device(mosquitto.port)
    first = await centre.birth()
    await centre.heard("event")
    mosquitto.stop()
    await until(rig, lambda seen: seen["code"] == "E-02")
    rig.send(append=2)
    mosquitto.start()
    second = await centre.birth()
    assert second["sid"] != first["sid"]
    assert seqs(await centre.heard("event", lambda body: len(body["e"]) == 3)) == [1, 2, 3]


async def test_it_goes_round_its_brokers(device, centre, mosquitto):
    await device(1, mosquitto.port)
    await centre.birth()


async def test_a_power_cut_leaves_a_will_that_names_the_session(device, centre, mosquitto):
    rig = await device(mosquitto.port)
    birth = await centre.birth()
    rig.cut_power()
    assert await centre.heard("state", lambda body: not body["online"]) == {"online": 0, "sid": birth["sid"]}


async def test_what_is_said_without_a_session_is_not_said_later(device, centre, mosquitto):
    mosquitto.stop()
    rig = await device(mosquitto.port)
    await until(rig, lambda seen: seen["code"] == "E-02")
    mosquitto.start()
    sid = (await centre.birth())["sid"]
    await until(rig, lambda seen: seen["welcome"])
    mosquitto.stop()
    rig.send(say=3)
    await until(rig, lambda seen: not seen["welcome"])
    rig.send(say=3)
    mosquitto.start()
    await centre.heard("state", lambda body: body["online"] and body["sid"] != sid)
    centre.ack()
    await centre.heard("event")
    assert centre.waiting("reply") == []


async def test_what_waited_as_a_session_ended_is_not_said_in_the_next(device):
    said: list[list[bytes]] = []
    again = asyncio.Event()

    async def answers(reader, writer):
        said.append([])
        first = len(said) == 1
        await welcome(reader, writer)
        births = 0
        while True:
            kind, flags, body = await packet(reader)
            if kind != codec.PUBLISH or not flags & 2:
                continue
            end = 2 + int.from_bytes(body[:2], "big")
            said[-1].append(body[2:end])
            if first and body[2:end].endswith(b"/reply"):
                return  # in the middle of it: others wait behind
            writer.write(codec.puback(int.from_bytes(body[end : end + 2], "big")))
            births += body[2:end].endswith(b"/state")
            if births == 2 and not first:
                again.set()

    async with Rude(answers) as broker:
        rig = await device(broker.port)
        await until(rig, lambda seen: said and said[0])
        rig.send(say=3)
        await asyncio.wait_for(again.wait(), HANGS)
    assert any(topic.endswith(b"/reply") for topic in said[0])
    assert not any(topic.endswith(b"/reply") for topic in said[1])


async def test_what_waits_to_be_said_is_bounded(device, centre, mosquitto):
    rig = await device(mosquitto.port)
    await centre.birth()
    await centre.heard("event")
    rig.send(say=500)
    rig.send(append=1)
    await centre.heard("event", lambda body: body["e"][-1][0] == 2)
    await until(rig, lambda seen: seen["seq"] == 2)
    assert 1 <= len(centre.waiting("reply")) <= 20


async def test_it_takes_the_time_that_the_controller_tells(device, centre, mosquitto):
    rig = await device(mosquitto.port)
    await centre.birth(now=NOW)
    seen = await until(rig, lambda seen: seen["q"] == 3)
    assert 0 <= seen["time"] - NOW < 20_000
    stepped = await centre.heard("event", lambda body: body["e"][-1][4] == "clock.stepped")
    assert stepped["e"][-1][5]["to"] == NOW
