"""Who this device is (docs/contract.md, section 9): put on the flash when it was claimed, never written here."""

import json


class IdentityError(Exception):
    """There is no usable identity on the flash."""


class Identity:
    """`identity.json`: device, role, site and position ("" for a spare), username, secret, generation, brokers
    [(host, port, tls)], and networks [(ssid, password)], none where there is a cable. The CA stays on the flash."""

    def __init__(self, path: str):
        self._path = path
        try:
            found = self._read()
            self.device = found["device"]
            self.role = found["role"]
            self.username = found["username"]
            self.secret = found["secret"]
            self.generation = int(found.get("generation") or self.username.split(".")[1])
            self.brokers = [(one["host"], one["port"], bool(one.get("tls"))) for one in found["brokers"]]
            self.site = found["site"]
            self.position = found["position"]
            self.networks = [(ssid, password) for ssid, password in found.get("networks", ())]
            if not self.brokers:
                raise ValueError("no brokers")
        except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError):
            raise IdentityError("no identity: flash this device again, or claim it at the controller")

    def ca(self) -> bytes:
        """The certificates that brokers are trusted by, PEM, b"" for none. They are large and needed once a session."""
        try:
            return (self._read().get("ca") or "").encode()
        except (OSError, ValueError, AttributeError):
            return b""

    def release_key(self) -> str:
        """The key that releases are signed with: its modulus in hex, "" for none. Only an update needs it."""
        try:
            return self._read().get("release_key") or ""
        except (OSError, ValueError, AttributeError):
            return ""

    def place(self, doc) -> None:
        """Stand where a configuration says, and as what: it goes before what was flashed."""
        self.site, self.position, self.role = placed(doc)

    def _read(self):
        with open(self._path) as file:
            return json.load(file)


def placed(doc):
    """(site, position, role) of a configuration."""
    return doc["site"]["id"], doc["position"]["id"], doc["position"]["role"]
