"""A bundle is used when it is whole, signed by our key and canonical; otherwise it is told apart, whatever is wrong."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.updates.release.bundle import LARGEST, BundleError, parse
from protocol.canonical import encode
from provisioning.release.bundle import Bundle
from provisioning.release.keys import sign
from provisioning.release.manifest import manifest as manifest_of
from tests.controller.updates.bundles import FILES, bundle, key, manifest, rel, sealed

GOOD = bundle()
MODULUS = key().public_key().public_numbers().n
DATA = b"".join(FILES[name] for name in sorted(FILES))


def refused(data: bytes, why: str = ".") -> str:
    with pytest.raises(BundleError, match=why) as told:
        parse(data, MODULUS)
    return str(told.value)


def test_a_good_bundle_is_what_it_says():
    found = parse(GOOD, MODULUS)
    assert (found.rel, found.fw, found.seq, found.abi) == (rel(GOOD), "0.2.0", 2000, 6)
    assert (found.least, found.roles, found.back) == ("1.25.0", ("counter", "display", "kiosk"), 0)
    assert [file.name for file in found.files] == ["chip.mpy", "node.mpy"]
    assert found.size == len(GOOD)


@given(st.integers(0, len(GOOD) - 1))
def test_a_torn_one_is_refused(end):
    refused(GOOD[:end])


HEAD = 14 + len(encode(manifest(), 1 << 20))  # where the signature begins


@pytest.mark.parametrize("end", [0, 7, 8, 11, 12, 13, 14, HEAD - 1, HEAD, HEAD + 383, HEAD + 384, len(GOOD) - 1])
def test_one_torn_where_a_part_ends_is_refused(end):
    refused(GOOD[:end])


@given(st.integers(0, len(GOOD) - 1), st.integers(1, 255))
def test_one_with_a_byte_changed_anywhere_is_refused(at, by):
    damaged = bytearray(GOOD)
    damaged[at] ^= by
    refused(bytes(damaged))


def test_every_byte_counts():
    for at in (*range(HEAD + 384), *range(HEAD + 384, len(GOOD), 97)):
        refused(GOOD[:at] + bytes([GOOD[at] ^ 1]) + GOOD[at + 1 :])


def test_one_by_another_key_is_refused():
    refused(bundle(signer=1), "not signed by the key")


def test_what_follows_the_files_is_refused():
    for more in (b"\0", DATA, b"x" * 1000):
        refused(GOOD + more, "damaged")


@pytest.mark.parametrize(
    "said",
    [
        json.dumps(manifest()).encode(),
        encode(manifest(), 1 << 20) + b" ",
        b" " + encode(manifest(), 1 << 20),
        encode(manifest(), 1 << 20).replace(b'{"abi":6', b'{"abi":6,"abi":6'),
        encode(manifest(), 1 << 20).replace(b'"abi":6', b'"abi":6.0'),
        encode(manifest(), 1 << 20).replace(b'"0.2.0"', b'"\\u0030.2.0"'),
        b"[]",
        b"7",
        b"",
        b"\xff\xfe",
        b"[" * 1000,
    ],
)
def test_a_signed_manifest_that_is_not_canonical_is_refused(said):
    refused(sealed(said, DATA), "canonical")


ENTRY = ["chip.mpy", 3, "ab" * 32]
WRONG = [
    {"v": 2},
    {"v": True},
    {"fw": "0.2.1"},
    {"fw": "0.2"},
    {"fw": "0.2.0-rc1"},
    {"fw": "00.2.0"},
    {"fw": "٠.2.0"},
    {"fw": 2},
    {"seq": 2001},
    {"seq": True},
    {"seq": -2000},
    {"abi": 256},
    {"abi": -1},
    {"abi": "6"},
    {"least": "1.25"},
    {"least": 125},
    {"roles": []},
    {"roles": ["kiosk", "kiosk"]},
    {"roles": ["king"]},
    {"roles": "kiosk"},
    {"roles": [["kiosk"]]},
    {"back": -1},
    {"back": None},
    {"files": []},
    {"files": {}},
    {"files": ["chip.mpy"]},
    {"files": [ENTRY[:2]]},
    {"files": [["../a.mpy", 3, "ab" * 32]]},
    {"files": [["Chip.mpy", 3, "ab" * 32]]},
    {"files": [["chip.mpy\n", 3, "ab" * 32]]},
    {"files": [["chip.mpy", 0, "ab" * 32]]},
    {"files": [["chip.mpy", -1, "ab" * 32]]},
    {"files": [["chip.mpy", 1 << 62, "ab" * 32]]},
    {"files": [["chip.mpy", 3, "AB" * 32]]},
    {"files": [ENTRY, ENTRY]},
    {"files": [["node.mpy", 3, "ab" * 32], ENTRY]},
]


@pytest.mark.parametrize("more", WRONG, ids=str)
def test_a_signed_manifest_that_makes_no_sense_is_refused(more):
    refused(sealed(encode({**manifest(), **more}, 1 << 20), DATA))


@pytest.mark.parametrize("name", sorted(manifest()))
def test_a_signed_manifest_that_lacks_something_is_refused(name):
    said = manifest()
    del said[name]
    refused(sealed(encode(said, 1 << 20), DATA))


def test_what_balai_release_makes_is_accepted():
    made = Bundle(text := manifest_of(FILES, "0.2.0", 6, back=1_000_000), sign(key(), text), FILES)
    found = parse(made.data(), MODULUS)
    assert (found.rel, found.fw, found.back) == (made.rel, "0.2.0", 1_000_000)


def test_a_manifest_may_say_more_than_we_know():
    assert parse(bundle(later=1), MODULUS).fw == "0.2.0"


@pytest.mark.parametrize("at", [8, 12])
@pytest.mark.parametrize("value", [0, 1, 0x7FFF, 0xFFFF])
def test_absurd_lengths_are_refused(at, value):
    width = 4 if at == 8 else 2
    huge = value << 16 if width == 4 and value > 1 else value
    refused(GOOD[:at] + huge.to_bytes(width, "little") + GOOD[at + width :])


def test_one_that_is_too_large_is_refused():
    big = bundle(files={"chip.mpy": bytes(LARGEST)})
    refused(big, "larger than 512 KB")
    fits = LARGEST - (len(big) - LARGEST)
    assert parse(bundle(files={"chip.mpy": bytes(fits)}), MODULUS).size == LARGEST
