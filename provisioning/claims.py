"""Claims that are not used yet, kept on this computer until their device was seen.

A claim gives the device's secret once. Should the tool, the cable or the power fail after it, running the same command
again takes the same identity rather than another: so it lies in a file that only this account may read. It goes when
the device was seen with it, or when the claim is cancelled at the controller.
"""

import json
import time
from dataclasses import dataclass, field
from pathlib import Path

from provisioning.controller import Controller, Place, may_not_ask
from provisioning.errors import RefusedError
from provisioning.identity import DEVICE, Json
from provisioning.private import make_private, write_private

_HOUR_MS = 3_600_000
_LASTS_H = 24  # a claim, where the controller does not say how long


@dataclass(frozen=True)
class Kept:
    """A claim that waits: `taken` is in Unix seconds."""

    device: str
    controller: str
    place: Place
    taken: int
    identity: Json = field(repr=False)

    @property
    def over(self) -> bool:
        """Whether the controller has forgotten it by now."""
        expires = self.identity.get("expires")
        return time.time() * 1000 > (expires if isinstance(expires, int) else self.taken * 1000 + _LASTS_H * _HOUR_MS)


class Claims:
    """The claims of one controller, kept below `folder`."""

    def __init__(self, controller: Controller, folder: Path) -> None:
        self._controller = controller
        self._folder = folder

    def take(self, device: str, place: Place) -> Json:
        """Return the identity for `device` at a place: that of a claim which still waits, else of a new one.

        Raises ControllerError, RefusedError, DiskError.
        """
        make_private(self._folder)
        for one in kept(self._folder):
            if one.over:  # what it holds is of no use any more, and a secret all the same
                self._file(one.device).unlink(missing_ok=True)
        found = _read(self._file(device))
        if found and found.controller == self._controller.address and found.place == place and self._waits(found):
            return found.identity
        identity = self._controller.claim(device, place)
        self._keep(device, place, identity)
        return identity

    def was_seen(self, device: str) -> None:
        """The device uses its claim: nothing is kept any more."""
        self._file(device).unlink(missing_ok=True)

    def cancel(self, device: str) -> None:
        """Take the claim back at the controller, and forget it. Raises ControllerError; then it is kept."""
        self._controller.cancel(device)
        self._file(device).unlink(missing_ok=True)

    def _keep(self, device: str, place: Place, identity: Json) -> None:
        kept = {
            "controller": self._controller.address,
            "place": [place.site, place.position, place.role],
            "taken": int(time.time()),
            "identity": identity,
        }
        try:
            write_private(self._file(device), json.dumps(kept).encode())
        except BaseException:
            self._controller.cancel(device)  # it could not be used again
            raise

    def _waits(self, found: Kept) -> bool:
        """Whether a kept claim can still be used: it waits at the controller, or the device uses it already."""
        try:
            seen = self._controller.seen(found.device)
        except RefusedError as error:
            if not may_not_ask(error):
                raise
            return True  # its time is not over
        return seen is not None and found.identity.get("generation") in (seen.pending, seen.generation)

    def _file(self, device: str) -> Path:
        assert DEVICE.fullmatch(device), "a path is made of it"
        return self._folder / f"{device}.json"


def kept(folder: Path) -> list[Kept]:
    """Return the claims that are kept below `folder`, the oldest first."""
    found = [_read(file) for file in folder.glob("*.json")]
    return sorted((one for one in found if one is not None), key=lambda one: one.taken)


def _read(file: Path) -> Kept | None:
    """Return a kept claim; what cannot be read is as good as none."""
    try:
        found = json.loads(file.read_bytes())
        return Kept(
            file.stem, found["controller"], Place(*found["place"]), int(found["taken"]), dict(found["identity"])
        )
    except (OSError, ValueError, LookupError, TypeError):
        return None
