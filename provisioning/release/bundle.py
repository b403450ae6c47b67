"""A bundle: what devices fetch and install (docs/contract.md, section 10). Same firmware, same key, same bytes."""

import hashlib
import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from protocol.canonical import encode
from protocol.errors import BalaiError
from protocol.releases import LONGEST, MAGIC
from provisioning.errors import BuildError
from provisioning.image.slot import ABI, ROOT, VIRTUAL, slot
from provisioning.release.manifest import manifest, version_of

HEAD = struct.Struct("<8sIH")  # magic, bytes of the manifest, bytes of the signature
UNSIGNED = b""


@dataclass(frozen=True)
class Bundle:
    """A bundle in its pieces; `signature` is empty until it is signed."""

    manifest: bytes
    signature: bytes
    files: Mapping[str, bytes]

    @property
    def rel(self) -> str:
        """What names the release: the SHA-256 of its manifest, in hex."""
        return hashlib.sha256(self.manifest).hexdigest()

    def data(self) -> bytes:
        """Return the bytes of the file."""
        head = HEAD.pack(MAGIC, len(self.manifest), len(self.signature))
        return head + self.manifest + self.signature + b"".join(self.files[name] for name in sorted(self.files))


def build(version: str = "", back: int = 0, bench: bool = False, folder: Path | None = None) -> Bundle:
    """Return the firmware as a bundle that is not signed yet.

    Args:
        version: of the release, that of the firmware unless told.
        back: the highest seq that it may replace although it is older.
        bench: whether it brings the virtual parts of a bench.
        folder: a slot, the checkout's unless told.

    Raises BuildError.
    """
    folder = folder or slot()
    files = {one.name: one.read_bytes() for one in folder.glob("*.mpy") if bench or one.name != VIRTUAL}
    return Bundle(manifest(files, version or version_of(ROOT), int(ABI), back), UNSIGNED, files)


def read(data: bytes) -> Bundle:
    """Return the pieces of a bundle, all checked but its signature. Raises BuildError: what is wrong with it."""
    if len(data) < HEAD.size:
        raise BuildError("the bundle is cut off")
    magic, size, signed = HEAD.unpack_from(data)
    if magic != MAGIC:
        raise BuildError("this is no bundle")
    if size > LONGEST or len(data) < HEAD.size + size + signed:
        raise BuildError("the bundle is cut off, or its head is wrong")
    text = data[HEAD.size : HEAD.size + size]
    try:
        found = json.loads(text)
        rows = [(str(name), int(length), str(digest)) for name, length, digest in found["files"]]
        canonical = encode(found, LONGEST) == text
    except (ValueError, TypeError, KeyError, BalaiError) as error:
        raise BuildError("the bundle's manifest cannot be read") from error
    if not canonical or [name for name, _, _ in rows] != sorted({name for name, _, _ in rows}):
        raise BuildError("the bundle's manifest is not written as manifests are")
    at, files = HEAD.size + size + signed, {}
    for name, length, digest in rows:
        files[name] = data[at : at + length]
        if length < 0 or hashlib.sha256(files[name]).hexdigest() != digest:
            raise BuildError(f"the bundle's {name} is not what its manifest says")
        at += length
    if at != len(data):
        raise BuildError("the bundle is longer than its manifest says")
    return Bundle(text, data[HEAD.size + size : HEAD.size + size + signed], files)
