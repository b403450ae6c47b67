"""The keypad: the next person is one key away, nothing is done twice, and nobody wonders what became of a press."""

import pytest

COUNTER = """
    from firmware.roles import counter
    from firmware.roles.hall import asking
    asking.AGAIN_MS = 20
    counter.REFUSED_MS = counter.PAGE_MS = 150

    class Way:
        # To the leader, by way of the controller: it may lose commands, answers, or all of both.
        def __init__(self):
            self.lost = ""
            self.callback = None

        def on_board(self, callback):
            self.callback = callback

        async def send(self, command):
            tell(op=command["op"], command=command)
            unknown = {"key": command["key"], "outcome": "unknown", "rev": 0}
            await asyncio.sleep_ms(5)
            if self.lost == "command":
                return unknown
            answer = hall.command(command)
            if self.lost:
                if self.lost == "once":
                    self.lost = ""
                return unknown
            return answer

    way = Way()
    role = counter.Counter(parts, way, hall_clock, status, "020000000001", 7)
    hall.on_board(lambda now: way.callback(now) if way.boards else None)
    way.boards = True
    hall.configure(DOC)
    role.configure(DOC)
    board.front.on("lost", lambda value, line: setattr(way, "lost", value))
    board.front.on("boards", lambda value, line: setattr(way, "boards", value))
    board.front.on("board", lambda value, line: role.board(value))
    board.front.on("tell", lambda value, line: hall._tell())
    board.front.on("hall", lambda value, line: tell(did=hall.command(value)["outcome"]))
"""
RUN = "asyncio.run(with_panel(lambda: keep(role)))"


@pytest.fixture
async def keypad(in_hall):
    """A keypad at counter 1, three people waiting: 1 and 3 for administration, 2 for the clinic."""
    rig = await in_hall("counter", 'issue(1)\nissue(1, "sehat")\nissue(1)', COUNTER, RUN)
    await rig.told_of("running")
    return rig


async def shows(rig, text: str) -> None:
    await rig.until(lambda rig: rig.parts.digits == text)


def commands(rig) -> list[dict]:
    return [line["command"] for line in rig.told if "command" in line]


def kinds(rig) -> list[tuple[str, int]]:
    return [(line["kind"], line["data"]["no"]) for line in rig.told if line.get("kind", "").startswith("ticket.")][3:]


async def until_kind(rig, kind: str) -> None:
    await rig.until(lambda rig: any(line.get("kind") == kind for line in rig.told))


async def test_it_shows_how_many_wait_then_whom_it_has_called(keypad):
    await shows(keypad, "N  3")
    await keypad.press("A")
    await shows(keypad, "A  1")
    await keypad.press("C")
    await shows(keypad, "A . 1")
    await keypad.press("C")
    await shows(keypad, "N  2")
    assert kinds(keypad) == [("ticket.called", 1), ("ticket.serving", 1), ("ticket.done", 1)]


async def test_the_next_key_ends_the_ticket_that_is_there(keypad):
    await keypad.press("A")
    await shows(keypad, "A  1")
    await keypad.press("A")
    await shows(keypad, "B  2")
    assert sorted(kinds(keypad)[1:]) == [("ticket.called", 2), ("ticket.done", 1)]


@pytest.mark.parametrize(
    ("keys", "kind", "then"),
    [("B", "ticket.recalled", "A  1"), ("D", "ticket.noshow", "N  2"), ("*0", "ticket.parked", "N  2"),
     ("*2", "ticket.transferred", "N  3"), ("CC", "ticket.done", "N  2")],
)  # fmt: skip
async def test_what_a_clerk_can_do_with_the_ticket_at_the_counter(keypad, keys, kind, then):
    await keypad.press("A")
    await shows(keypad, "A  1")
    for key in keys:
        await keypad.press(key)
    await until_kind(keypad, kind)
    await shows(keypad, then)
    assert kinds(keypad)[-1] == (kind, 1)


async def test_a_transfer_names_the_service_by_its_place(keypad):
    await keypad.press("A")
    await shows(keypad, "A  1")
    await keypad.press("*")
    await shows(keypad, "   F")
    await keypad.press("2")
    await until_kind(keypad, "ticket.transferred")
    assert next(line["data"]["service"] for line in keypad.told if line.get("kind") == "ticket.transferred") == "sehat"


@pytest.mark.parametrize("keys", ["*9", "*8", "*A", "**", "*#"])
async def test_a_function_that_does_not_exist_asks_nothing(keypad, keys):
    await keypad.press("A")
    await shows(keypad, "A  1")
    for key in keys:
        await keypad.press(key)
    await shows(keypad, "A  1")
    assert [command["op"] for command in commands(keypad)] == ["call_next"]


@pytest.mark.parametrize("key", "BCD")
async def test_without_a_ticket_these_keys_ask_nothing(keypad, key):
    await keypad.press(key)
    await keypad.press("*")
    await keypad.press("0")
    await shows(keypad, "N  3")
    assert commands(keypad) == []


async def test_digits_and_hash_call_that_number(keypad):
    for key in "0003":
        await keypad.press(key)
    await shows(keypad, "   3")
    await keypad.press("#")
    await shows(keypad, "A  3")
    assert kinds(keypad) == [("ticket.called", 3)]


async def test_star_clears_what_was_typed_and_five_digits_keep_the_last_four(keypad):
    for key in "12345":
        await keypad.press(key)
    await shows(keypad, "2345")
    await keypad.press("*")
    await shows(keypad, "N  3")
    await keypad.press("#")
    assert commands(keypad) == []


@pytest.mark.parametrize(
    ("before", "keys", "shown"),
    [
        ([], "9#", "NOTA"),
        ([{"op": "call_next", "counter": "2"}] * 3, "A", "5EPI"),
        ([{"op": "call", "counter": "2", "ticket": 1}, {"op": "finish", "ticket": 1}], "1#", "5ALH"),
        ([{"op": "grant", "term": 2, "leader": "kiosk-2"}], "A", "LEAD"),
    ],
)
async def test_a_refusal_says_why_and_the_keypad_goes_on(keypad, before, keys, shown):
    for i, command in enumerate(before):
        keypad.send(hall={**command, "key": f"before.{i}"})
        assert await keypad.told_of("did") == "done"
    for key in keys:
        await keypad.press(key)
    await shows(keypad, shown)
    await keypad.until(lambda rig: rig.parts.digits.startswith("N"))


async def test_a_press_while_a_refusal_is_shown_is_carried_out_at_once(keypad):
    keypad.send(hall={"op": "close", "service": "adm", "key": "c"})
    for key in "9#":
        await keypad.press(key)
    await keypad.until(lambda rig: rig.parts.digits not in ("N  3", "   9", "----"))
    await keypad.press("A")
    await shows(keypad, "A  1")


async def test_while_the_outcome_is_unknown_the_same_key_is_asked_again(keypad):
    keypad.send(lost="command")
    await keypad.press("A")
    await keypad.until(lambda rig: len(commands(rig)) > 3)
    assert keypad.parts.digits == "----"
    keypad.send(lost="")
    await shows(keypad, "A  1")
    assert len({command["key"] for command in commands(keypad)}) == 1
    assert kinds(keypad) == [("ticket.called", 1)]


async def test_an_answer_that_was_lost_does_not_call_two(keypad):
    keypad.send(lost="once")
    await keypad.press("A")
    await shows(keypad, "A  1")
    assert len(commands(keypad)) == 2
    assert kinds(keypad) == [("ticket.called", 1)]


async def test_other_keys_wait_until_the_outcome_is_known(keypad):
    keypad.send(lost="command")
    await keypad.press("A")
    for key in "AD1":
        await keypad.press(key)
    keypad.send(lost="")
    await shows(keypad, "A  1")
    assert {command["op"] for command in commands(keypad)} == {"call_next"}


async def test_star_gives_up_and_the_next_press_is_another_wish(keypad):
    keypad.send(lost="command")
    await keypad.press("A")
    await shows(keypad, "----")
    await keypad.press("*")
    await shows(keypad, "N  3")
    keypad.send(lost="")
    for key in "2#":
        await keypad.press(key)
    await shows(keypad, "B  2")
    assert kinds(keypad) == [("ticket.called", 2)], "what was given up is not done after all"
    assert len({command["key"] for command in commands(keypad)}) == 2


async def test_the_answer_counts_before_the_board_comes_and_an_older_board_after_it_does_not(keypad):
    keypad.send(boards=False)
    await keypad.press("A")
    await shows(keypad, "A  1")
    old = {"day": 1, "term": 1, "rev": 5, "line": "up", "services": [{"id": "adm", "waiting": 2}], "calls": [],
           "counters": [{"id": "1", "no": 0, "state": ""}]}  # fmt: skip
    keypad.send(board=old)
    await keypad.press("C")
    await shows(keypad, "A . 1")
    keypad.send(board={**old, "rev": 99, "counters": [{"id": "1", "no": 3, "state": "called"}]})
    await shows(keypad, "   3")


async def test_a_new_leader_that_counts_from_a_lower_number_is_followed(keypad):
    await keypad.press("A")
    await shows(keypad, "A  1")
    board = {"day": 1, "term": 2, "rev": 1, "line": "up", "services": [{"id": "adm", "waiting": 9}], "calls": [],
             "counters": [{"id": "1", "no": 0, "state": ""}]}  # fmt: skip
    keypad.send(board=board)
    await shows(keypad, "N  9")
    keypad.send(board={**board, "rev": 2, "services": [{"id": "adm", "waiting": 8}]})
    await shows(keypad, "N  8")


async def test_a_counter_that_is_no_more_on_the_board_has_no_ticket(keypad):
    await keypad.press("A")
    await shows(keypad, "A  1")
    keypad.send(board={"day": 1, "term": 1, "rev": 99, "line": "up", "services": [], "calls": [], "counters": []})
    await shows(keypad, "N  0")


async def test_only_those_who_wait_for_this_counter_are_counted(in_hall):
    doc = 'DOC["counters"][0]["services"] = ["sehat"]'
    rig = await in_hall("counter", doc, 'issue(4)\nissue(2, "sehat")', COUNTER, RUN)
    await shows(rig, "N  2")


async def test_every_boot_and_every_press_has_keys_of_its_own(keypad):
    for key in "AB":
        await keypad.press(key)
        await keypad.until(lambda rig, key=key: len(commands(rig)) == "AB".index(key) + 1)
        await shows(keypad, "A  1")
    assert [command["key"] for command in commands(keypad)] == ["020000000001.7.1", "020000000001.7.2"]


async def test_a_held_star_shows_the_device_until_a_key_is_pressed(keypad):
    keypad.send(hold="*")
    await shows(keypad, "0001")
    await keypad.press("A")
    await shows(keypad, "A  1")


async def test_before_its_configuration_it_says_that_it_has_none(in_hall):
    rig = await in_hall("counter", COUNTER.replace("role.configure(DOC)", ""), RUN)
    await shows(rig, "E-12")
