"""What saving would do, shown before it is done; and the saving."""

from collections.abc import Awaitable, Callable
from functools import partial

from nicegui import ui
from sqlmodel import Session

from controller.fleet.configuration import service, views
from controller.fleet.configuration.layers import Json
from controller.fleet.configuration.schemas import (
    PATCH,
    POSITION_PATCH,
    DifferencePublic,
    LayerPublic,
    PatchBody,
    PositionPatchBody,
    PreviewPublic,
)
from controller.fleet.configuration.service import Key, Plan, StaleError
from controller.fleet.pages.configuration.words import changes, refusal
from controller.web.i18n import N_
from controller.web.problems import Problem
from controller.web.shell.frame import Frame
from controller.web.shell.widgets import State, Table, button, card, field, link, state, tag

LISTED = 50  # positions


class Preview:
    """Looks at a change of a layer, and saves it.

    Args:
        saved: hears of the layer as it was saved, and of the patch that was shown.
        stale: is called where somebody else was quicker.
    """

    def __init__(
        self,
        frame: Frame,
        key: Key,
        saved: Callable[[LayerPublic, Json], Awaitable[None]],
        stale: Callable[[], Awaitable[None]],
    ) -> None:
        self._frame, self._key, self._saved, self._stale = frame, key, saved, stale

    async def show(self, patch: Json, rev: int, note: str = "") -> None:
        """Show what it would do to make the layer `patch`, where its `rev` still is that which was seen."""
        frame, key = self._frame, self._key

        def look() -> PreviewPublic:
            self._need()
            checked = self._body(patch, "")
            with frame.parts.db.read() as session:
                found = service.layer(session, key)
                return views.preview(session, found, checked, service.plan(session, key, checked), frame.lang)

        found = await frame.do(look)
        if found is None:
            return
        if found.rev != rev:
            await self._stale()
            return
        self._draw(found, patch, note)

    def _draw(self, found: PreviewPublic, patch: Json, note: str) -> None:
        _, frame = self._frame.say, self._frame
        with frame.client, ui.dialog() as dialog, card(_("What would change"), "large"):
            if found.refused:
                self._refused(found)
            counts = _("Positions: {positions}, halls: {sites}, devices: {devices}, of them in reach: {online}")
            tag("p", "reach", counts.format(**found.model_dump(include={"positions", "sites", "devices", "online"})))
            tag("h3", text=_("In this layer"))
            differences(frame, found.differences)
            tag("h3", text=_("On the devices"))
            if not found.changes:
                tag("p", "soft", _("Nothing: what is in force stays the same everywhere."))
            for one in found.changes:
                at = _("at {count} positions, so at {place}").format(
                    count=one.positions, place=f"{one.site} / {one.position}"
                )
                tag("p", text=at)
                differences(frame, one.differences)
            if found.affected:
                self._affected(found)
            why = field(_("Note: why?"), note, maxlength="200").classes("note")

            async def save() -> None:
                if await self._save(patch, found.rev, str(why.value or "")):
                    dialog.close()

            with tag("div", "actions"):
                go = button(_("Save for {count} devices").format(count=found.devices), "main", save)
                go.props["disabled"] = bool(found.refused) or not found.differences
                button(_("Cancel"), press=dialog.close)
        dialog.open()

    def _refused(self, found: PreviewPublic) -> None:
        _ = self._frame.say
        with tag("div", "stack", role="alert"):
            state("bad", _("This cannot be saved: configurations would be broken."))
            with tag("ul", "changes"):
                for one in found.refused:
                    where = " / ".join(part for part in (one.site, one.position) if part)
                    tag("li", text=f"{where} – {refusal(one.why, _)}")

    def _affected(self, found: PreviewPublic) -> None:
        _ = self._frame.say
        with tag("details"):
            tag("summary", text=_("Which positions"))
            table = Table(_("Which positions"), (_("Hall"), _("Place"), _("Device"), _("State")))
            for one in found.affected[:LISTED]:
                kind: State = "good" if one.online else "off"
                reach = _("In reach") if one.online else _("Out of reach")
                table.row(
                    [
                        one.site,
                        one.position,
                        partial(link, one.device, f"/fleet/devices/{one.device}", "mono") if one.device else "–",
                        partial(state, kind, reach) if one.device else _("No device"),
                    ]
                )
            if found.positions > LISTED:
                tag("p", "soft", _("and {count} more").format(count=found.positions - LISTED))

    async def _save(self, patch: Json, rev: int, note: str) -> bool:
        """Save it; return whether the dialog is over."""
        frame, key = self._frame, self._key

        def save() -> LayerPublic | None:
            self._need()
            checked, who = self._body(patch, note), frame.who.name

            def fn(session: Session) -> tuple[LayerPublic, Plan]:
                found, plan = service.save(session, key, checked, rev, who, note)
                return LayerPublic(layer=found.key, rev=found.rev, patch=found.patch, who=found.who, at=found.at), plan

            try:
                return service.carry_out(frame.parts, fn)
            except StaleError:
                return None

        done = await frame.do(lambda: (save(),))
        if done is None:
            return False
        (layer,) = done
        if layer is None:
            await self._stale()
        else:
            frame.told(N_("Saved: devices are told now"))
            await self._saved(layer, patch)
        return True

    def _need(self) -> None:
        if not service.may_edit(self._frame.who, self._key):
            raise Problem(403, "Your account has no right to this")

    def _body(self, patch: Json, note: str) -> Json:
        """Return a patch as programs would have to send it. Raises ValidationError."""
        body = {"patch": patch, "note": note}
        if self._key.level == "position":
            return dict(POSITION_PATCH.dump_python(PositionPatchBody.model_validate(body).patch, mode="json"))
        return dict(PATCH.dump_python(PatchBody.model_validate(body).patch, mode="json"))


def differences(frame: Frame, found: list[DifferencePublic]) -> None:
    """Draw what was and what is."""
    _ = frame.say
    lines = [line for one in found for line in changes(one.path, *one.ends, _)]
    if not lines:
        tag("p", "soft", _("Nothing is different."))
        return
    with tag("ul", "changes"):
        for label, before, after in lines:
            with tag("li"):
                tag("b", text=f"{label}: ")
                tag("del", text=before)
                tag("span", text=" → ")
                tag("ins", text=after)
