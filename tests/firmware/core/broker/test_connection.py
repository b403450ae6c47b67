"""No change of the connection can cut a device off: whatever is on trial, what works is found, kept, and told."""

import base64
import json
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.core.broker.connection import NO_ANSWER, NO_BROKER, NO_NETWORK, Connection
from firmware.core.broker.offer import tried
from firmware.core.flash.settings import Settings

ROOT = Path(__file__).resolve().parents[4]
DER = [base64.b64encode(b"\x30\x82" + bytes((n,)) * 200).decode() for n in range(2)]
OLD = {
    "networks": [("old", "password-1")],
    "brokers": [("old.example", 8883, True)],
    "ca": b"-----BEGIN CERTIFICATE-----\nold\n-----END CERTIFICATE-----\n",
    "secret": "old",
}
NEW = {
    "networks": [["new", "password-2"]],
    "brokers": [["new.example", 8883, 1]],
    "ca": [DER[0]],
    "gen": 4,
    "secret": "new",
}
HALL = ("hall", "password-3")
DAY = 40  # attempts, of which each set has a few


class Identity:
    """What was flashed."""

    device, username, secret, generation = "020000000001", "020000000001.3", OLD["secret"], 3
    networks, brokers = OLD["networks"], OLD["brokers"]

    @staticmethod
    def ca() -> bytes:
        return OLD["ca"]


class World:
    """What a device finds outside: the networks, brokers, certificates and secrets that work there."""

    def __init__(self, **works: list[object]) -> None:
        self.works = works

    def far(self, device: Connection) -> int | None:
        """How far an attempt comes; None for all the way."""
        works = self.works
        if not any(tuple(one) in works["networks"] for one in device.networks):
            return NO_NETWORK
        if not any(tuple(one[:2]) in works["brokers"] for one in device.brokers):
            return NO_BROKER
        if not set(device.ca()) & set(works["ca"]):
            return NO_ANSWER
        return None if device.secret in works["secrets"] else NO_ANSWER


def live(device: Connection, world: World, attempts: int = DAY) -> list[tuple[str, str, int]]:
    """Try as the link does until the controller has answered; what the births have said, [] for never answered."""
    births = []
    for _ in range(attempts):
        device.refresh()
        far = world.far(device)
        if far is not None and far < NO_ANSWER:
            device.fails(far)
            continue
        device.begin()
        births.append((device.conn, device.bad_conn, device.gen))
        if far is None:
            device.works()
            return births
        device.fails(far)
    return []


def world(*fields: str, hall: bool = False) -> World:
    """Where the old works but for `fields`, of which only the new does."""
    ca = base64.b64decode(DER[0])
    return World(
        networks=[HALL] if hall else [tuple(NEW["networks"][0]) if "networks" in fields else OLD["networks"][0]],
        brokers=[("new.example" if "brokers" in fields else "old.example", 8883)],
        ca=[ca if "ca" in fields else OLD["ca"]],
        secrets=["new" if "secret" in fields else "old"],
    )


def document(*fields: str) -> dict[str, object]:
    """A document with these fields, and no others."""
    found: dict[str, object] = {"v": 1, **{name: NEW[name] for name in fields}}
    return found | {"gen": 4} if "secret" in fields else found


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def boot(folder: Path) -> Connection:
    return Connection(Identity, Settings(str(folder)))


FIELDS = ("networks", "brokers", "ca", "secret")


def test_without_a_document_it_is_the_identity(folder):
    device = boot(folder)
    assert (device.networks, device.brokers, device.secret) == (OLD["networks"], OLD["brokers"], "old")
    assert device.ca() == [OLD["ca"]]
    assert live(device, world()) == [("", "", 3)]
    assert not device.trying


@given(st.sets(st.sampled_from(FIELDS), min_size=1), st.lists(st.booleans(), max_size=6))
def test_what_works_is_in_force_whichever_it_is_and_however_often_the_power_goes(fields, reboots):
    """The document works, or the old does: never both, so that each must be found."""
    for works in (True, False):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            device = boot(folder)
            assert tried(device, "hash-1", document(*fields)) == ("done", "")
            there = world(*fields) if works else world()
            for again in reboots:
                if again:
                    device = boot(folder)
                live(device, World(networks=[], brokers=[], ca=[], secrets=[]), 5)
            last = live(device, there)[-1]
            gen = 4 if works and "secret" in fields else 3
            assert last == (("hash-1", "", gen) if works else ("", "hash-1", 3))
            assert not device.trying, "the other is forgotten"
            for _ in range(2):
                device = boot(folder)
                assert live(device, there) == [last], "and stays so over a power cut"
            assert device.username == f"020000000001.{gen}"


@given(st.lists(st.sampled_from(FIELDS), unique=True, min_size=1))
def test_a_document_that_only_looks_wrong_because_nothing_is_in_reach_is_not_given_up(fields):
    """The router, the uplink or the broker is off while it is on trial: that says nothing about it."""
    with tempfile.TemporaryDirectory() as name:
        device = boot(Path(name))
        tried(device, "hash-1", document(*fields))
        both = world(*fields).works, world().works
        nowhere = World(networks=[], brokers=[], ca=[], secrets=[])
        no_broker = World(**{name: both[0][name] + both[1][name] for name in both[0]} | {"brokers": []})
        for off in (nowhere, no_broker):
            assert live(device, off) == []
        everything = World(**{name: both[0][name] + both[1][name] for name in both[0]})
        conn, bad, _ = live(device, everything)[-1]
        if set(fields) == {"secret"}:
            assert (conn, bad) == ("hash-1", ""), "the way was the same, so the new one kept its turn"
        assert {conn, bad} in ({"hash-1", ""},)


def test_the_new_one_has_the_first_turn_and_each_its_own(folder):
    device = boot(folder)
    tried(device, "hash-1", document("brokers"))
    seen = []
    for _ in range(12):
        device.refresh()
        seen.append(device.brokers[0][0])
        device.begin()
        device.fails(NO_ANSWER)
    assert seen == (["new.example"] * 3 + ["old.example"] * 3) * 2


def test_a_session_that_was_open_before_decides_nothing(folder):
    """The answer to a later birth of the old session would else prove the old, and the new would never be tried."""
    device = boot(folder)
    live(device, world())
    device.begin()
    tried(device, "hash-1", document("secret"))
    assert (device.conn, device.bad_conn, device.gen) == ("", "", 3), "nothing is said of it before it is tried"
    device.works()
    assert device.trying
    assert live(device, world("secret"))[-1] == ("hash-1", "", 4)


def test_only_the_birth_in_the_new_set_tells_the_new_generation(folder):
    """At that birth the account before is deleted: told too early, it would cut the device off."""
    device = boot(folder)
    tried(device, "hash-1", document("secret"))
    assert device.gen == 3
    births = live(device, world())
    assert [gen for conn, _, gen in births if conn == ""] == [3]
    assert all(gen == 4 for conn, _, gen in births if conn == "hash-1")


def test_later_documents_stand_on_earlier_ones(folder):
    device = boot(folder)
    tried(device, "hash-1", document("secret"))
    live(device, world("secret"))
    tried(device, "hash-2", document("brokers"))
    assert live(device, world("secret", "brokers"))[-1] == ("hash-2", "", 4)
    tried(device, "hash-3", {"v": 1, "ca": DER})
    assert live(device, world("secret", "brokers", "ca"))[-1] == ("hash-3", "", 4)
    assert device.ca() == [base64.b64decode(one) for one in DER], "two certificates overlap"
    tried(device, "hash-4", document("networks"))
    assert live(device, world("secret", "brokers", "ca"))[-1] == ("hash-3", "hash-4", 4)
    assert boot(folder).bad_conn == "hash-4"


def test_what_is_in_force_is_not_tried_again_and_what_was_bad_may_be(folder):
    device = boot(folder)
    tried(device, "hash-1", document("secret"))
    live(device, world("secret"))
    assert tried(device, "hash-1", document("secret")) == ("done", "")
    assert not device.trying
    tried(device, "hash-2", document("brokers"))
    live(device, world("secret"))
    tried(device, "hash-2", document("brokers"))
    assert live(device, world("secret", "brokers"))[-1] == ("hash-2", "", 4)


def test_an_identity_that_was_flashed_anew_begins_anew(folder):
    device = boot(folder)
    tried(device, "hash-1", document(*FIELDS))
    live(device, world(*FIELDS))

    class Anew(Identity):
        username, generation, secret = "020000000001.5", 5, "fifth"

    device = Connection(Anew, Settings(str(folder)))
    assert (device.conn, device.gen, device.secret, device.networks) == ("", 5, "fifth", OLD["networks"])


# A network chosen in the hall.


def test_a_network_chosen_in_the_hall_goes_before_the_others_which_stay(folder):
    device = boot(folder)
    device.choose(*HALL)
    assert live(device, world(hall=True)) == [("", "", 3)]
    assert device.networks == [HALL, *OLD["networks"]]
    assert boot(folder).networks == [HALL, *OLD["networks"]]
    device.choose("hall", "another-password")
    assert live(device, world())[-1] == ("", "", 3)
    assert device.networks == [HALL, *OLD["networks"]], "where the new password is wrong, the old one is still there"


def test_one_that_leads_nowhere_is_forgotten(folder):
    device = boot(folder)
    device.choose(*HALL)
    there = world()
    there.works["networks"] = [*OLD["networks"]]
    assert live(device, there)[-1] == ("", "", 3)
    assert device.networks == OLD["networks"]
    assert not device.trying


def test_one_that_was_dismissed_is_forgotten_at_once(folder):
    device = boot(folder)
    device.choose(*HALL)
    device.refresh()
    assert device.hall
    device.dismiss()
    device.refresh()
    assert not device.trying
    assert boot(folder).networks == OLD["networks"]


@given(st.sets(st.sampled_from(FIELDS), min_size=1), st.booleans(), st.booleans(), st.booleans())
def test_a_document_and_a_network_of_the_hall_are_tried_together_and_apart(fields, doc_works, hall_works, hall_first):
    with tempfile.TemporaryDirectory() as name:
        device = boot(Path(name))
        if hall_first:
            device.choose(*HALL)
        tried(device, "hash-1", document(*fields))
        if not hall_first:
            device.choose(*HALL)
        there = world(*(fields if doc_works else ()))
        if hall_works:
            there.works["networks"] = [HALL]
        conn, bad, _ = live(device, there, 2 * DAY)[-1]
        assert not device.trying
        assert (HALL in device.networks) == hall_works
        if hall_works and fields == {"networks"}:
            assert {conn, bad} == {"hash-1", ""}, "in the hall's network neither is wrong"
        else:
            assert (conn, bad) == (("hash-1", "") if doc_works else ("", "hash-1"))


def test_a_flash_that_is_full_keeps_what_is_in_force(folder, monkeypatch):
    device = boot(folder)

    def full(*_: object) -> None:
        raise OSError(28)

    monkeypatch.setattr(Settings, "save", full)
    with pytest.raises(OSError, match="28"):
        tried(device, "hash-1", document("secret"))
    with pytest.raises(OSError, match="28"):
        device.choose(*HALL)
    assert not device.trying
    monkeypatch.undo()
    tried(device, "hash-1", document("secret"))
    monkeypatch.setattr(Settings, "save", full)
    assert live(device, world("secret"))[-1] == ("hash-1", "", 4)
    assert device.trying, "it works, and is not kept yet"
    monkeypatch.undo()
    assert live(boot(folder), world("secret"))[-1] == ("hash-1", "", 4)


@pytest.mark.parametrize(
    ("hash", "doc", "why"),
    [
        ("", {"v": 1}, "hash"),
        (7, {"v": 1}, "hash"),
        ("h" * 65, {"v": 1}, "hash"),
        ("hash", None, "v"),
        ("hash", {"v": 2}, "v"),
        ("hash", {"v": 1, "networks": []}, "networks"),
        ("hash", {"v": 1, "networks": [["a" * 33, ""]]}, "networks"),
        ("hash", {"v": 1, "networks": [["a", "short"]]}, "networks"),
        ("hash", {"v": 1, "networks": [["a"]]}, "networks"),
        ("hash", {"v": 1, "networks": [["a", ""]] * 9}, "networks"),
        ("hash", {"v": 1, "brokers": [["", 8883, 1]]}, "brokers"),
        ("hash", {"v": 1, "brokers": [["a", 0, 1]]}, "brokers"),
        ("hash", {"v": 1, "brokers": [["a", 8883, 2]]}, "brokers"),
        ("hash", {"v": 1, "brokers": {"a": 1}}, "brokers"),
        ("hash", {"v": 1, "ca": ["not base64!"]}, "ca"),
        ("hash", {"v": 1, "ca": [DER[0]] * 3}, "ca"),
        ("hash", {"v": 1, "ca": [base64.b64encode(b"x" * 200).decode()]}, "ca"),
        ("hash", {"v": 1, "gen": 4}, "gen"),
        ("hash", {"v": 1, "secret": "s"}, "gen"),
        ("hash", {"v": 1, "gen": 0, "secret": "s"}, "gen"),
        ("hash", {"v": 1, "gen": 4, "secret": ""}, "secret"),
    ],
)
def test_a_document_that_is_none_is_refused_with_its_field(folder, hash, doc, why):
    device = boot(folder)
    assert tried(device, hash, doc) == ("refused", "not usable: " + why)
    assert not device.trying


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@given(VALUES, st.fixed_dictionaries({"v": st.just(1)}, optional=dict.fromkeys((*FIELDS, "gen"), VALUES)) | VALUES)
def test_no_document_hurts(hash, doc):
    with tempfile.TemporaryDirectory() as name:
        device = boot(Path(name))
        outcome, _ = tried(device, hash, doc)
        assert outcome in ("done", "refused")
        assert live(device, world()), "the old works still"


def test_fields_of_later_versions_are_left_out(folder):
    device = boot(folder)
    tried(device, "hash-1", {**document("secret"), "later": 1})
    live(device, world("secret"))
    assert "later" not in (folder / "connection").read_text("latin-1")


# On MicroPython, and on littlefs with the power cut at every write.


CUTS = """
import io, sys
sys.path[:0] = [{root!r}, {root!r} + "/hil/flash"]
import json, vfs
from flash_block import BLOCK, TORN, Flash
from firmware.core.broker.connection import Connection
from firmware.core.broker.offer import tried
from firmware.core.flash.settings import Settings

BLOCKS = 24
doc = json.loads({doc!r})

class Identity:
    device, username, secret, generation = "020000000001", "020000000001.3", "old", 3
    networks, brokers = [("old", "password-1")], [("old.example", 8883, True)]

    def ca(self):
        return b""

def life(flash, told):
    vfs.mount(vfs.VfsLfs2(flash), "/cut")
    try:
        device = Connection(Identity(), Settings("/cut/state"))
        for step in ("offer", "works", "choose", "works"):
            if step == "offer":
                tried(device, "hash-1", doc)
            elif step == "choose":
                device.choose("hall", "password-3")
            else:
                device.refresh()
                device.begin()
                device.works()
                if device.trying:
                    raise OSError("not kept, and the flash is gone")
            told.append(look(device))
    finally:
        vfs.umount("/cut")

def look(device):
    device.refresh()
    return device._sets, device.conn if device.trying else device.load()["hash"], device.networks, device.secret

def fresh():
    store = io.BytesIO(b"\\xff" * (BLOCKS * BLOCK))
    vfs.VfsLfs2.mkfs(Flash(store, BLOCKS))
    flash = Flash(store, BLOCKS)
    vfs.mount(vfs.VfsLfs2(flash), "/cut")
    Settings("/cut/state")
    vfs.umount("/cut")
    return store

stands = []
flash = Flash(fresh(), BLOCKS)
life(flash, stands)
nothing = ([(0, 0)], "", Identity.networks, "old")
cuts = 0
for n in range(1, flash.operations + 1):
    for torn in TORN:
        store = fresh()
        told = []
        try:
            life(Flash(store, BLOCKS, n, torn), told)
        except OSError:
            pass
        vfs.mount(vfs.VfsLfs2(Flash(store, BLOCKS)), "/cut")
        found = look(Connection(Identity(), Settings("/cut/state")))
        vfs.umount("/cut")
        k = len(told)
        before, after = stands[k - 1] if k else nothing, stands[k] if k < len(stands) else stands[-1]
        # What a boot finds on trial has its turn from the beginning; all else is the old or the new.
        assert found[0] in (before[0], after[0]), (n, torn, found, before, after)
        assert found[2] in (before[2], after[2]), (n, torn, found, before, after)
        assert found[3] in (before[3], after[3]), (n, torn, found, before, after)
        cuts += 1
print(json.dumps({{"cuts": cuts, "last": stands[-1][2]}}))
"""


def test_a_power_cut_at_any_write_leaves_the_old_or_the_new(micropython, tmp_path):
    program = tmp_path / "cuts.py"
    program.write_text(CUTS.format(root=str(ROOT), doc=json.dumps(document("secret", "ca"))))
    run = subprocess.run([micropython, "-X", "heapsize=16m", program], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    done = json.loads(run.stdout.splitlines()[-1])
    assert done["cuts"] > 60
    assert done["last"][0] == list(HALL)
