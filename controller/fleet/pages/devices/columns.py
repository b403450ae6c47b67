"""What the list of devices can show: its columns, what each is sorted by, and how a cell is drawn."""

from collections.abc import Callable
from dataclasses import dataclass

from controller.fleet.models import Device, Position, Site, status
from controller.fleet.pages.devices.words import LOW_HEAP, MUCH, STATUS, WEAK_DBM, presence
from controller.fleet.pages.words import ROLES
from controller.web.i18n import N_, translate
from controller.web.shell.times import age, span
from controller.web.shell.widgets import link, state, tag


@dataclass(frozen=True)
class Row:
    """One device as the list has it."""

    device: Device
    site: Site | None
    position: Position | None
    tags: tuple[str, ...]
    claimed: bool


@dataclass(frozen=True)
class Column:
    """A column. `sort`: the field that it is sorted by, "" for none; `text`: what its cell says, and by which one sees
    whether it has changed; `draw`: draws more than that; `figure`: numbers, to the right."""

    name: str
    title: str
    sort: str
    text: Callable[[Row, str, int], str]
    draw: Callable[[Row, str, int], object] | None = None
    figure: bool = False


def _status(row: Row, lang: str, _now: int) -> str:
    return translate(STATUS[status(row.device, row.claimed)], lang)


def _role(row: Row, lang: str, _now: int) -> str:
    role = row.position.role if row.position else row.device.role
    return translate(ROLES.get(role, role), lang)


def _presence(row: Row, lang: str, _now: int) -> object:
    kind, word = presence(row.device)
    return state(kind, translate(word, lang))


def _site(row: Row, lang: str, now: int) -> object:
    if row.site is None:
        return tag("span", "soft", _site_text(row, lang, now))
    return link(row.site.name, f"/fleet/sites/{row.site.id}")


def _site_text(row: Row, lang: str, _now: int) -> str:
    return row.site.name if row.site else translate(N_("spare"), lang)


def _tags(row: Row, _lang: str, _now: int) -> object:
    with tag("span", "tags") as made:
        for one in row.tags:
            tag("span", "tag", one)
    return made


def _number(name: str, bad: Callable[[int], bool]) -> Callable[[Row, str, int], object]:
    """Return what draws a figure; one that needs a look has a sign beside it."""

    def draw(row: Row, lang: str, now: int) -> object:
        value = getattr(row.device, name)
        text = _figure(name)(row, lang, now)
        return state("warn", text) if value is not None and bad(value) else tag("span", "", text)

    return draw


def _figure(name: str) -> Callable[[Row, str, int], str]:
    def text(row: Row, lang: str, _now: int) -> str:
        value = getattr(row.device, name)
        return "–" if value is None else grouped(value, lang)

    return text


def grouped(value: int, lang: str) -> str:
    """Return a number as it is read: thousands apart."""
    return f"{value:,}".replace(",", ".") if lang == "id" else f"{value:,}"


def _mac(row: Row, _lang: str, _now: int) -> object:
    return link(row.device.id, f"/fleet/devices/{row.device.id}", "mono")


COLUMNS = (
    Column("id", N_("Device"), "id", lambda row, lang, now: row.device.id, _mac),
    Column("online", N_("Now"), "online", lambda row, lang, now: presence(row.device)[1], _presence),
    Column("site", N_("Site"), "name", _site_text, _site),
    Column("district", N_("Sub-district"), "district", lambda row, lang, now: row.site.district if row.site else ""),
    Column("position", N_("Position"), "position", lambda row, lang, now: row.device.position),
    Column("role", N_("Role"), "role", _role),
    Column("status", N_("Status"), "", _status),
    Column(
        "seen", N_("Heard of"), "seen",
        lambda row, lang, now: age(row.device.seen, lang, now) if row.device.seen else "–",
    ),
    Column("fw", N_("Firmware"), "fw", lambda row, lang, now: str(row.device.state.get("fw", "–"))),
    Column("rssi", N_("Wi-Fi"), "rssi", _figure("rssi"), _number("rssi", lambda dbm: dbm < WEAK_DBM), True),
    Column("heap", N_("Memory"), "heap", _figure("heap"), _number("heap", lambda n: n < LOW_HEAP), True),
    Column(
        "backlog", N_("Waiting"), "backlog", _figure("backlog"), _number("backlog", lambda n: n > MUCH), True
    ),
    Column("boots", N_("Starts"), "boots", _figure("boots"), None, True),
    Column(
        "uptime", N_("Running for"), "uptime",
        lambda row, lang, now: "–" if row.device.uptime is None else span(row.device.uptime, lang), None, True,
    ),
    Column("code", N_("Code"), "code", lambda row, lang, now: row.device.code or "–"),
    Column("tags", N_("Tags"), "", lambda row, lang, now: " ".join(row.tags), _tags),
)  # fmt: skip
BY_NAME = {one.name: one for one in COLUMNS}
SHOWN = ("id", "online", "site", "position", "role", "seen", "fw", "rssi", "backlog", "tags")  # where nothing is chosen
