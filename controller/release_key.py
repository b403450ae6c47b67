"""The public key that signs releases, as the setting `release_key` names it."""

from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from protocol.signing import EXPONENT

BITS = 3072  # docs/contract.md, section 10


def modulus_of(path: Path) -> int:
    """Return the modulus of the key in a PEM file. Raises ValueError, with what is wrong with it."""
    try:
        key = load_pem_public_key(path.read_bytes())
    except OSError as error:
        raise ValueError(error.strerror or "cannot be read") from error
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError("not a public key in PEM") from None
    if not isinstance(key, RSAPublicKey) or key.key_size != BITS or key.public_numbers().e != EXPONENT:
        raise ValueError(f"not an RSA key of {BITS} bits with the exponent {EXPONENT}")
    return key.public_numbers().n


def hex_of(path: Path | None) -> str:
    """Return the modulus as devices are given it: hex in lower case, "" where there is no key."""
    return f"{modulus_of(path):x}" if path else ""
