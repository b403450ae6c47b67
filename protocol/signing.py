"""HMAC-SHA256 (RFC 2104) and verification of RSA signatures (RSASSA-PKCS1-v1_5 with SHA-256, RFC 8017)."""

import hashlib

_BLOCK = 64  # bytes SHA-256 works on
# DER of DigestInfo for SHA-256, RFC 8017 section 9.2, note 1
_SHA256 = b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20"
EXPONENT = 65537


def sha256(data: bytes) -> bytes:
    """The SHA-256 of `data`, 32 bytes."""
    return hashlib.sha256(data).digest()


def hmac(key: bytes, data: bytes) -> bytes:
    """The HMAC-SHA256 of `data` under `key`, 32 bytes."""
    if len(key) > _BLOCK:
        key = sha256(key)
    key = key + bytes(_BLOCK - len(key))
    inner = sha256(bytes(one ^ 0x36 for one in key) + data)
    return sha256(bytes(one ^ 0x5C for one in key) + inner)


def same(one: bytes, other: bytes) -> bool:
    """Whether two byte strings are equal, in a time that does not tell where they differ."""
    if len(one) != len(other):
        return False
    different = 0
    for i in range(len(one)):
        different |= one[i] ^ other[i]
    return different == 0


def verify(modulus: int, digest: bytes, signature: bytes) -> bool:
    """Whether `signature` is that of the SHA-256 `digest` under the RSA key (`modulus`, 65537)."""
    size = 0
    left = modulus
    while left:
        left >>= 8
        size += 1
    if len(digest) != 32 or len(signature) != size:
        return False
    value = int.from_bytes(signature, "big")
    if value >= modulus:
        return False
    block = pow(value, EXPONENT, modulus).to_bytes(size, "big")
    padding = size - 3 - len(_SHA256) - 32
    return padding >= 8 and same(block, b"\x00\x01" + b"\xff" * padding + b"\x00" + _SHA256 + digest)
