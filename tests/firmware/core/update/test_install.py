"""What is not a whole release for this device, signed by its key, never becomes startable."""

import asyncio
import json
import tempfile
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.core.update import install as installing
from firmware.core.update.install import CHUNK, install
from firmware.core.update.manifest import UpdateError
from protocol.canonical import encode
from provisioning.release import keys
from provisioning.release.bundle import HEAD, MAGIC, Bundle
from provisioning.release.manifest import manifest, sequence

ABI = 6
SIZES = {"chip.mpy": 3_000, "node.mpy": 5_000}


def pair(tmp: Path):
    """A private key, and the modulus that a device has."""
    made, public = keys.make()
    (tmp / "key").write_bytes(made)
    return keys.private(tmp / "key"), keys.public(public)


@pytest.fixture(scope="module")
def signed(tmp_path_factory):
    return pair(tmp_path_factory.mktemp("keys"))


def release(key, text: bytes = b"", version: str = "0.2.0", **more) -> Bundle:
    """A signed release; `text` is another manifest."""
    files = {name: (name * size)[:size].encode() for name, size in SIZES.items()}
    text = text or manifest(files, version, ABI, **more)
    return Bundle(text, keys.sign(key, text), files)


def put(folder: Path, data: bytes, rel: str, modulus: str, role="kiosk", runs="0.1.0", broken=0) -> int:
    """Install a bundle; how many chunks were asked for. `broken`: the session ends at this chunk."""
    asked = 0

    async def chunk(off: int, size: int) -> bytes:
        nonlocal asked
        asked += 1
        assert 0 < size <= CHUNK
        if asked == broken:
            raise ConnectionError
        return data[off : off + size].ljust(size, b"\0")

    there = SimpleNamespace(implementation=SimpleNamespace(_mpy=774, version=(1, 25, 0, "")))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(installing, "sys", there)
        asyncio.run(install(str(folder), rel, len(data), chunk, modulus, role, sequence(runs)))
    return asked


def is_whole(folder: Path, made: Bundle) -> bool:
    """Whether the slot can be started, and holds that release."""
    if not (folder / "abi").exists():
        return False
    assert (folder / "abi").read_bytes() == b"6"
    assert (folder / "manifest").read_bytes() == made.manifest
    found = {one.name: one.read_bytes() for one in folder.iterdir() if one.suffix == ".mpy"}
    assert found == made.files
    assert not (folder / "coming").exists()
    return True


def test_a_release_that_is_right_is_installed(signed, tmp_path):
    made = release(signed[0])
    put(tmp_path / "b", made.data(), made.rel, signed[1])
    assert is_whole(tmp_path / "b", made)


def test_one_that_breaks_off_anywhere_goes_on_and_fetches_nothing_twice(signed, tmp_path):
    made = release(signed[0])
    whole = put(tmp_path / "whole", made.data(), made.rel, signed[1])
    for at in range(1, whole + 1):
        folder = tmp_path / str(at)
        with pytest.raises(ConnectionError):
            put(folder, made.data(), made.rel, signed[1], broken=at)
        assert not is_whole(folder, made)
        again = put(folder, made.data(), made.rel, signed[1])
        assert is_whole(folder, made)
        assert at - 1 + again <= whole + 2, "its head and manifest alone come again"


def test_files_that_the_slot_has_already_are_kept(signed, tmp_path):
    old = release(signed[0], version="0.1.5")
    put(tmp_path / "b", old.data(), old.rel, signed[1])
    made = release(signed[0])
    assert put(tmp_path / "b", made.data(), made.rel, signed[1]) == 2, "all but its head and manifest are the same"
    assert is_whole(tmp_path / "b", made)


def changed(**fields: object) -> bytes:
    """A manifest with other fields; None takes one away."""
    found = json.loads(release_text())
    for name, value in fields.items():
        found[name] = value
        if value is None:
            del found[name]
    return encode(found, 4096)


def release_text() -> bytes:
    """The manifest of the release."""
    return manifest({name: (name * size)[:size].encode() for name, size in SIZES.items()}, "0.2.0", ABI)


DIGEST = "0" * 64
WRONG = {
    "abi": [{"abi": 5}, {"abi": 7}],
    "least": [{"least": "1.26.0"}, {"least": "2.0.0"}],
    "role": [{"roles": []}, {"roles": ["display", "counter"]}],
    "older": [{"seq": 1_000}, {"seq": 0}, {"seq": 999, "back": 999}],
    "size": [{"files": [["node.mpy", 5_000, DIGEST]]}],
    "hash": [{"files": [["chip.mpy", 3_000, DIGEST], ["node.mpy", 5_000, DIGEST]]}],
    "manifest": [
        {"v": 2}, {"v": None}, {"files": None}, {"files": []}, {"files": 7}, {"roles": 7}, {"least": 7}, {"abi": "x"},
        {"files": [["node.mpy", -1, DIGEST]]}, {"files": [["../node.mpy", 8_000, DIGEST]]}, {"least": "1.x"},
        {"files": [["abi", 8_000, DIGEST]]}, {"files": [["a/b.mpy", 8_000, DIGEST]]},
        {"files": [[".mpy", 8_000, DIGEST]]},
        {"files": [["node.mpy", 4_000, DIGEST], ["node.mpy", 4_000, DIGEST]]}, {"files": [["node.py", 8_000, DIGEST]]},
        {"files": [["node.mpy", 4_000, DIGEST], ["chip.mpy", 4_000, DIGEST]]}, {"files": [["node.mpy", 8_000, "00"]]},
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("why", "fields"), [(why, fields) for why, all_ in WRONG.items() for fields in all_], ids=lambda one: str(one)[:60]
)
def test_a_signed_release_that_is_not_for_this_device_is_refused(why, fields, signed, tmp_path):
    made = release(signed[0], changed(**fields))
    with pytest.raises(UpdateError) as error:
        put(tmp_path / "b", made.data(), made.rel, signed[1])
    assert error.value.why == why
    assert not (tmp_path / "b" / "abi").exists()


def test_an_older_release_is_taken_where_it_was_signed_as_a_downgrade(signed, tmp_path):
    for back, fits in ((sequence("0.2.9"), False), (sequence("0.3.0"), True), (sequence("0.4.0"), True)):
        made = release(signed[0], back=back)
        folder = tmp_path / str(back)
        if fits:
            put(folder, made.data(), made.rel, signed[1], runs="0.3.0")
            assert is_whole(folder, made)
        else:
            with pytest.raises(UpdateError, match="older"):
                put(folder, made.data(), made.rel, signed[1], runs="0.3.0")


def test_another_key_is_refused_and_so_is_another_release_than_was_ordered(signed, tmp_path):
    made = release(signed[0])
    with pytest.raises(UpdateError, match="signature"):
        put(tmp_path / "b", made.data(), made.rel, pair(tmp_path)[1])
    with pytest.raises(UpdateError, match="manifest"):
        put(tmp_path / "b", made.data(), "0" * 64, signed[1])
    assert not list((tmp_path / "b").iterdir())


@settings(max_examples=150)
@given(data=st.data())
def test_a_byte_that_is_wrong_or_an_end_that_is_missing_is_found(data, signed, tmp_path_factory):
    made = release(signed[0])
    whole = made.data()
    at = data.draw(st.one_of(st.integers(0, HEAD.size + len(made.manifest) + 384), st.integers(0, len(whole) - 1)))
    flipped = bytearray(whole)
    flipped[at] ^= data.draw(st.integers(1, 255))
    bad = bytes(flipped) if data.draw(st.booleans()) else whole[:at]
    folder = tmp_path_factory.mktemp("slot") / "b"
    with pytest.raises(UpdateError):
        put(folder, bad, made.rel, signed[1])
    assert not (folder / "abi").exists()
    put(folder, whole, made.rel, signed[1])
    assert is_whole(folder, made), "and the right one is taken afterwards"


@given(st.binary(max_size=200))
@settings(max_examples=100)
def test_rubbish_is_no_release(data):
    with tempfile.TemporaryDirectory() as folder, pytest.raises(UpdateError):
        put(Path(folder) / "b", MAGIC[: len(data) % 9] + data, "0" * 64, "f" * 768)
