"""What the device was told and must not forget: its configuration, commands seen, the last time known."""

import json

from firmware.core.flash import frames
from firmware.core.loan import give_back

SEEN = 16  # ids of fleet commands that are remembered
RESET = "reset"  # the mark of a device that is to forget all this
CRASHES = 3  # boots after a crash or the watchdog, in a row or not: a configuration on trial is given up
FLOOR_S = 3_600  # a trusted time is saved this often: a write once an hour


class ConfigError(Exception):
    """A configuration is not usable; the text says why."""


class Settings:
    """Values in a folder, each saved aside and renamed over.

    A configuration is on trial until `proved` is called. One that makes the device crash is given up for the last that
    was proved, by `booted`.
    """

    def __init__(self, folder: str):
        self._folder = folder
        if RESET in frames.listing(folder):
            from firmware.core.flash.reset import finish

            give_back("firmware.core.flash.reset")
            finish(self, folder)
        kept = self.load("config") or {}
        self.config = kept.get("hash", "")
        self.doc = kept.get("doc")
        self.rejected = kept.get("rejected", "")
        self._crashes = kept.get("crashes", 0)  # boots on trial that followed a crash
        self._good = (self.load("good") or {}).get("hash", "")
        self.floor = self.load("time") or 0  # Unix seconds
        self._seen = self.load("seen") or []

    def apply(self, hash: str, doc, use) -> None:
        """Check a configuration, put it to use by `use(doc)` and keep it.

        Raises ConfigError where it is not usable: the one before is in use still, or again. Raises OSError where it
        cannot be kept; then it is in use until the next boot.
        """
        from firmware.core.flash.document import check

        give_back("firmware.core.flash.document")
        try:
            check(doc)
            try:
                use(doc)
            except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
                if self.doc:
                    use(self.doc)
                raise ConfigError("not usable: %s" % error)
        except ConfigError:
            self._keep(self.config, self.doc, hash, self._crashes)
            raise
        self._keep(hash, doc, "", 0)

    def booted(self, crashed: bool) -> str:
        """Count a boot. Where a configuration on trial has made three crash, the one before is in force again; return
        the hash of the one that was given up, else ""."""
        if not crashed or not self.config or self.config == self._good:
            return ""
        bad = self.config
        try:
            if self._crashes + 1 < CRASHES:
                self._keep(bad, self.doc, self.rejected, self._crashes + 1)
                return ""
            good = self.load("good") or {"hash": "", "doc": None}
            self._keep(good["hash"], good["doc"], bad, 0)
            return bad
        except OSError:
            return ""  # a full flash must not keep the hall closed

    def proved(self) -> None:
        """The device has run well for a while."""
        if self.config != self._good:
            try:
                self.save("good", {"hash": self.config, "doc": self.doc})
                self._good = self.config
            except OSError:
                pass  # later

    def saw(self, id: str) -> bool:
        """Whether a command was seen before; if not it is remembered, on flash, before it is carried out."""
        if id in self._seen:
            return True
        seen = (self._seen + [id])[-SEEN:]
        self.save("seen", seen)
        self._seen = seen
        return False

    def passed(self, seconds: int) -> None:
        """Remember the time that a controller has told, Unix seconds: after a boot it is not earlier than that.

        It is saved once an hour at most; an earlier time than the one kept puts that right.
        """
        if not 0 <= seconds - self.floor < FLOOR_S:
            self.floor = seconds
            try:
                self.save("time", seconds)
            except OSError:
                pass  # in an hour

    def _keep(self, hash, doc, rejected, crashes):
        self.save("config", {"hash": hash, "doc": doc, "rejected": rejected, "crashes": crashes})
        self.config, self.doc, self.rejected, self._crashes = hash, doc, rejected, crashes

    def load(self, name: str):
        """What was saved as `name`, None for nothing."""
        kept = frames.load(self._folder + "/" + name)
        return json.loads(kept) if kept else None

    def save(self, name: str, value) -> None:
        """Keep a JSON value: after a power cut it is the old or the new. Raises OSError where that fails."""
        frames.save(self._folder + "/" + name, json.dumps(value).encode())
