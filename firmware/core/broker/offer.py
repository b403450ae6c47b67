"""Whether a connection document (docs/contract.md, section 9) can be tried. Imported when one comes, and given back."""

import binascii

from firmware.core.flash.settings import ConfigError

NETWORKS = 8
BROKERS = 4
CERTIFICATES = 2
LONGEST_CA = 2_048  # bytes of one certificate as DER
LONGEST_HASH = 64  # characters
FIELDS = ("networks", "brokers", "ca", "gen", "secret")


def checked(hash, doc: dict) -> dict:
    """The fields of a document that a device tries; those of later versions are left out.

    Raises ConfigError, with the field's name, where the document or its hash is not of the contract.
    """
    _need("hash", type(hash) is str and 0 < len(hash) <= LONGEST_HASH)
    if type(doc) is not dict or doc.get("v") != 1:
        raise ConfigError("v")
    for ssid, password in _rows("networks", doc, NETWORKS, 2):
        _need("networks", is_network(ssid, password))
    for host, port, secure in _rows("brokers", doc, BROKERS, 3):
        _need("brokers", type(host) is str and 0 < len(host) <= 253 and type(port) is int and 0 < port < 65_536)
        _need("brokers", secure in (0, 1))
    for one in _list("ca", doc, CERTIFICATES):
        _need("ca", _is_der(one))
    _need("gen", ("gen" in doc) == ("secret" in doc))
    if "gen" in doc:
        gen = doc["gen"]
        _need("gen", type(gen) is int and gen > 0)
        secret = doc["secret"]
        _need("secret", type(secret) is str and 0 < len(secret) <= 128)
    return {name: doc[name] for name in FIELDS if name in doc}


def tried(connection, hash, doc):
    """Put a document on trial: (outcome, reason). Raises OSError where it cannot be kept."""
    try:
        trial = {"hash": hash, "doc": checked(hash, doc)}
    except ConfigError as error:
        return "refused", "not usable: %s" % error
    kept = connection.load()
    if hash != kept["hash"] or kept["trial"]:
        kept["trial"] = trial
        connection.change(kept)
    return "done", ""


def is_network(ssid, password) -> bool:
    """Whether a Wi-Fi may be called so and have this password, "" for an open one (IEEE 802.11: 32 bytes; WPA: 8 to 63,
    or 64 hexadecimal digits)."""
    if type(ssid) is not str or type(password) is not str:
        return False
    length = len(password.encode())
    return 0 < len(ssid.encode()) <= 32 and (not length or 8 <= length <= 64)


def _need(name, right):
    if not right:
        raise ConfigError(name)


def _list(name, doc, most) -> list:
    if name not in doc:
        return []
    _need(name, type(doc[name]) is list and 0 < len(doc[name]) <= most)
    return doc[name]


def _rows(name, doc, most, width):
    for one in _list(name, doc, most):
        _need(name, type(one) is list and len(one) == width)
        yield one


def _is_der(text):
    try:
        data = binascii.a2b_base64(text)
    except (TypeError, ValueError):
        return False
    return 64 < len(data) <= LONGEST_CA and data[0] == 0x30  # a sequence (X.690)
