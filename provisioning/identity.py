"""The file `identity.json`: who a device is, as the controller answered its claim and the technician completed it.

Its fields are those of the contract, section 9. Nothing here prints it: it holds the device's secret and the passwords
of the hall's Wi-Fi.
"""

import json
import re
from collections.abc import Mapping, Sequence

from provisioning.errors import UsageError

Json = dict[str, object]
Network = tuple[str, str]  # name and password of a Wi-Fi, "" for none

ROLES = ("kiosk", "display", "counter", "sensor")
LANGUAGES = ("id", "en")
DEVICE = re.compile(r"[0-9a-f]{12}")  # the MAC in hex
_ID = re.compile(r"[a-z0-9-]{1,32}")
_KEPT = ("device", "role", "username", "secret", "generation", "brokers", "ca", "site", "position", "networks", "lang")


class IdentityError(UsageError):
    """This is no identity that a device could use; the text names the field and never its value."""


def encode(identity: Mapping[str, object]) -> bytes:
    """Return an identity as it lies on a flash: the same bytes for the same content."""
    return json.dumps(identity, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def complete(claim: Mapping[str, object], networks: Sequence[Network] = (), release_key: str = "") -> Json:
    """Return a whole identity.

    Args:
        claim: the controller's answer to a claim, or an identity that was kept.
        networks: Wi-Fi that the technician adds behind those of the site.
        release_key: the public key that signs releases, "" to take that of the answer, if it has one.

    Raises IdentityError.
    """
    found: Json = {name: claim[name] for name in _KEPT if claim.get(name) is not None}
    found.setdefault("ca", "")
    found.setdefault("lang", LANGUAGES[0])
    known = networks_of(found.get("networks", []))
    found["networks"] = [list(one) for one in (*known, *(one for one in networks if one not in known))]
    found["release_key"] = release_key or claim.get("release_key") or ""
    _check(found)
    return found


def networks_of(value: object) -> list[Network]:
    """Return Wi-Fi networks from `[[name, password], ...]`. Raises IdentityError."""
    if not isinstance(value, list) or not all(
        isinstance(one, list | tuple) and len(one) == 2 and all(isinstance(word, str) for word in one) for one in value
    ):
        raise IdentityError('the Wi-Fi networks make no sense: write [["name", "password"], ...]')
    for name, password in value:
        if not 1 <= len(name.encode()) <= 32 or (password and not 8 <= len(password.encode()) <= 63):
            raise IdentityError("a Wi-Fi has a name of 1 to 32 bytes, and a password of 8 to 63 or none: correct it")
    return [(name, password) for name, password in value]


def _check(found: Json) -> None:
    """Raise IdentityError where a device could not work with this."""
    right = {
        "device": _matches(DEVICE, found.get("device")),
        "role": found.get("role") in ROLES,
        "username": _text(found.get("username")),
        "secret": _text(found.get("secret")),
        "generation": _number(found.get("generation"), 1),
        "brokers": _brokers(found.get("brokers")),
        "ca": isinstance(found["ca"], str),
        "site": found.get("site") == "" or _matches(_ID, found.get("site")),
        "position": found.get("position") == "" or _matches(_ID, found.get("position")),
        "lang": found.get("lang") in LANGUAGES,
        "release_key": isinstance(found["release_key"], str),
    }
    wrong = [name for name, fits in right.items() if not fits]
    if wrong:
        raise IdentityError(f"the identity has no usable {', '.join(wrong)}: claim the device again")
    brokers = found["brokers"]
    assert isinstance(brokers, list)
    if not found["ca"] and any(one["tls"] for one in brokers):
        raise IdentityError("the identity names a broker with TLS and no CA: tell the controller its certificate")


def _matches(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _text(value: object) -> bool:
    return isinstance(value, str) and value != ""


def _number(value: object, lowest: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= lowest


def _brokers(value: object) -> bool:
    return (
        isinstance(value, list)
        and value != []
        and all(
            isinstance(one, dict)
            and _text(one.get("host"))
            and _number(one.get("port"), 1)
            and isinstance(one.get("tls"), bool)
            for one in value
        )
    )
