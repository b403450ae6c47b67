"""The second factor: six digits of an authenticator app (TOTP, RFC 6238), and codes for the day on which it is lost.

The secret is sealed in the database; recovery codes are kept as hashes. A code is good once: a step that was used, or
one before it, is not taken again.
"""

import json
import secrets
import time

import pyotp
from sqlmodel import Session

from controller.accounts.models import Factor
from controller.accounts.service import AccountError, hashed
from controller.broker.vault import Vault

STEP_S = 30
DRIFT = 1  # steps by which a phone's clock may be off, either way
CODES = 8  # for recovery
ISSUER = "Balai"


def begin(session: Session, vault: Vault, name: str) -> tuple[str, str]:
    """Make a secret for an account; return it, and the address that apps read from a QR code.

    It is not asked for before `confirm`. Raises AccountError where the account has a second factor.
    """
    found = session.get(Factor, name)
    if found is not None and found.on:
        raise AccountError("this account has a second factor: remove it first")
    secret = pyotp.random_base32()
    session.merge(Factor(user=name, sealed=vault.seal(secret, _owner(name)), on=False, step=0, codes="[]"))
    return secret, pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=ISSUER)


def confirm(session: Session, vault: Vault, name: str, code: str) -> list[str]:
    """Turn it on with a first code; return the recovery codes, to be shown once. Raises AccountError."""
    found = session.get(Factor, name)
    if found is None or found.on:
        raise AccountError("there is no second factor to confirm: begin again")
    if not _fits(found, vault, code):
        raise AccountError("this code is not right: check the clock of the phone", 422)
    codes = [secrets.token_hex(5) for _ in range(CODES)]
    found.codes = json.dumps([hashed(one) for one in codes])
    found.on = True
    session.add(found)
    return codes


def is_on(session: Session, name: str) -> bool:
    """Whether an account asks for a code."""
    found = session.get(Factor, name)
    return found is not None and found.on


def left(session: Session, name: str) -> int:
    """Return how many recovery codes an account has."""
    found = session.get(Factor, name)
    return len(json.loads(found.codes)) if found is not None and found.on else 0


def check(session: Session, vault: Vault, name: str, code: str) -> bool:
    """Use a code up: whether it was good. Write what this changes."""
    found = session.get(Factor, name)
    if found is None or not found.on:
        return False
    code = code.replace(" ", "").replace("-", "").lower()
    kept = json.loads(found.codes)
    if hashed(code) in kept:
        kept.remove(hashed(code))
        found.codes = json.dumps(kept)
        session.add(found)
        return True
    if not _fits(found, vault, code):
        return False
    session.add(found)
    return True


def remove(session: Session, name: str) -> None:
    """Take the second factor away. Raises AccountError where there is none."""
    found = session.get(Factor, name)
    if found is None:
        raise AccountError("this account has no second factor", 404)
    session.delete(found)


def _fits(found: Factor, vault: Vault, code: str) -> bool:
    """Whether a code is of now, and of a later step than the last; then it is noted as used."""
    totp = pyotp.TOTP(vault.open(found.sealed, _owner(found.user)))
    now = int(time.time()) // STEP_S
    for step in range(max(now - DRIFT, found.step + 1), now + DRIFT + 1):
        if secrets.compare_digest(totp.generate_otp(step).encode(), code.encode()):
            found.step = step
            return True
    return False


def _owner(name: str) -> str:
    return f"second factor of {name}"
