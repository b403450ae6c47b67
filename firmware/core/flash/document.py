"""Whether a device can live with a configuration. Imported when one comes, and given back."""

from firmware.core.flash.settings import ConfigError
from protocol.canonical import encode
from protocol.errors import BadMessage

LONGEST = 3_072  # bytes of a configuration
_MAY = (("paper", 0, 1), ("brightness", 0, 7), ("volume", 0, 30), ("shown", 1, 30))  # what may be left out


def check(doc) -> None:
    """Raise ConfigError where a document (contract, section 3) lacks what the roles need."""
    try:
        encode(doc, LONGEST)
        if type(doc["v"]) is not int or doc["v"] != 1:
            raise ConfigError("unknown version")
        site, position = doc["site"], doc["position"]
        _texts(site, "id", "name")
        _texts(position, "id", "role", "counter")
        _whole("tz", site["tz"], -720, 840)
        if doc["lang"] not in ("id", "en"):
            raise ConfigError("lang")
        for name, low, high in _MAY:
            if name in doc:
                _whole(name, doc[name], low, high)
        _whole("share", doc["share"], 1, 100)
        for service in _list("services", doc["services"], 1, 8):
            _texts(service, "id", "letter", "name")
            if not isinstance(service.get("need", ""), str):
                raise ConfigError("need")
            _whole("mins", service.get("mins", 0), 0, 1_440)
        for counter in _list("counters", doc["counters"], 0, 16):
            _texts(counter, "id", "name")
            for service in _list("counters", counter["services"], 0, 8):
                if not isinstance(service, str):
                    raise ConfigError("counters")
        for low, high in doc["bands"].values():
            _whole("bands", low, 1, 9_999)
            _whole("bands", high, low, 9_999)
    except BadMessage as error:
        raise ConfigError(str(error))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ConfigError("missing or wrong: %s" % error)


def _texts(value, *names):
    for name in names:
        if not isinstance(value[name], str):
            raise ConfigError(name)


def _whole(name, value, low, high):
    if type(value) is not int or not low <= value <= high:
        raise ConfigError(name)


def _list(name, value, least, most):
    if type(value) is not list or not least <= len(value) <= most:
        raise ConfigError(name)
    return value
