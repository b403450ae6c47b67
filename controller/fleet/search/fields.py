"""What can be asked of a device: the fields of the filter language, their kinds, and what each takes."""

from dataclasses import dataclass
from enum import Enum

from controller.web.i18n import N_


class Kind(Enum):
    """What a field's values are."""

    WORD = "word"  # with * for any characters; "" for none
    CHOICE = "choice"  # one of `allowed`
    FLAG = "flag"  # yes or no
    NUMBER = "number"
    SPAN = "span"  # a time that something has lasted, seconds
    AGE = "age"  # how long ago, seconds
    VERSION = "version"  # 1.2 is every 1.2.x


ORDERED = ("<", "<=", ">", ">=")
SAME = (":", "=")  # both mean the same; ":" is printed


@dataclass(frozen=True)
class Field:
    """A field. `text` says in a few words what it is; `allowed`: of a choice."""

    name: str
    kind: Kind
    text: str
    allowed: tuple[str, ...] = ()

    @property
    def ops(self) -> tuple[str, ...]:
        """The signs that may stand between it and a value."""
        if self.kind is Kind.AGE:
            return ORDERED
        return SAME if self.kind in (Kind.WORD, Kind.CHOICE, Kind.FLAG) else (*SAME, *ORDERED)


FIELDS = {
    one.name: one
    for one in (
        Field("id", Kind.WORD, N_("the device's id (MAC)")),
        Field("site", Kind.WORD, N_("id of the site; empty: a spare")),
        Field("district", Kind.WORD, N_("id of the sub-district")),
        Field("kind", Kind.CHOICE, N_("kind of the site"), ("village", "urban", "subdistrict", "health", "office")),
        Field("uplink", Kind.CHOICE, N_("uplink of the site"), ("fibre", "wireless")),
        Field("position", Kind.WORD, N_("id of the position")),
        Field("role", Kind.CHOICE, N_("what it is"), ("kiosk", "display", "counter", "sensor")),
        Field("status", Kind.CHOICE, N_("its standing"), ("in_use", "spare", "claimed", "out_of_use")),
        Field("online", Kind.FLAG, N_("whether it is there")),
        Field("seen", Kind.AGE, N_("how long ago it was last heard of")),
        Field("tag", Kind.WORD, N_("a tag; empty: without tags")),
        Field("fw", Kind.VERSION, N_("version of its firmware")),
        Field("heap", Kind.NUMBER, N_("free memory, bytes")),
        Field("rssi", Kind.NUMBER, N_("strength of its Wi-Fi, dBm")),
        Field("backlog", Kind.NUMBER, N_("events that wait on it")),
        Field("boots", Kind.NUMBER, N_("how often it has started")),
        Field("uptime", Kind.SPAN, N_("how long it has run")),
        Field("code", Kind.WORD, N_("the code that it shows (E-05)")),
    )
}
