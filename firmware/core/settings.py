"""What the device was told and must not forget: its configuration, commands seen, the last time known."""

import json

from firmware.core import frames

SEEN = 16  # ids of fleet commands that are remembered
LONGEST = 3_072  # bytes of a configuration


class ConfigError(Exception):
    """A configuration is not usable; the text says why."""


class Settings:
    """Values in a folder, each saved aside and renamed over."""

    def __init__(self, folder: str):
        frames.listing(folder)
        self._folder = folder
        kept = self._load("config") or {}
        self.config = kept.get("hash", "")
        self.doc = kept.get("doc")
        self.rejected = self._load("rejected") or ""
        self.floor = self._load("time") or 0  # Unix seconds
        self._seen = self._load("seen") or []

    def apply(self, hash: str, doc) -> None:
        """Check and keep a configuration. Raises ConfigError."""
        try:
            check(doc)
        except ConfigError:
            self.rejected = hash
            self._save("rejected", hash)
            raise
        self._save("config", {"hash": hash, "doc": doc})
        self.config, self.doc = hash, doc
        if self.rejected:
            self.rejected = ""
            self._save("rejected", "")

    def saw(self, id: str) -> bool:
        """Whether a command was seen before; if not it is remembered, on flash, before it is carried out."""
        if id in self._seen:
            return True
        self._seen = (self._seen + [id])[-SEEN:]
        self._save("seen", self._seen)
        return False

    def passed(self, seconds: int) -> None:
        """Remember a trusted time, Unix seconds: after a boot it is never earlier."""
        if seconds > self.floor:
            self.floor = seconds
            self._save("time", seconds)

    def _load(self, name):
        kept = frames.load(self._folder + "/" + name)
        return json.loads(kept) if kept else None

    def _save(self, name, value):
        frames.save(self._folder + "/" + name, json.dumps(value).encode())


def check(doc) -> None:
    """Raise ConfigError where a document (contract, section 3) lacks what the roles need."""
    try:
        if doc["v"] != 1:
            raise ConfigError("unknown version")
        site, position = doc["site"], doc["position"]
        _texts(site, "id", "name")
        _texts(position, "id", "role", "counter")
        if not -720 <= site["tz"] <= 840:
            raise ConfigError("tz")
        if doc["lang"] not in ("id", "en"):
            raise ConfigError("lang")
        if not 1 <= doc["share"] <= 100:
            raise ConfigError("share")
        if not 1 <= len(doc["services"]) <= 8 or len(doc["counters"]) > 16:
            raise ConfigError("services or counters")
        for service in doc["services"]:
            _texts(service, "id", "letter", "name")
        for counter in doc["counters"]:
            _texts(counter, "id", "name")
            if not isinstance(counter["services"], list):
                raise ConfigError("counters")
        for name in doc["bands"]:
            low, high = doc["bands"][name]
            if not 1 <= low <= high <= 9999:
                raise ConfigError("bands")
        if len(json.dumps(doc)) > LONGEST + 1024:  # spaces of this encoder
            raise ConfigError("too large")
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError("missing or wrong: %s" % error)


def _texts(value, *names):
    for name in names:
        if not isinstance(value[name], str):
            raise ConfigError(name)
