"""What a device was told: kept over any boot, the last good configuration kept beside the new one."""

import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from firmware.core.flash.document import check
from firmware.core.flash.settings import CRASHES, FLOOR_S, SEEN, ConfigError, Settings
from firmware.roles.words import paper
from firmware.roles.words.names import Names, digits
from protocol.announce import clips, label
from protocol.board import board
from protocol.queue import Now, Rules, State, decide
from tests.firmware.core.uplink.test_inbox import DOC, bent

numbers = itertools.count()
NOW = 1_795_505_400


def doc(n: int) -> dict:
    return {**DOC, "position": {**DOC["position"], "name": f"Loket {n}"}}


def use(doc: dict) -> None:
    """A role that cannot stand one of them."""
    if doc["position"]["name"].endswith("7"):
        raise KeyError("seven")


class Machine(RuleBasedStateMachine):
    """Configurations come, some bad; the device crashes and boots; commands and times come; it boots at any moment."""

    folder: object

    @initialize()
    def begin(self):
        self.path = str(self.folder / str(next(numbers)))
        self.config = self.good = self.rejected = ""
        self.crashes = self.floor = 0
        self.seen: list[str] = []
        self.settings = Settings(self.path)

    @rule(n=st.integers(0, 9), bad=st.booleans())
    def configure(self, n, bad):
        wanted = {**doc(n), "lang": "xx"} if bad else doc(n)
        try:
            self.settings.apply(str(n), wanted, use)
            assert not bad
            assert n != 7
            self.config, self.rejected, self.crashes = str(n), "", 0
        except ConfigError:
            assert bad or n == 7
            self.rejected = str(n)

    @rule(crashed=st.booleans())
    def boot(self, crashed):
        self.settings = Settings(self.path)
        given_up = self.settings.booted(crashed)
        if crashed and self.config != self.good:
            self.crashes += 1
            if self.crashes == CRASHES:
                assert given_up == self.config
                self.config, self.rejected, self.crashes = self.good, self.config, 0
                return
        assert given_up == ""

    @rule()
    def runs_well(self):
        self.settings.proved()
        self.good = self.config

    @rule(n=st.integers(0, 20))
    def command(self, n):
        known = str(n) in self.seen
        assert self.settings.saw(str(n)) is known
        if not known:
            self.seen = [*self.seen, str(n)][-SEEN:]

    @rule(seconds=st.integers(-5_000, 20_000))
    def time(self, seconds):
        self.settings.passed(NOW + seconds)
        if not 0 <= NOW + seconds - self.floor < FLOOR_S:
            self.floor = NOW + seconds

    @invariant()
    def is_as_it_was_told(self):
        for found in (self.settings, Settings(self.path)):
            assert (found.config, found.rejected, found.floor) == (self.config, self.rejected, self.floor)
            assert found.doc == (doc(int(self.config)) if self.config else None)


def test_settings_are_what_was_told_at_any_boot(tmp_path):
    run_state_machine_as_test(
        type("All", (Machine,), {"folder": tmp_path}), settings=settings(max_examples=60, deadline=None)
    )


def test_what_cannot_be_put_to_use_leaves_the_one_before_in_use(tmp_path):
    used = []

    def uses(doc):
        used.append(doc["position"]["name"])
        use(doc)

    kept = Settings(str(tmp_path / "state"))
    kept.apply("1", doc(1), uses)
    with pytest.raises(ConfigError):
        kept.apply("7", doc(7), uses)
    assert used == ["Loket 1", "Loket 7", "Loket 1"]


@settings(max_examples=400, deadline=None)
@given(seed=st.integers(0, 1 << 32), bends=st.integers(1, 3))
def test_whatever_passes_the_check_can_be_used_by_every_role(seed, bends):
    chance = random.Random(seed)
    found: object = DOC
    for _ in range(bends):
        found = bent(found, chance)
    try:
        check(found)
    except ConfigError:
        return
    assert isinstance(found, dict)
    names = Names(found)
    rules = Rules(found, "kiosk-1")
    state = State()
    now = Now(NOW * 1_000, 4)
    for service in found["services"]:
        text = label(service["letter"], 7)
        assert list(paper.ticket(found, now, service, text, None, "elderly"))
        assert digits(names.label(service["id"], 7))
        for counter in found["counters"]:
            assert clips(names.letter(service["id"]), 7, names.counter(counter["id"]), names.lang)
    assert board(state, rules, now, "local")["services"]
    assert decide(state, rules, {"op": "grant", "key": "g", "term": 1, "leader": "kiosk-1"}, now)


def test_a_full_flash_keeps_no_device_from_booting_or_hearing_the_time(on_flash):
    [told] = on_flash(
        f"doc = {DOC!r}",
        """
        settings = Settings(root + "/state")
        settings.apply("1", doc, lambda doc: None)
        fill(0)
        big = dict(doc)
        big["fill"] = "x" * 1500
        try:
            settings.apply("2", big, lambda doc: None)
            failed = False
        except OSError:
            failed = True
        for n in range(40):
            settings.passed(1795505400 + 4000 * n)
        for _ in range(4):
            settings.booted(True)
            settings = Settings(root + "/state")
        settings.proved()
        clear()
        again = Settings(root + "/state")
        tell(failed=failed, config=again.config, whole=again.doc in (None, doc))
        """,
    )
    assert told["failed"]
    assert told["config"] in ("1", "")
    assert told["whole"]
