"""A bundle: the same bytes from the same sources, and nothing that is wrong with one goes unseen."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.errors import BuildError
from provisioning.image.slot import VIRTUAL, slot
from provisioning.release import keys
from provisioning.release.bundle import HEAD, MAGIC, Bundle, build, read
from provisioning.release.manifest import sequence


@pytest.fixture(scope="module")
def key(tmp_path_factory):
    path = tmp_path_factory.mktemp("key") / "release.key"
    private, public = keys.make()
    path.write_bytes(private)
    return keys.private(path), keys.public(public)


def signed(made: Bundle, key) -> Bundle:
    return Bundle(made.manifest, keys.sign(key, made.manifest), made.files)


def test_the_firmware_is_a_bundle_of_at_most_a_hundred_kilobytes(key):
    made = signed(build(), key[0])
    assert len(made.data()) <= 100_000
    assert made.data() == signed(build(), key[0]).data()
    assert read(made.data()) == made
    assert json.loads(made.manifest)["fw"] == "0.1.0"


def test_a_slot_that_is_flashed_is_the_release_that_would_be_built():
    assert (slot() / "manifest").read_bytes() == build().manifest


def test_only_that_of_a_bench_has_virtual_parts():
    assert VIRTUAL not in build().files
    assert VIRTUAL in build(bench=True).files


def test_a_signature_is_of_one_key_and_one_manifest(key):
    made = signed(build(), key[0])
    _, other = keys.make()
    assert keys.is_signed(key[1], made.manifest, made.signature)
    assert not keys.is_signed(keys.public(other), made.manifest, made.signature)
    assert not keys.is_signed(key[1], made.manifest + b" ", made.signature)
    assert not keys.is_signed(key[1], made.manifest, made.signature[:-1])


@given(data=st.data())
def test_a_bundle_that_is_cut_or_has_one_other_byte_is_refused_or_is_not_signed(data, key):
    made = signed(build(), key[0])
    whole = made.data()
    head = HEAD.size + len(made.manifest) + len(made.signature)
    at = data.draw(st.one_of(st.integers(0, head), st.integers(0, len(whole) - 1)))
    if data.draw(st.booleans()):
        with pytest.raises(BuildError):
            read(whole[:at])
    other = bytearray(whole)
    other[at] ^= data.draw(st.integers(1, 255))
    try:
        found = read(bytes(other))
    except BuildError:
        return
    assert not keys.is_signed(key[1], found.manifest, found.signature)


@given(st.binary(max_size=300))
def test_rubbish_is_no_bundle(data):
    with pytest.raises(BuildError):
        read(data)
    with pytest.raises(BuildError):
        read(MAGIC + data)


def test_what_follows_a_bundle_is_not_overlooked():
    with pytest.raises(BuildError, match="longer"):
        read(build().data() + b"x")


@pytest.mark.parametrize(
    ("version", "number"), [("0.0.0", 0), ("0.1.0", 1_000), ("1.2.3", 1_002_003), ("999.999.999", 999_999_999)]
)
def test_versions_are_ordered_by_a_number(version, number):
    assert sequence(version) == number


@pytest.mark.parametrize(
    "version", ["", "1", "1.2", "1.2.3.4", "1.2.x", "01.2.3", "1.2.1000", "v1.2.3", "1.2.3-rc1", " 1.2.3"]
)
def test_other_versions_are_refused(version):
    with pytest.raises(BuildError, match="is no version"):
        sequence(version)
