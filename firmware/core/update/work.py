"""What there is to do for an update: the order on flash, the other slot, the trial of a release, the way back.

Which slot is started is the file `slot`, read and written by main.py too: the slot, and how many boots in a row have
crashed.
"""

import asyncio
import binascii
import hashlib
import os

from firmware import VERSION
from firmware.core.loan import give_back
from firmware.core.update.install import install
from firmware.core.update.manifest import UpdateError
from protocol.releases import sequence

SLOTS = ("a", "b")
CRASHES = 3  # boots, after which main.py has gone back to the other slot
LOOK_MS = 1_000
AGAIN_MS = 5_000  # after an attempt that broke off
PROVED_MS = 15_000  # a release that has run this long, and was answered, is confirmed
SILENT_MS = 1_800_000  # without an answer it is given up after this
QUIET_MS = 60_000
EARLY_MS = 300_000  # after power-on a restart disturbs nobody
RESET_MS = 1_000  # so that what was said last is sent


def begin(updates) -> None:
    """See at the boot which release runs, and how the last order stands."""
    updates.slot, crashes = _started()
    updates.rel, updates.seq = _running(updates.slot)
    kept = updates.settings.load("update") or {}
    updates.bad = kept.get("bad", "")
    updates.pending = order = kept.get("order")
    if not order:
        return
    ready = order["step"] == "ready"
    updates.trial = ready and order["rel"] == updates.rel
    try:
        if order["step"] == "silent":
            _fail(updates, order, "silent")
        elif ready and not updates.trial and crashes >= CRASHES:
            _fail(updates, order, "crashed")
    except OSError:
        pass  # a full flash must not keep the hall closed; told at the next boot


def order(updates, args):
    """Take an order: (outcome, reason)."""
    rel, blob = args.get("rel"), args.get("blob")
    try:
        size = blob["size"]
        ok = len(rel) == 64 and len(blob["sha256"]) == 64 and type(size) is int and size > 0
    except (TypeError, KeyError):
        ok = False
    if not ok:
        return "refused", "bad_args"
    if not updates.identity.release_key():
        return "refused", "no_key"
    if rel == updates.rel:
        return "refused", "runs"
    if rel == updates.bad and not args.get("again"):
        return "refused", "bad"
    if updates.trial:
        return "refused", "trial"
    now, pace = args.get("now") or 0, args.get("pace") or 0
    _keep(updates, {"rel": rel, "blob": blob, "now": now, "pace": pace, "step": "new"})
    return "done", ""


def cancel(updates, args):
    """Take an order back: (outcome, reason)."""
    order = updates.pending
    if not order or order["rel"] != args.get("rel"):
        return "refused", "none"
    if updates.trial:
        return "refused", "trial"
    updates.note("update.failed", {"rel": order["rel"], "why": "cancelled"})
    _keep(updates, None)
    _forget(updates)
    return "done", ""


async def carry_out(updates, request, welcome) -> None:
    """Do what the order asks for, until there is none."""
    quiet = Quiet(updates)
    while updates.pending:
        pause = LOOK_MS
        order = updates.pending
        try:
            if updates.trial:
                _prove(updates, order, welcome())
            elif order["step"] == "ready":
                if quiet.now(order):
                    _start(_other(updates))
                    await asyncio.sleep_ms(RESET_MS)
                    updates.reset()
            elif welcome() and not await _install(updates, order, request):
                pause = AGAIN_MS
        except OSError:
            pause = AGAIN_MS  # a flash that is full at the moment
        await asyncio.sleep_ms(pause)


class Quiet:
    """Looks out for a moment in which a restart disturbs nobody."""

    def __init__(self, updates):
        self._updates = updates
        self._since = -1

    def now(self, order) -> bool:
        """Whether this is one."""
        now = self._updates.clock.up()
        if not self._updates.quiet():
            self._since = -1
        elif self._since < 0:
            self._since = now
        if order["now"]:
            return True
        return self._since >= 0 and (now < EARLY_MS or now - self._since >= QUIET_MS)


async def _install(updates, order, request) -> bool:
    """Whether there is an end to it, good or bad; False: it is to be tried again."""
    from firmware.core.uplink.blob import BlobError, chunk

    give_back("firmware.core.uplink.blob")

    async def fetch(off, size):
        if updates.pending is not order:
            raise BlobError("another order")
        if order["pace"]:
            await asyncio.sleep_ms(order["pace"])
        return await chunk(request, order["blob"], off, size)

    if order["step"] == "new":
        _step(updates, order, "taken")
    identity = updates.identity
    try:
        await install(
            _other(updates), order["rel"], order["blob"]["size"], fetch,
            identity.release_key(), identity.role, updates.seq,
        )  # fmt: skip
        if updates.pending is order:
            _step(updates, order, "ready")
    except BlobError as error:
        if error.reason != "no_blob" or updates.pending is not order:
            return False
        _fail(updates, order, "no_blob")
    except UpdateError as error:
        _fail(updates, order, error.why)
    return True


def _prove(updates, order, welcome):
    """Confirm the release that is on trial, or give it up."""
    now = updates.clock.up()
    if welcome and now >= PROVED_MS:
        updates.note("update.done", {"rel": updates.rel})
        _keep(updates, None)
        updates.trial = False
    elif now >= SILENT_MS:
        order["step"] = "silent"
        _keep(updates, order)
        _start(_other(updates))
        updates.reset()


def _step(updates, order, step):
    updates.note("update." + step, {"rel": order["rel"]})
    order["step"] = step
    _keep(updates, order)


def _fail(updates, order, why):
    updates.bad = order["rel"]
    updates.note("update.failed", {"rel": updates.bad, "why": why})
    _keep(updates, None)
    _forget(updates)


def _forget(updates):
    """The other slot is not to be started any more."""
    try:
        os.remove(_other(updates) + "/abi")
    except OSError:
        pass


def _keep(updates, order):
    updates.settings.save("update", {"order": order, "bad": updates.bad})
    updates.pending = order


def _other(updates):
    return SLOTS[updates.slot == SLOTS[0]]


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
    seq = sequence(VERSION)
    try:
        with open(slot + "/manifest", "rb") as file:
            return binascii.hexlify(hashlib.sha256(file.read()).digest()).decode(), seq
    except OSError:
        return "", seq
