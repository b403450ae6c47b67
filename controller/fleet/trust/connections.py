"""How a device reaches the broker: Wi-Fi, the broker's addresses, CA, secret; and what of it has to be sent.

The hash by which a device names a connection says which part of it is which: four tags in a row, of the networks, the
brokers, the CA and the secret. So what a device has is known from what it says, and only what differs is sent. A new
secret is tried alone: it must not fail for a Wi-Fi password that somebody mistyped. Tags are keyed, for the hash is
seen by whoever may look at devices, and a Wi-Fi password could be guessed by a plain one.
"""

import json
from base64 import b64encode
from collections.abc import Sequence
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from sqlmodel import Session, col, select

from controller.broker.vault import Vault
from controller.fleet.models import Device
from controller.fleet.trust.models import Claim, Wifi
from controller.settings import Settings

Json = dict[str, object]
Network = tuple[str, str]  # name and password, "" for an open one

TAG = 12  # hex digits
REST = 3 * TAG  # of a hash: the tags of all but the secret
# What a device takes and a message holds; where there is more it keeps what it was flashed with.
BROKERS = 4
CERTIFICATES = 2
LARGEST_CA = 2_600  # characters of all certificates


class Connection(NamedTuple):
    """How one generation of a device is to reach the broker."""

    networks: list[Network]
    brokers: list[tuple[str, int, int]]  # host, port, 1 for TLS
    ca: list[str]  # certificates, DER in base64
    generation: int
    secret: str


class Due(NamedTuple):
    """What is to be sent to a device: the command's `hash` and `doc`."""

    hash: str
    doc: Json


def connection(
    session: Session, settings: Settings, vault: Vault, ca: str, site: str, generation: int, secret: str
) -> Connection:
    """Return how a device at a site ("" for a spare) is to connect. `ca`: PEM."""
    return Connection(
        [*networks(session, vault, site), *hotspot(settings)],
        [(one.host, one.port, int(one.tls)) for one in settings.brokers[:BROKERS]],
        certificates(ca),
        generation,
        secret,
    )


def name(vault: Vault, wanted: Connection) -> str:
    """Return the hash of a connection."""
    parts = (wanted.networks, wanted.brokers, wanted.ca, [wanted.generation, wanted.secret])
    return "".join(_tag(vault, part) for part in parts)


def ca_tag(vault: Vault, ca: str) -> str:
    """Return the part of every hash that names this CA (PEM)."""
    return _tag(vault, certificates(ca))


def has_ca(hash_: str, tag: str) -> bool:
    """Whether a connection has the CA with this tag."""
    return hash_[2 * TAG : REST] == tag


def without_ca(session: Session, vault: Vault, ca: str) -> list[Device]:
    """Return the devices in use that have not said that they know a CA (PEM), those that were claimed and not seen too.

    Of a device that says nothing of its connection it is known what it was flashed with.
    """
    tag = ca_tag(vault, ca)
    found = list(session.exec(select(Device).where(col(Device.sealed) != "").order_by(col(Device.id))))
    for claim in session.exec(select(Claim).order_by(col(Claim.device))):
        found.append(
            Device(id=claim.device, site=claim.site, position=claim.position, role=claim.role, generation=0,
                   sealed="", claimed=0, connection=claim.connection)
        )  # fmt: skip
    return [one for one in found if not has_ca(str(one.state.get("conn") or one.connection), tag)]


def refused_secret(hash_: str, refused: str, wanted: str) -> bool:
    """Whether a device says that it could not connect with the secret of `wanted`.

    Args:
        hash_: of the connection that it has.
        refused: of the last that did not work.
        wanted: of the one with that secret.
    """
    return len(refused) == len(wanted) and refused[REST:] == wanted[REST:] != hash_[REST:]


def due(wanted: Connection, hash_: str, has: str, refused: str) -> Due | None:
    """Return what is to be sent to a device, None for nothing.

    Args:
        wanted: what it should have, and `hash_` its hash.
        has: the hash of what it has; where nobody knows what that is, everything is sent.
        refused: the hash of the last that did not work, "" for none.
    """
    secret: Json = {"gen": wanted.generation, "secret": wanted.secret}
    if len(has) != len(hash_):
        rest = {key: value for key, value in _rest(wanted).items() if value}
        return None if refused == hash_ else Due(hash_, {"v": 1, **rest, **secret})
    if has[REST:] != hash_[REST:]:
        alone = has[:REST] + hash_[REST:]
        return None if refused == alone else Due(alone, {"v": 1, **secret})
    if hash_[:REST] in (has[:REST], refused[:REST]):
        return None
    parts = zip(_rest(wanted).items(), _tags(hash_), _tags(has), strict=False)
    return Due(hash_, {"v": 1, **{key: value for (key, value), tag, old in parts if tag != old and value}})


def networks(session: Session, vault: Vault, site: str) -> list[Network]:
    """Return the Wi-Fi networks of a site, in the order in which they are tried."""
    kept = session.get(Wifi, site) if site else None
    return [(one[0], one[1]) for one in json.loads(vault.open(kept.sealed, _owner(site)))] if kept else []


def set_networks(session: Session, vault: Vault, site: str, wanted: Sequence[Network]) -> None:
    """Keep the Wi-Fi networks of a site."""
    kept = session.get(Wifi, site) or Wifi(site=site, sealed="")
    kept.sealed = vault.seal(json.dumps(list(wanted)), _owner(site))
    session.add(kept)


def hotspot(settings: Settings) -> list[Network]:
    """Return the technicians' hotspot, which every device knows, as a list of one or none."""
    password = settings.hotspot_password
    return [(settings.hotspot_ssid, password.get_secret_value() if password else "")] if settings.hotspot_ssid else []


def certificates(ca: str) -> list[str]:
    """Return the certificates in a PEM text as documents have them; none where they are too large for a message."""
    if not ca:
        return []
    found = [b64encode(one.public_bytes(Encoding.DER)).decode() for one in x509.load_pem_x509_certificates(ca.encode())]
    fits = len(found) <= CERTIFICATES and sum(map(len, found)) <= LARGEST_CA
    return sorted(found) if fits else []


def _rest(wanted: Connection) -> Json:
    """Return all but the secret. What is empty is not sent: a device without a cable would be cut off by it."""
    return {"networks": [*map(list, wanted.networks)], "brokers": [*map(list, wanted.brokers)], "ca": wanted.ca}


def _tags(hash_: str) -> list[str]:
    return [hash_[at : at + TAG] for at in range(0, REST, TAG)]


def _tag(vault: Vault, part: Sequence[object]) -> str:
    return vault.tag(json.dumps(part).encode())[:TAG]


def _owner(site: str) -> str:
    return f"wifi:{site}"
