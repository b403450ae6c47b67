"""The beginning of a rollout: what is asked for, what would be done, and only then the button."""

from collections import Counter

from nicegui import ui
from sqlmodel import Session, col, select

from controller.updates.models import Release
from controller.updates.pages.words import WHY
from controller.updates.schemas import RolloutCreate, RolloutWhole
from controller.web.i18n import N_
from controller.web.shell.frame import Frame
from controller.web.shell.layout import heading
from controller.web.shell.page import Page
from controller.web.shell.widgets import Table, button, card, choice, empty, field, figure, state, tag

SITES_NAMED = 12  # of a ring


class Form:
    """The fields, and what would be done by them."""

    def __init__(self, frame: Frame, releases: dict[str, str]) -> None:
        self._frame = frame
        self._previewed: RolloutCreate | None = None
        _ = frame.say
        with card(_("What is asked for")), tag("div", "form"):
            self._rel = choice(_("Release"), releases, next(iter(releases)))
            self._sites = field(_("Halls"), hint=_("ids with commas between; nothing for all"))
            self._rings = field(
                _("Rings, in percent of the halls"), "1, 10, 100", hint=_("rising; the last is usually 100")
            )
            self._parallel = field(_("Devices at a time"), "10", inputmode="numeric")
            self._rate = field(
                _("Bytes a second for all together"), "100000", inputmode="numeric", hint=_("0: no limit")
            )
            self._share = field(_("Stop at failures of, percent"), "20", inputmode="numeric")
            self._note = field(_("Note"), maxlength="96")
            self._now = ui.checkbox(_("Restart at once, not at a quiet moment"))
            for one in (self._rel, self._sites, self._rings, self._parallel, self._rate, self._share, self._note):
                one.on_value_change(self._stale)
            self._now.on_value_change(self._stale)
        with tag("div", "actions"):
            button(_("Show what would be done"), press=self._preview)
            self._go = button(_("Begin"), "main", self._begin)
        self._shown = tag("div", **{"aria-live": "polite"})
        self._stale()

    def _stale(self) -> None:
        """What was shown is not what is asked for any more."""
        self._previewed = None
        self._go.props["disabled"] = True
        self._shown.clear()

    def _asked(self) -> RolloutCreate:
        """Return what stands in the fields. Raises a ValidationError."""
        sites = str(self._sites.value or "").replace(",", " ").split()
        rings = str(self._rings.value or "").replace(",", " ").replace("%", " ").split()
        return RolloutCreate.model_validate(
            {
                "rel": self._rel.value,
                "sites": sites,
                "all": not sites,
                "rings": [_number(one) for one in rings],
                "parallel": _number(self._parallel.value),
                "rate": _number(self._rate.value),
                "stop_share": _number(self._share.value),
                "note": " ".join(str(self._note.value or "").split()),
                "now": bool(self._now.value),
            }
        )

    async def _preview(self) -> None:
        frame = self._frame
        self._stale()

        def fn() -> tuple[RolloutCreate, RolloutWhole]:
            body = self._asked()
            return body, frame.parts.updates.preview(body, frame.who.name)

        made = await frame.do(fn, role="admin")
        if made is None:
            return
        self._previewed, whole = made
        self._go.props["disabled"] = False
        with self._shown:
            _preview(frame, whole)

    async def _begin(self) -> None:
        frame, body = self._frame, self._previewed
        if body is None:
            return
        made = await frame.do(lambda: frame.parts.updates.begin(body, frame.who.name), role="admin")
        if made is not None:
            ui.navigate.to(f"/fleet/rollouts/{made.id}")


async def _build(frame: Frame) -> None:
    _ = frame.say
    heading(frame, soft=_("Nothing is sent before you have seen what would be done."))
    releases = await frame.read(_releases)
    if not releases:
        with card():
            empty(_("No release yet. A technician makes and sends one: balai release --help"), "inventory_2")
        return
    Form(frame, releases)


def _releases(session: Session) -> dict[str, str]:
    found = session.exec(select(Release.rel, Release.fw, Release.seq).order_by(col(Release.seq).desc()))
    return {rel: f"{fw} · {seq}" for rel, fw, seq in found}


def _preview(frame: Frame, whole: RolloutWhole) -> None:
    _ = frame.say
    with card(_("What would be done")):
        table = Table(_("Rings"), (_("Ring"), figure(_("Devices")), _("Halls")))
        for number, ring in enumerate(whole.rings, start=1):
            more = len(ring.sites) - SITES_NAMED
            sites = ", ".join(ring.sites[:SITES_NAMED]) + (f" … +{more}" if more > 0 else "")
            table.row([str(number), str(ring.counts.get("pending", 0)), sites])
        left = Counter(unit.why for unit in whole.devices if unit.state == "skipped")
        if left:
            tag("h3", text=_("Left out"))
            with tag("ul"):
                for why, count in left.most_common():
                    with tag("li"):
                        state("off", f"{count} · {_(WHY.get(why, why))}")


def _number(value: object) -> int | str:
    """Return the number that was typed, or what was typed instead: the schema says what is wrong with it."""
    text = str(value or "").strip()
    return int(text) if text.isdecimal() and len(text) < 16 else text


PAGE = Page(
    "/fleet/updates/begin", N_("Begin a rollout"), _build, role="admin", everywhere=True, under="/fleet/updates"
)
