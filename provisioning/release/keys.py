"""The key that signs releases: RSA of 3,072 bits, which a device verifies in a tenth of a second."""

from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from provisioning.errors import DiskError, UsageError

BITS = 3_072
EXPONENT = 65_537


def make(passphrase: bytes = b"") -> tuple[bytes, bytes]:
    """Return a new key as PEM: the private one, encrypted where there is a passphrase, and the public one."""
    key = rsa.generate_private_key(EXPONENT, BITS)
    kept = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, kept)
    return private, key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def private(path: Path, passphrase: bytes = b"") -> rsa.RSAPrivateKey:
    """Return the private key in a file. Raises UsageError, DiskError."""
    try:
        key = serialization.load_pem_private_key(_read(path), passphrase or None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise UsageError(f"{path} holds no private key that can be read, or its passphrase is another") from error
    if not isinstance(key, rsa.RSAPrivateKey) or key.key_size != BITS:
        raise UsageError(f"{path} holds another kind of key: releases are signed by RSA of {BITS:,} bits")
    return key


def modulus(path: Path) -> str:
    """Return the public key in a file as devices keep it: the modulus in hex. Raises UsageError, DiskError."""
    return public(_read(path), str(path))


def public(pem: bytes, name: str = "the text") -> str:
    """Return the modulus of a public key in PEM, in hex. Raises UsageError."""
    try:
        key = serialization.load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise UsageError(f"{name} holds no public key: take the .pub that `balai release key` has written") from error
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size != BITS or key.public_numbers().e != EXPONENT:
        raise UsageError(f"{name} holds another kind of key: releases are signed by RSA of {BITS:,} bits")
    return f"{key.public_numbers().n:x}"


def sign(key: rsa.RSAPrivateKey, data: bytes) -> bytes:
    """Return the signature over `data`: the same each time."""
    return key.sign(data, padding.PKCS1v15(), SHA256())


def is_signed(modulus_hex: str, data: bytes, signature: bytes) -> bool:
    """Whether `signature` is over `data` by that key."""
    try:
        key = rsa.RSAPublicNumbers(EXPONENT, int(modulus_hex, 16)).public_key()
        key.verify(signature, data, padding.PKCS1v15(), SHA256())
    except (InvalidSignature, ValueError):
        return False
    return True


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DiskError(f"{path} cannot be read ({error.strerror})") from error
