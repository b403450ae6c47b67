"""Changes to many devices: looked at first, then made for those that were shown.

Each device is looked at by itself, when the change is shown and again when it is made: whether it is theirs who ask,
and whether it can have it. A device that is not theirs is not there, whatever it is called by.
"""

import secrets
from collections import Counter
from functools import partial

from pydantic import TypeAdapter
from sqlmodel import Session, col, delete, select

from controller.accounts.service import Who, audit
from controller.db import Database
from controller.fleet.inventory import listing, tags
from controller.fleet.inventory.models import Preview
from controller.fleet.inventory.schemas import (
    MOST,
    Action,
    BulkOf,
    CommandAction,
    PreviewCreate,
    PreviewPublic,
    TagsAction,
    Target,
)
from controller.fleet.link import Link
from controller.fleet.models import Device
from controller.fleet.orders import book
from controller.fleet.orders.book import Asked
from controller.fleet.service import FleetError
from controller.ingest.alarms import now_ms
from controller.web.i18n import N_

MINUTE_MS = 60_000
KEPT_MS = 15 * MINUTE_MS
OPEN = 20  # previews of one person
GROUP = 50  # devices whose change shares one transaction: events must not wait behind thousands
NOBODY = N_("There is no such device")
UNTRUSTED = N_("The device is not trusted any more: claim it anew")
NO_PART = N_("Devices of this role have no part for that")
CHUNK = 500
# The roles that have the parts which an op needs (firmware/boards); of the others every role can do it.
ROLES = {
    "identify": ("kiosk", "display", "counter"),
    "test_print": ("kiosk",),
    "test_display": ("kiosk", "display", "counter"),
    "test_speaker": ("display",),
}
_action: TypeAdapter[CommandAction | TagsAction] = TypeAdapter(Action)


def preview(session: Session, who: Who, body: PreviewCreate, now: int) -> PreviewPublic:
    """Look at a change and keep it to be made. Raises FilterError, and FleetError where it is for too many."""
    if body.devices is not None:
        named = list(dict.fromkeys(body.devices))
    else:
        named = listing.found(session, who, body.filter or "", "", now)
        if len(named) > MOST:
            raise FleetError("These are more than 2,500 devices: narrow the filter")
    targets = _targets(session, who, named, body.action)
    able = [one.device for one in targets if one.outcome != "refused"]
    session.exec(delete(Preview).where(col(Preview.expires) <= now))
    older = select(Preview.id).where(Preview.who == who.name).order_by(col(Preview.at).desc()).offset(OPEN - 1)
    session.exec(delete(Preview).where(col(Preview.id).in_(session.exec(older).all())))
    action = body.action.model_dump(mode="json")
    kept = Preview(
        id=secrets.token_hex(8), who=who.name, action=action, devices=able, at=now, expires=now + KEPT_MS
    )  # fmt: skip
    session.add(kept)
    counts = Counter(one.outcome for one in targets)
    return PreviewPublic(id=kept.id, expires=kept.expires, counts=dict(counts), targets=targets)


def carry_out(db: Database, link: Link, who: Who, id_: str) -> list[BulkOf]:
    """Make a change that was shown, a group of devices at a time, and tell those that are there. Raises FleetError
    where it was not shown."""
    with db.read() as session:
        kept = _found(session, who, id_, now_ms())
        session.expunge(kept)
    made: list[BulkOf] = []
    for at in range(0, len(kept.devices), GROUP):
        group = kept.devices[at : at + GROUP]
        part = db.write(partial(_group, who=who, kept=kept, devices=group))
        link.changed(one.device for one in part if one.id)
        made += part
    db.write(lambda session: _note(session, who, kept, made))
    return made


def _found(session: Session, who: Who, id_: str, now: int) -> Preview:
    kept = session.get(Preview, id_)
    if kept is None or kept.who != who.name or kept.expires <= now:
        raise FleetError("This was not shown to you, or too long ago: look at it again", missing=True)
    return kept


def _group(session: Session, who: Who, kept: Preview, devices: list[str]) -> list[BulkOf]:
    action = _action.validate_python(kept.action)
    return [_make(session, who, action, f"bulk-{kept.id}", device) for device in devices]


def _note(session: Session, who: Who, kept: Preview, made: list[BulkOf]) -> None:
    """Write down that a change was made, beside what is written down of each device."""
    done = sum(one.done for one in made)
    audit(session, who.name, "devices.bulk", kept.id, None, {**kept.action, "done": done, "refused": len(made) - done})


def _make(session: Session, who: Who, action: CommandAction | TagsAction, key: str, device: str) -> BulkOf:
    try:
        if isinstance(action, TagsAction):
            before = tags.of(session, [device]).get(device, [])
            tags.put_theirs(session, who, device, (set(before) | set(action.add)) - set(action.remove))
            return BulkOf(device=device, done=True)
        asked = Asked(action.op, action.args.model_dump(exclude_none=True), action.expires_s, key)
        command = book.add_theirs(session, who, device, asked)
        return BulkOf(device=device, done=True, id=command.id)
    except FleetError as error:
        return BulkOf(device=device, done=False, reason=str(error))


def _targets(session: Session, who: Who, named: list[str], action: CommandAction | TagsAction) -> list[Target]:
    there: dict[str, Device] = {}
    for at in range(0, len(named), CHUNK):
        query = select(Device).where(col(Device.id).in_(named[at : at + CHUNK]))
        there |= {one.id: one for one in session.exec(query) if who.may("technician", one.site or None)}
    has = tags.of(session, there)
    return [
        _target(there[name], action, set(has.get(name, ())))
        if name in there
        else Target(device=name, outcome="refused", reason=NOBODY)
        for name in named
    ]


def _target(device: Device, action: CommandAction | TagsAction, has: set[str]) -> Target:
    def target(outcome: str, reason: str = "") -> Target:
        return Target.model_validate(
            {"device": device.id, "site": device.site, "position": device.position,
             "outcome": outcome, "reason": reason}
        )  # fmt: skip

    if isinstance(action, TagsAction):
        after = (has | set(action.add)) - set(action.remove)
        if len(after) > tags.MOST:
            return target("refused", N_("A device has at most 16 tags"))
        return target("same" if after == has else "does")
    if not device.sealed:
        return target("refused", UNTRUSTED)
    if device.role not in ROLES.get(action.op, (device.role,)):
        return target("refused", NO_PART)
    return target("does" if device.online else "waits")
