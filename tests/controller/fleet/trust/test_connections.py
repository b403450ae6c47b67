"""What is sent to a device of how it is to connect: what differs, nothing else, and never the same failure again."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.broker.certificates import Authority
from controller.broker.vault import Vault
from controller.fleet.trust import connections
from controller.fleet.trust.connections import Connection
from controller.folder import Folder
from protocol.canonical import encode

NAMES = st.text(st.characters(exclude_categories=("C",)), min_size=1, max_size=8)
NETWORKS = st.lists(st.tuples(NAMES, st.just("") | st.text("abc", min_size=8, max_size=9)), max_size=3)
BROKERS = st.lists(
    st.tuples(st.sampled_from(["a.example", "10.0.0.1"]), st.just(8883), st.just(1)), min_size=1, max_size=2
)
CAS = st.lists(st.sampled_from(["QQ==", "Qg==", "Qw=="]), min_size=1, max_size=2, unique=True).map(sorted)
WANTED = st.builds(Connection, NETWORKS, BROKERS, CAS, st.integers(1, 3), st.sampled_from(["one", "two", "three"]))
PARTS = ("networks", "brokers", "ca")


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Vault:
    return Vault(tmp_path_factory.mktemp("keys") / "secrets.key")


class Device:
    """A device that tries what it is sent, and goes back where it does not work."""

    def __init__(self, vault: Vault, identity: Connection) -> None:
        self.has = identity
        self.conn, self.bad = connections.name(vault, identity), ""
        self.tries = 0

    def be_sent(self, vault: Vault, wanted: Connection, works) -> bool:
        """Say what it has, take what it is sent for that, and return whether it was sent anything."""
        due = connections.due(wanted, connections.name(vault, wanted), self.conn, self.bad)
        if due is None:
            return False
        self.tries += 1
        doc = due.doc
        parts = {
            name: [tuple(one) if isinstance(one, list) else one for one in doc[name]] for name in PARTS if name in doc
        }
        if "gen" in doc:
            parts |= {"generation": doc["gen"], "secret": doc["secret"]}
        tried = self.has._replace(**parts)
        if works(tried):
            self.has, self.conn, self.bad = tried, due.hash, ""
        else:
            self.bad = due.hash
        return True


@given(WANTED, st.lists(WANTED, min_size=1, max_size=4))
def test_a_device_has_what_it_should_after_two_documents_at_most_and_then_is_left_alone(vault, identity, wishes):
    device = Device(vault, identity)
    for wanted in wishes:
        device.tries = 0
        while device.be_sent(vault, wanted, lambda _tried: True):
            pass
        assert device.tries <= 2, "the secret alone, then the rest"
        assert (device.has.generation, device.has.secret, device.has.brokers, device.has.ca) == (
            wanted.generation, wanted.secret, wanted.brokers, wanted.ca,
        )  # fmt: skip
        assert device.has.networks == wanted.networks or not wanted.networks, "no networks: those that it has stay"
        assert device.conn == connections.name(vault, wanted)


@given(WANTED, WANTED, st.integers(1, 3))
def test_what_does_not_work_is_tried_once_and_a_new_secret_is_not_held_up_by_it(vault, identity, wanted, generation):
    device = Device(vault, identity)
    new = wanted._replace(generation=generation + 3, secret="another")
    for wish in (wanted, new):
        device.tries = 0
        while device.be_sent(vault, wish, lambda tried: tried[:3] == identity[:3]):  # only its first way works
            assert device.tries <= 3
    assert (device.has.generation, device.has.secret) == (new.generation, new.secret)
    assert device.has[:3] == identity[:3]


@given(WANTED, WANTED)
def test_a_secret_that_does_not_work_is_known_from_what_the_device_says(vault, identity, wanted):
    wanted = wanted._replace(generation=identity.generation + 1, secret="another")
    device = Device(vault, identity)
    assert device.be_sent(vault, wanted, lambda _tried: False)
    assert not device.be_sent(vault, wanted, lambda _tried: False), "once is enough"
    name = connections.name(vault, wanted)
    assert connections.refused_secret(device.conn, device.bad, name)
    assert not connections.refused_secret(device.conn, "", name)
    assert not connections.refused_secret(name, device.bad, name), "it works after all"


@given(WANTED, st.text(max_size=64).filter(lambda text: len(text) != 48))
def test_a_device_of_which_nobody_knows_what_it_has_is_sent_everything_once(vault, wanted, conn):
    name = connections.name(vault, wanted)
    due = connections.due(wanted, name, conn, "")
    assert due is not None
    assert set(due.doc) == {"v", "brokers", "ca", "gen", "secret"} | ({"networks"} if wanted.networks else set())
    assert connections.due(wanted, name, conn, due.hash) is None


def test_names_are_keyed_so_that_a_wifi_password_cannot_be_guessed_from_them(tmp_path: Path):
    wanted = Connection([("balai", "rahasia-wifi")], [("a", 8883, 1)], [], 1, "secret")
    one, other = (connections.name(Vault(tmp_path / name), wanted) for name in ("one.key", "other.key"))
    assert one != other
    assert all(one[at : at + 12] != other[at : at + 12] for at in range(0, 48, 12))
    assert len(one) == 48


def test_the_largest_document_is_a_message(tmp_path: Path, vault):
    folder = Folder(tmp_path)
    folder.make()
    authority = Authority(folder)
    authority.renew()
    networks = [("n" * 32, "p" * 63)] * 5
    brokers = [("a" * 60, 65535, 1)] * 4
    wanted = Connection(networks, brokers, connections.certificates(authority.pem), 999_999_999, "s" * 32)
    assert len(wanted.ca) == 2
    due = connections.due(wanted, connections.name(vault, wanted), "", "")
    assert due is not None
    encode({"id": "0" * 16, "expires": 1 << 42, "op": "connect", "args": {"hash": due.hash, "doc": due.doc}})


def test_a_ca_that_a_device_could_not_take_is_left_to_its_flash(tmp_path: Path):
    pem = ""
    for name in ("one", "two", "three"):
        folder = Folder(tmp_path / name)
        folder.make()
        pem += Authority(folder).pem
    assert connections.certificates(pem) == []
    assert connections.certificates("") == []
