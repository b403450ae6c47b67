"""Releases and rollouts: what there is, and what was done with it."""

from functools import partial

from sqlmodel import Session, col, select

from controller.ingest.alarms import now_ms
from controller.updates.models import Release
from controller.updates.models import Rollout as Row
from controller.updates.pages.words import STANDS
from controller.updates.rollout.table import read
from controller.updates.schemas import ReleasePublic, RolloutPublic, shown
from controller.web.i18n import N_
from controller.web.shell.frame import Frame
from controller.web.shell.layout import heading
from controller.web.shell.page import Page
from controller.web.shell.times import FLEET_TZ, moment
from controller.web.shell.widgets import Table, card, empty, figure, link, state, tag

SHOWN = 20


async def _build(frame: Frame) -> None:
    _ = frame.say
    with heading(frame):
        link(_("Begin a rollout"), "/fleet/updates/begin", "button main")
    with card(_("Rollouts")):
        names = (_("Release"), _("State"), figure(_("Done")), figure(_("Failed")), _("Begun"), _("By"), _("Note"))
        rollouts = Table(_("Rollouts"), names)
        none = empty(_("No rollout yet. Begin one with a release below."), "system_update_alt")
    with card(_("Releases")):
        _releases(frame, await frame.read(_all_releases))
    before: list[RolloutPublic] = []

    async def show() -> None:
        found = await frame.read(_rollouts)
        if found == before and before:
            return
        before[:] = found
        rollouts.clear()
        for one in found:
            _row(frame, rollouts, one)
        none.set_visibility(not found)

    await show()
    frame.live(show, 2.0)


def _row(frame: Frame, table: Table, one: RolloutPublic) -> None:
    kind, words = STANDS[one.state]
    counted = sum(one.counts.values()) - one.counts.get("skipped", 0)
    table.row(
        [
            partial(link, f"{one.fw} · {one.id}", f"/fleet/rollouts/{one.id}", "strong"),
            partial(state, kind, frame.say(words)),
            f"{one.counts.get('done', 0)} / {counted}",
            str(one.counts.get("failed", 0)),
            moment(one.at, FLEET_TZ, frame.lang, now_ms()),
            one.who,
            one.note,
        ]
    )


def _releases(frame: Frame, found: list[ReleasePublic]) -> None:
    _ = frame.say
    if not found:
        empty(_("No release yet. A technician makes and sends one: balai release --help"), "inventory_2")
        return
    names = (_("Release"), figure(_("Sequence")), _("Roles"), figure(_("Size")), _("Kept"), _("By"), _("Hash"))
    table = Table(_("Releases"), names)
    for one in found:
        when = moment(one.at, FLEET_TZ, frame.lang, now_ms())
        digest = partial(tag, "code", "", one.rel[:12], title=one.rel)
        table.row([one.fw, str(one.seq), ", ".join(one.roles), f"{one.size / 1000:.0f} kB", when, one.who, digest])


def _rollouts(session: Session) -> list[RolloutPublic]:
    rows = session.exec(select(Row).order_by(col(Row.id).desc()).limit(SHOWN)).all()
    return [RolloutPublic.model_validate(shown(row, read(session, row)).model_dump()) for row in rows]


def _all_releases(session: Session) -> list[ReleasePublic]:
    return [ReleasePublic.of(one) for one in session.exec(select(Release).order_by(col(Release.seq).desc()))]


PAGE = Page("/fleet/updates", N_("Updates"), _build, "admin", True, icon="system_update_alt")
