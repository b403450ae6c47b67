"""Claims that are not used yet, kept on this computer until their device was seen.

A claim gives the device's secret once. Should the tool, the cable or the power fail after it, running the same command
again takes the same identity rather than another: so it lies in a file that only this account may read. It goes when
the device was seen with it, or when the claim is cancelled at the controller.
"""

import json
import time
from pathlib import Path

from provisioning.controller import Controller, Place, Seen, may_not_ask
from provisioning.errors import RefusedError
from provisioning.identity import DEVICE, Json
from provisioning.private import make_private, write_private

_TRUSTED_S = (
    20 * 3600
)  # a kept claim is used so long where its state cannot be asked; the controller forgets it after 24 h


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
        kept = self._kept(device)
        if kept is not None and kept["place"] == [place.site, place.position, place.role] and self._waits(device, kept):
            identity = kept["identity"]
            assert isinstance(identity, dict)
            return identity
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

    def _kept(self, device: str) -> Json | None:
        """Return what is kept for a device at this controller; what cannot be read is as good as nothing."""
        try:
            found = json.loads(self._file(device).read_bytes())
        except (OSError, ValueError):
            return None
        right = isinstance(found, dict) and {"controller", "place", "taken", "identity"} <= found.keys()
        return found if right and found["controller"] == self._controller.address else None

    def _waits(self, device: str, kept: Json) -> bool:
        """Whether a kept claim can still be used: it waits at the controller, or the device uses it already."""
        identity, taken = kept["identity"], kept["taken"]
        assert isinstance(identity, dict)
        assert isinstance(taken, int)
        try:
            seen = self._controller.seen(device)
        except RefusedError as error:
            if not may_not_ask(error):
                raise
            return time.time() - taken < _TRUSTED_S
        return is_of(seen, int(identity.get("generation", 0)))

    def _file(self, device: str) -> Path:
        assert DEVICE.fullmatch(device), "a path is made of it"
        return self._folder / f"{device}.json"


def is_of(seen: Seen | None, generation: int) -> bool:
    """Whether the controller knows a device by `generation`: of a claim that waits, or of the secret in use."""
    return seen is not None and generation in (seen.pending, seen.generation)
