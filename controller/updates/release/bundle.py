"""A release's bundle: parsed and checked to the last byte (contract, section 10). Pure.

BALAI-1\\n | length of the manifest, 4 | length of the signature, 2 | manifest | signature | files
"""

import hashlib
import re
from dataclasses import dataclass
from typing import NamedTuple

from controller.web.i18n import N_
from protocol.canonical import decode, encode
from protocol.errors import BadMessage
from protocol.releases import HEAD, LONGEST, MAGIC, is_file, sequence
from protocol.signing import verify

LARGEST = 512 << 10  # bytes of a bundle
ROLES = ("counter", "display", "kiosk", "sensor")
SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)


class BundleError(Exception):
    """A bundle cannot be used; the text says why."""


class File(NamedTuple):
    """One file of a release: `size` in bytes, `sha256` in hex."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Bundle:
    """A bundle that holds what it says. `rel` names the release, `sha256` and `size` the whole as a blob."""

    rel: str
    fw: str
    seq: int
    abi: int
    least: str
    roles: tuple[str, ...]
    back: int
    files: tuple[File, ...]
    sha256: str
    size: int


def parse(data: bytes, modulus: int) -> Bundle:
    """Return what a bundle holds, every byte of it accounted for. Raises BundleError.

    Args:
        data: the whole file.
        modulus: of the RSA key that has to have signed it.
    """
    if len(data) > LARGEST:
        raise BundleError(N_("The bundle is larger than 512 KB"))
    if len(data) < HEAD or not data.startswith(MAGIC):
        raise BundleError(N_("This is no bundle of a release"))
    middle = HEAD + int.from_bytes(data[8:12], "little")
    end = middle + int.from_bytes(data[12:14], "little")
    if middle - HEAD > LONGEST or end > len(data):
        raise BundleError(N_("The bundle is damaged: it ends before its manifest does"))
    manifest = data[HEAD:middle]
    digest = hashlib.sha256(manifest)
    if not verify(modulus, digest.digest(), data[middle:end]):
        raise BundleError(N_("The bundle is not signed by the key that this controller trusts"))
    said = _manifest(manifest)
    fw, seq, abi, least, roles, back = _release(said)
    files = _files(said.get("files"))
    _check_files(files, data[end:])
    whole = hashlib.sha256(data).hexdigest()
    return Bundle(digest.hexdigest(), fw, seq, abi, least, roles, back, files, whole, len(data))


def _manifest(manifest: bytes) -> dict[str, object]:
    try:
        said = decode(manifest, LONGEST)
        canonical = encode(said, LONGEST) == manifest
    except BadMessage:
        said, canonical = None, False
    if not isinstance(said, dict) or not canonical:
        raise BundleError(N_("The manifest is no canonical JSON object"))
    if type(said.get("v")) is not int or said["v"] != 1:
        raise BundleError(N_("The manifest is of a version that this controller does not know"))
    return said


def _release(said: dict[str, object]) -> tuple[str, int, int, str, tuple[str, ...], int]:
    fw, seq, abi, least, roles, back = (said.get(name) for name in ("fw", "seq", "abi", "least", "roles", "back"))
    if not isinstance(fw, str) or type(seq) is not int or seq != sequence(fw):
        raise BundleError(N_("The manifest's version and its number do not fit"))
    if type(abi) is not int or not 0 <= abi <= 255:
        raise BundleError(N_("The manifest does not say for which interpreter it is"))
    if not isinstance(least, str) or sequence(least) < 0:
        raise BundleError(N_("The manifest does not say for which interpreter it is"))
    if not isinstance(roles, list) or not roles or len(set(map(str, roles))) < len(roles):
        raise BundleError(N_("The manifest does not say for which roles it is"))
    if any(role not in ROLES for role in roles):
        raise BundleError(N_("The manifest does not say for which roles it is"))
    if type(back) is not int or not 0 <= back < 1_000_000_000:
        raise BundleError(N_("The manifest's downgrade makes no sense"))
    return fw, seq, abi, least, tuple(map(str, roles)), back


def _files(listed: object) -> tuple[File, ...]:
    if not isinstance(listed, list) or not listed:
        raise BundleError(N_("The manifest has no files"))
    found: list[File] = []
    for one in listed:
        if not isinstance(one, list) or len(one) != 3:
            raise BundleError(N_("The manifest's list of files makes no sense"))
        name, size, sha256 = one
        named = isinstance(name, str) and is_file(name)
        hashed = isinstance(sha256, str) and SHA256.fullmatch(sha256) is not None
        if not named or not hashed or type(size) is not int or not 0 < size <= LARGEST:
            raise BundleError(N_("The manifest's list of files makes no sense"))
        if found and name <= found[-1].name:
            raise BundleError(N_("The manifest's files are not in the order of their names"))
        found.append(File(name, size, sha256))
    return tuple(found)


def _check_files(files: tuple[File, ...], data: bytes) -> None:
    if sum(file.size for file in files) != len(data):
        raise BundleError(N_("The bundle is damaged: its files are not as long as its manifest says"))
    at = 0
    for file in files:
        if hashlib.sha256(data[at : at + file.size]).hexdigest() != file.sha256:
            raise BundleError(N_("The bundle is damaged: a file is not what its manifest says"))
        at += file.size
