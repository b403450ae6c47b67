"""Software updates as the node lives with them: the order on its flash, the trial of a release, the way back.

What only an update needs is in `install` and `manifest`, loaded for it. Which slot is started is the file `slot`, read
and written by main.py too: the slot, and how many boots in a row have crashed.
"""

import asyncio
import binascii
import hashlib
import os

from firmware import VERSION
from firmware.core.loan import give_back
from firmware.core.uplink.blob import BlobError, chunk

SLOTS = ("a", "b")
CRASHES = 3  # boots, after which main.py has gone back to the other slot
LOOK_MS = 1_000
AGAIN_MS = 5_000  # after an attempt that broke off
PROVED_MS = 15_000  # a release that has run this long, and was answered, is confirmed
SILENT_MS = 1_800_000  # without an answer it is given up after this
QUIET_MS = 60_000
EARLY_MS = 300_000  # after power-on a restart disturbs nobody
RESET_MS = 1_000  # so that what was said last is sent


class Updates:
    """`rel` is the release that runs, `bad` the last that was given up, "" for none. `quiet()`: nobody is disturbed."""

    def __init__(self, settings, identity, clock, note, quiet, reset):
        self._settings = settings
        self._identity = identity
        self._clock = clock
        self._note = note
        self._quiet = quiet
        self._reset = reset
        self._quiet_since = -1
        self._slot, crashes = _started()
        self._other = SLOTS[self._slot == SLOTS[0]]
        self.rel, self._seq = _running(self._slot)
        kept = settings.load("update") or {}
        self.bad = kept.get("bad", "")
        self._order = order = kept.get("order")
        self.trial = bool(order) and order["step"] == "ready" and order["rel"] == self.rel
        try:
            if order and order["step"] == "silent":
                self._fail(order, "silent")
            elif order and order["step"] == "ready" and not self.trial and crashes >= CRASHES:
                self._fail(order, "crashed")
        except OSError:
            pass  # a full flash must not keep the hall closed; told at the next boot

    def order(self, args):
        """Take an order to update: (outcome, reason). Raises OSError where it cannot be kept."""
        rel, blob = args.get("rel"), args.get("blob")
        try:
            size = blob["size"]
            ok = len(rel) == 64 and len(blob["sha256"]) == 64 and type(size) is int and size > 0
        except (TypeError, KeyError):
            ok = False
        if not ok:
            return "refused", "bad_args"
        if not self._identity.release_key():
            return "refused", "no_key"
        if rel == self.rel:
            return "refused", "runs"
        if rel == self.bad:
            return "refused", "bad"
        if self.trial:
            return "refused", "trial"
        self._keep(
            {"rel": rel, "blob": blob, "now": args.get("now") or 0, "pace": args.get("pace") or 0, "step": "new"}
        )
        return "done", ""

    def cancel(self, args):
        """Take an order back: (outcome, reason). Raises OSError where that cannot be kept."""
        order = self._order
        if not order or order["rel"] != args.get("rel"):
            return "refused", "none"
        if self.trial:
            return "refused", "trial"
        self._note("update.failed", {"rel": order["rel"], "why": "cancelled"})
        self._keep(None)
        self._forget()
        return "done", ""

    async def run(self, request, welcome) -> None:
        """Carry out orders, for ever. `request(op, args)` asks the controller; `welcome()`: it has answered."""
        while True:
            pause = LOOK_MS
            order = self._order
            if order:
                try:
                    if self.trial:
                        self._prove(order, welcome())
                    elif order["step"] == "ready":
                        await self._leave(order)
                    elif welcome() and not await self._install(order, request):
                        pause = AGAIN_MS
                except OSError:
                    pause = AGAIN_MS  # a flash that is full at the moment
            await asyncio.sleep_ms(pause)

    async def _install(self, order, request) -> bool:
        """Whether there is an end to it, good or bad; False: it is to be tried again."""
        from firmware.core.update.install import install
        from firmware.core.update.manifest import UpdateError

        if order["step"] == "new":
            self._step(order, "taken")

        async def fetch(off, size):
            if self._order is not order:
                raise BlobError("another order")
            if order["pace"]:
                await asyncio.sleep_ms(order["pace"])
            return await chunk(request, order["blob"], off, size)

        try:
            await install(
                self._other, order["rel"], order["blob"]["size"], fetch,
                self._identity.release_key(), self._identity.role, self._seq,
            )  # fmt: skip
            if self._order is order:
                self._step(order, "ready")
        except BlobError as error:
            if error.reason != "no_blob" or self._order is not order:
                return False
            self._fail(order, "no_blob")
        except UpdateError as error:
            self._fail(order, error.why)
        finally:
            del install, UpdateError
            give_back("firmware.core.update.install")
        return True

    async def _leave(self, order):
        """Restart into the other slot, at a moment when nobody is disturbed."""
        now = self._clock.up()
        if not self._quiet():
            self._quiet_since = -1
        elif self._quiet_since < 0:
            self._quiet_since = now
        early = now < EARLY_MS and self._quiet_since >= 0
        if order["now"] or early or (self._quiet_since >= 0 and now - self._quiet_since >= QUIET_MS):
            _start(self._other)
            await asyncio.sleep_ms(RESET_MS)
            self._reset()

    def _prove(self, order, welcome):
        """Confirm the release that is on trial, or give it up."""
        now = self._clock.up()
        if welcome and now >= PROVED_MS:
            self._note("update.done", {"rel": self.rel})
            self._keep(None)
            self.trial = False
        elif now >= SILENT_MS:
            order["step"] = "silent"
            self._keep(order)
            _start(self._other)
            self._reset()

    def _step(self, order, step):
        self._note("update." + step, {"rel": order["rel"]})
        order["step"] = step
        self._keep(order)

    def _fail(self, order, why):
        self.bad = order["rel"]
        self._note("update.failed", {"rel": self.bad, "why": why})
        self._keep(None)
        self._forget()

    def _forget(self):
        """The other slot is not to be started any more."""
        try:
            os.remove(self._other + "/abi")
        except OSError:
            pass

    def _keep(self, order):
        self._settings.save("update", {"order": order, "bad": self.bad})
        self._order = order


def _started():
    """(the slot that was started, crashes in a row before)."""
    try:
        with open("slot") as file:
            words = file.read().split()
        return words[0] if words[0] in SLOTS else SLOTS[0], int(words[1])
    except (OSError, ValueError, IndexError):
        return SLOTS[0], 0


def _start(slot):
    """Have main.py start `slot` next."""
    with open("slot.new", "w") as file:
        file.write(slot + " 0")
    os.rename("slot.new", "slot")


def _running(slot):
    """(the release in a slot, its sequence number); "" and that of the version where the slot does not say."""
    major, minor, patch = [int(one) for one in VERSION.split(".")]
    seq = major * 1_000_000 + minor * 1_000 + patch
    try:
        with open(slot + "/manifest", "rb") as file:
            return binascii.hexlify(hashlib.sha256(file.read()).digest()).decode(), seq
    except OSError:
        return "", seq
