"""What people are told of an incident, in Indonesian and in English. It has no secret and nobody's name in it."""

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from controller.incidents.judging.kinds import CAUSES, KINDS
from controller.web.i18n import LANGUAGES, N_, translate

ZONES = {420: "WIB", 480: "WITA", 540: "WIT"}

OVER = N_("Over: {what}")
LINES = (
    (N_("Hall"), "hall"),
    (N_("Position"), "position"),
    (N_("Code"), "detail"),
    (N_("Since"), "since"),
    (N_("Until"), "until"),
    (N_("Why"), "cause"),
    (N_("Look"), "link"),
)


@dataclass(frozen=True)
class Message:
    """One message. `id` is the same however often it is sent; `incident` the same for opening and closing.

    `what`: opened or closed. `tz`: minutes east of UTC; moments are Unix ms, `until` 0 while it is open. `link`: where
    people look, "" for nowhere.
    """

    id: int
    incident: int
    what: str
    site: str
    name: str
    tz: int
    device: str
    position: str
    kind: str
    detail: str
    cause: str
    since: int
    until: int
    link: str = ""

    @property
    def urgent(self) -> bool:
        """Whether people cannot be served, or soon will not be."""
        return KINDS[self.kind].urgent

    def title(self, lang: str) -> str:
        """Return one line: where, and what."""
        what = translate(KINDS[self.kind].text, lang).partition(":")[0]
        if self.what == "closed":
            what = translate(OVER, lang).format(what=what)
        return f"{self.name}: {what}"

    def body(self, lang: str) -> str:
        """Return the whole, some lines: what is wrong and what to do, where, since when."""
        values = {
            "hall": f"{self.name} ({self.site})",
            "position": self.position,
            "detail": self.detail,
            "since": self._moment(self.since),
            "until": self._moment(self.until) if self.what == "closed" else "",
            "cause": translate(CAUSES.get(self.cause, ""), lang),
            "link": self.link,
        }
        said = translate(KINDS[self.kind].text, lang)
        if self.what == "closed":
            said = translate(OVER, lang).format(what=said.partition(":")[0])
        lines = [f"{translate(label, lang)}: {values[name]}" for label, name in LINES if values[name]]
        return "\n".join([f"{said}.", "", *lines])

    def json(self) -> dict[str, object]:
        """Return it for a program."""
        names = ("site", "name", "device", "position", "kind", "detail", "cause", "since", "until")
        incident = {name: getattr(self, name) for name in names}
        return {
            "v": 1,
            "id": self.id,
            "event": f"incident.{self.what}",
            "incident": {"id": self.incident, "urgent": self.urgent, **incident},
            "text": {lang: self.title(lang) for lang in LANGUAGES},
        }

    def _moment(self, at: int) -> str:
        zone = timezone(timedelta(minutes=self.tz))
        name = ZONES.get(self.tz, zone.tzname(None))
        return f"{datetime.fromtimestamp(at // 1000, zone):%Y-%m-%d %H:%M} {name}"
