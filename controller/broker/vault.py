"""Device secrets at rest: encrypted with a key that lies in a file outside the database.

The broker cannot hand passwords over, and its accounts are written anew from the database at each start, so the secrets
must be readable to us. A copy of the database alone does not give them away.
"""

import hashlib
import hmac
import os
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from controller.folder import write_secret

KEY_BYTES = 32
NONCE_BYTES = 12  # NIST SP 800-38D, section 5.2.1.1
VERSION = "1."


class VaultError(Exception):
    """A secret cannot be opened; the text says what to do, never what the secret is."""


class Vault:
    """Seals and opens secrets with the key in the file `path`, made where there is none (AES-256-GCM)."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            write_secret(path, secrets.token_bytes(KEY_BYTES))
        key = path.read_bytes()
        if len(key) != KEY_BYTES:
            raise VaultError(f"{path} is not a key of {KEY_BYTES} bytes: put the one from the backup there")
        self._path = path
        self._cipher = AESGCM(key)
        self._naming = hmac.new(key, b"balai names", hashlib.sha256).digest()  # one key for one use

    def seal(self, secret: str, owner: str) -> str:
        """Return `secret` encrypted; it opens only for the same `owner`, such as a username of the broker."""
        nonce = os.urandom(NONCE_BYTES)
        sealed = nonce + self._cipher.encrypt(nonce, secret.encode(), owner.encode())
        return VERSION + urlsafe_b64encode(sealed).decode()

    def tag(self, content: bytes) -> str:
        """Return a name of `content` (hex) by which nobody without the key can guess it: HMAC-SHA256 (RFC 2104)."""
        return hmac.new(self._naming, content, hashlib.sha256).hexdigest()

    def open(self, sealed: str, owner: str) -> str:
        """Return the secret of `owner` that `seal` has encrypted.

        Raises VaultError where the key is another one, or the text has been changed or belongs to another owner.
        """
        try:
            if not sealed.startswith(VERSION):
                raise ValueError
            data = urlsafe_b64decode(sealed.removeprefix(VERSION))
            return self._cipher.decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], owner.encode()).decode()
        except (InvalidTag, ValueError) as error:
            raise VaultError(
                f"the secret of {owner} does not open with {self._path}: restore the key that belongs to the database"
            ) from error
