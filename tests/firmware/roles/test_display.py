"""The display: the last call is seen from ten metres, spoken once, never cut off, and never long after."""

import pytest

from protocol.announce import CLIPS

DISPLAY = """
    from firmware.roles import display
    from firmware.drivers import dfplayer
    display.SHOWN_MS, display.PAUSE_MS, display.PAGE_MS = 30, 5, 60
    dfplayer.SPACING_MS, dfplayer.START_MS, dfplayer.BLIND_MS = 5, 20, 40
    hand(speaker={"ms": 10})

    class Hall:
        def on_board(self, callback):
            self.callback = callback

    screens = Hall()
    role = display.Display(parts, screens, hall_clock, status)
    role.configure(DOC)
    role.line(True)
    board.front.on("board", lambda value, line: screens.callback(value, line.get("retained", False)))
    board.front.on("line", lambda value, line: role.line(value, line.get("silent", 0)))
    board.front.on("configure", lambda value, line: role.configure(DOC))
    board.front.on("ups", lambda value, line: tell(up=hall_clock.up()))
    board.front.on("tuned", lambda value, line: role.configure(dict(DOC, **value)))
    board.front.on("still", lambda value, line: tell(still=len(role._queue) + role._busy))
"""
RUN = "asyncio.run(with_panel(lambda: keep(role)))"


def call(c: int, no: int, ago: int = 0, service: str = "adm", counter: str = "1") -> dict[str, object]:
    return {"c": c, "no": no, "service": service, "counter": counter, "ago": ago}


def board(rev: int, *calls: dict[str, object], day: int = 1, term: int = 1, line: str = "up") -> dict[str, object]:
    return {"day": day, "term": term, "rev": rev, "line": line, "services": [], "calls": list(calls), "counters": []}


def words(letter: str, *said: str) -> list[str]:
    """The clips of a call, pauses left out."""
    number, counter = said[:-1], said[-1]
    return ["chime", "nomor-antrian", letter, *number, "silakan-ke-loket", counter]


def spoken(rig) -> list[str]:
    return [CLIPS[clip - 1] for clip in rig.parts.player.clips]


async def quiet(rig) -> None:
    """Wait until nothing is being said and nothing waits to be."""
    while True:
        rig.send(still=1)
        if await rig.told_of("still") == 0:
            return


@pytest.fixture
async def display(in_hall):
    """A display that knows its hall and has the controller in reach."""
    rig = await in_hall("display", DISPLAY, RUN)
    await rig.told_of("running")
    return rig


async def shows(rig, text: str) -> None:
    await rig.until(lambda rig: rig.parts.digits == text)


async def test_a_call_is_shown_and_spoken_once(display):
    display.send(board=board(1, call(1, 12)))
    await shows(display, "A 12>1")
    for rev in (1, 2, 3):
        display.send(board=board(rev, call(1, 12)))
    await quiet(display)
    assert spoken(display) == words("a", "dua", "belas", "satu")


async def test_a_recall_is_spoken_again(display):
    display.send(board=board(1, call(1, 12)))
    display.send(board=board(2, call(2, 12), call(1, 12)))
    await quiet(display)
    assert spoken(display) == 2 * words("a", "dua", "belas", "satu")


async def test_a_call_never_cuts_another_off(display):
    display.send(board=board(1, call(1, 1)))
    display.send(board=board(2, call(2, 2, counter="2"), call(1, 1)))
    display.send(board=board(3, call(3, 3), call(2, 2, counter="2"), call(1, 1)))
    await shows(display, "A 2>2")
    await quiet(display)
    assert spoken(display) == words("a", "satu", "satu") + words("a", "dua", "dua") + words("a", "tiga", "satu")
    assert display.parts.digits == "A 3>1"


async def test_a_number_stays_as_long_as_it_is_spoken(display):
    """While one is being said, neither a newer board nor a configuration takes it off the screen."""
    display.send(speaker={"ms": 40})
    display.send(board=board(1, call(1, 1)))
    await shows(display, "A 1>1")
    shown = []
    display.send(board=board(2, call(2, 2), call(1, 1)))
    display.send(configure=1)
    display.send(line=True)
    while len(spoken(display)) < 6:
        await display._read()
        shown.append(display.parts.digits)
    assert set(shown) == {"A 1>1"}


@pytest.mark.parametrize(("ago", "said"), [(0, True), (59, True), (60, False), (3_600, False)])
async def test_nothing_older_than_a_minute_is_spoken(display, ago, said):
    display.send(board=board(1, call(1, 7, ago)))
    await shows(display, "A 7>1")
    await quiet(display)
    assert bool(spoken(display)) is said


async def test_a_retained_board_is_shown_at_power_on_and_not_spoken(display):
    """Nobody knows how long it has lain at the broker."""
    display.send(board=board(9, call(4, 7, 2)), retained=True)
    await shows(display, "A 7>1")
    display.send(board=board(10, call(4, 7, 3)))
    await quiet(display)
    assert spoken(display) == []
    display.send(board=board(11, call(5, 8), call(4, 7, 5)))
    await quiet(display)
    assert spoken(display) == words("a", "delapan", "satu")


@pytest.mark.parametrize(
    ("silent", "ago", "said"), [(0, 5, True), (30_000, 20, True), (30_000, 40, False), (70_000, 0, False)]
)
async def test_what_was_called_while_the_line_was_down_is_spoken_if_it_is_surely_young(display, silent, ago, said):
    """The age in a retained board counts from when it was published: at worst just after the line went silent."""
    display.send(board=board(1))
    display.send(line=False, silent=silent)
    display.send(line=True)
    display.send(board=board(2, call(1, 3, ago)), retained=True)
    await shows(display, "A 3>1")
    await quiet(display)
    assert bool(spoken(display)) is said


async def test_an_older_board_changes_nothing(display):
    display.send(board=board(5, call(2, 2)))
    display.send(board=board(4, call(1, 1)))
    display.send(board=board(9, call(9, 9), term=0))
    await quiet(display)
    assert display.parts.digits == "A 2>1"
    assert spoken(display) == words("a", "dua", "satu")


async def test_another_leader_that_counts_from_a_lower_number_is_heard(display):
    """A kiosk that replaces a dead one knows nothing of the calls before it; its first are not to be missed."""
    display.send(board=board(500, call(60_000, 40, 5)))
    await quiet(display)
    display.send(board=board(3, call(10_001, 41), term=2))
    await shows(display, "A 41>1")
    await quiet(display)
    assert spoken(display) == words("a", "empat", "puluh", "satu") + words("a", "empat", "puluh", "satu", "satu")


async def test_a_new_leader_that_knows_the_calls_does_not_have_them_spoken_again(display):
    display.send(board=board(1, call(1, 1)))
    await quiet(display)
    display.send(board=board(2, call(1, 1, 4), term=2))
    display.send(board=board(3, call(2, 2), call(1, 1, 4), term=2))
    await quiet(display)
    assert spoken(display) == words("a", "satu", "satu") + words("a", "dua", "satu")


async def test_a_new_day_does_not_have_the_last_calls_spoken_again(display):
    """The date may be put right in the middle of a morning; the calls stay."""
    display.send(board=board(1, call(1, 1)))
    await quiet(display)
    display.send(board=board(2, call(1, 1, 10), day=2))
    await quiet(display)
    assert spoken(display) == words("a", "satu", "satu")


async def test_a_flood_of_calls_does_not_grow(display):
    for rev in range(40):
        display.send(board=board(rev, *[call(5 * rev + i, i + 1) for i in reversed(range(5))]))
    display.send(still=1)
    assert await display.told_of("still") <= 11


async def test_what_may_be_old_is_marked_and_stays(display):
    display.send(board=board(1, call(1, 5)))
    await quiet(display)
    assert not display.parts.matrix.mark
    display.send(line=False)
    await display.until(lambda rig: rig.parts.matrix.mark)
    assert display.parts.digits == "A 5>1"
    display.send(line=True)
    await display.until(lambda rig: not rig.parts.matrix.mark)
    display.send(board=board(2, call(1, 5, 9), line="down"))
    await display.until(lambda rig: rig.parts.matrix.mark)
    display.send(board=board(2, call(1, 5, 9)))
    await display.until(lambda rig: not rig.parts.matrix.mark)


@pytest.mark.parametrize(
    ("called", "text", "said"),
    [
        (call(1, 5, counter="kasir"), "A 5>0", ["lima", "silakan-ke-loket", "nol"]),
        (call(1, 5, counter="99999"), "A 5>0", ["lima", "silakan-ke-loket", "nol"]),
        (call(1, 5, counter="-1"), "A 5>0", ["lima", "silakan-ke-loket", "nol"]),
        (call(1, 5, service="gone"), "5>1", ["nomor-antrian", "lima"]),
        (call(1, 1_234), "A 1234>1", ["seribu", "dua", "ratus"]),
        (call(1, 1_234, counter="12"), "A1234>12", ["dua", "belas"]),
    ],
)
async def test_what_the_configuration_does_not_know_is_shown_as_well_as_it_can(display, called, text, said):
    display.send(board=board(1, called))
    await shows(display, text)
    await quiet(display)
    heard = spoken(display)
    assert any(heard[i : i + len(said)] == said for i in range(len(heard)))


async def test_a_speaker_that_is_dead_stops_nothing(display):
    display.send(speaker={"dead": True})
    display.send(board=board(1, call(1, 1)))
    display.send(board=board(2, call(2, 2), call(1, 1)))
    await shows(display, "A 2>1")
    await quiet(display)
    assert len(spoken(display)) == 12


async def test_a_held_button_shows_pages_until_somebody_is_called(display):
    display.send(hold="T")
    await shows(display, "OK")
    await shows(display, "000001")
    display.send(board=board(1, call(1, 4)))
    await shows(display, "A 4>1")
    await quiet(display)
    assert display.parts.digits == "A 4>1", "the pages are over"


async def test_a_held_button_shows_all_pages_and_then_the_board(display):
    seen = []
    display.send(hold="T")
    await shows(display, "OK")
    while not seen or seen[-1] != "- - -":
        await display._read()
        if not seen or seen[-1] != display.parts.digits:
            seen.append(display.parts.digits)
    for page in ("000001", "WIFI-61", "MQTT OK", "JAM 4", "KONF3F2A", "V0.1.0", "LOG 12"):
        assert page in seen


async def test_before_its_configuration_it_shows_no_number_and_says_nothing(in_hall):
    rig = await in_hall("display", DISPLAY.replace("role.configure(DOC)\n    role.line", "role.line"), RUN)
    await rig.told_of("running")
    rig.send(board=board(1, call(1, 1)))
    await shows(rig, "E-12")
    await quiet(rig)
    rig.send(configure=1)
    await shows(rig, "A 1>1")
    assert spoken(rig) == []


async def test_a_configuration_sets_how_loud_and_how_bright_it_is(display):
    display.send(tuned={"volume": 12, "brightness": 7})
    display.send(board=board(1, call(1, 12)))
    await shows(display, "A 12>1")
    await quiet(display)
    assert (display.parts.player.volume, display.parts.matrix.intensity) == (12, 14)
    display.send(configure=1)  # which says neither: as the parts were made
    display.send(board=board(2, call(2, 13), call(1, 12)))
    await shows(display, "A 13>1")
    await quiet(display)
    assert (display.parts.player.volume, display.parts.matrix.intensity) == (26, 8)


async def test_a_number_stays_as_long_as_its_configuration_says(display):
    display.send(tuned={"shown": 1})
    display.send(board=board(1, call(1, 1)))
    display.send(ups=1)
    began = await display.told_of("up")
    display.send(board=board(2, call(2, 2), call(1, 1)))
    await shows(display, "A 2>1")
    display.send(ups=1)
    assert await display.told_of("up") - began >= 900
