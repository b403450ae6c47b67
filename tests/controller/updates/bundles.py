"""Makes bundles of releases as the contract has them (section 10), and such that are not."""

import hashlib
from functools import cache
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from protocol.canonical import encode

Json = dict[str, object]
FILES = {"chip.mpy": b"M\x06" + bytes(range(200)) * 20, "node.mpy": b"M\x06node" * 300}


def key(number: int = 0) -> RSAPrivateKey:
    """Return a key of releases; each `number` another."""
    return _made(number)


@cache
def _made(_number: int) -> RSAPrivateKey:
    return generate_private_key(65537, 3072)


def public(path: Path, number: int = 0) -> Path:
    """Write the public part of a key to a PEM file."""
    pem = key(number).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    path.write_bytes(pem)
    return path


def manifest(fw: str = "0.2.0", files: dict[str, bytes] | None = None, **more: object) -> Json:
    """Return the manifest of a release; `more` takes the place of what it would say."""
    major, minor, patch = map(int, fw.split("."))
    return {
        "v": 1,
        "fw": fw,
        "seq": major * 1_000_000 + minor * 1_000 + patch,
        "abi": 6,
        "least": "1.25.0",
        "roles": ["counter", "display", "kiosk"],
        "back": 0,
        "files": [
            [name, len(data), hashlib.sha256(data).hexdigest()]
            for name, data in sorted((FILES if files is None else files).items())
        ],
        **more,
    }


def sealed(said: bytes, data: bytes, signer: int = 0) -> bytes:
    """Return a bundle with this manifest, as it stands, signed by a key, and these bytes of files."""
    signature = key(signer).sign(said, PKCS1v15(), SHA256())
    head = b"BALAI-1\n" + len(said).to_bytes(4, "little") + len(signature).to_bytes(2, "little")
    return head + said + signature + data


def bundle(fw: str = "0.2.0", signer: int = 0, files: dict[str, bytes] | None = None, **more: object) -> bytes:
    """Return a bundle."""
    found = FILES if files is None else files
    data = b"".join(found[name] for name in sorted(found))
    return sealed(encode(manifest(fw, files, **more), 1 << 20), data, signer)


def rel(data: bytes) -> str:
    """Return the name of a bundle's release."""
    return hashlib.sha256(data[14 : 14 + int.from_bytes(data[8:12], "little")]).hexdigest()
