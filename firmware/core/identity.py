"""Who this device is: put on the flash when it was claimed, never written by the device."""

import json


class IdentityError(Exception):
    """There is no usable identity on the flash."""


class Identity:
    """`identity.json`: device, role, username, secret, brokers [{host, port, tls}], ca (PEM or ""), site, position, and
    networks [{ssid, password}], none of which where there is a cable."""

    def __init__(self, path: str):
        try:
            with open(path) as file:
                found = json.load(file)
            self.device = found["device"]
            self.role = found["role"]
            self.username = found["username"]
            self.secret = found["secret"]
            self.brokers = [(one["host"], one["port"], bool(one.get("tls"))) for one in found["brokers"]]
            self.site = found["site"]
            self.position = found["position"]
            self.ca = (found.get("ca") or "").encode()
            self.networks = [(one["ssid"], one["password"]) for one in found.get("networks", ())]
            if not self.brokers:
                raise ValueError("no brokers")
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            raise IdentityError("no identity: flash this device again, or claim it at the controller")
