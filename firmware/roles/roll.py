"""The kiosk's roll of paper: what is printed on it, and what its printer tells of it."""

from firmware.core.loan import give_back
from firmware.drivers.printer import COVER, LOW, OFFLINE, OK, OUT, SILENT, STALLED
from protocol import codes

PRINTER = {
    LOW: codes.PAPER_LOW,
    OUT: codes.PAPER_OUT,
    COVER: codes.PRINTER_OPEN,
    OFFLINE: codes.PRINTER_SILENT,
    SILENT: codes.PRINTER_SILENT,
    STALLED: codes.PRINTER_SILENT,
}
"""What a printer says about itself, or why a job failed."""
_PAPER = (codes.PAPER_LOW, codes.PAPER_OUT)  # told by events of their own


class Roll:
    """What the printer says about itself: noted when it changes, shown by the lamp."""

    def __init__(self, note, lamp):
        self.fault = ""
        self._state = ""
        self._note = note
        self._lamp = lamp

    def see(self, state: str) -> None:
        """Take the printer's state, or the reason why a job failed."""
        if state == self._state:
            return
        before, self.fault = self.fault, PRINTER.get(state, "")
        try:
            if state in (OK, LOW, OUT):
                self._note("paper." + state, {})
            if before != self.fault:
                if before and before not in _PAPER:
                    self._note("fault.cleared", {"code": before})
                if self.fault and self.fault not in _PAPER:
                    self._note("fault.raised", {"code": self.fault})
            self._state = state
        except OSError:
            pass  # no room in the journal: told again when there is
        self.shine()

    def shine(self) -> None:
        """Light the lamp where printer and paper are well."""
        if self._lamp is not None:
            self._lamp.value(1 if self._state == OK else 0)


def job(what: str, doc, now, *how):
    """The parts of a "ticket" or a "slip" for the printer; their words are in memory only until it is printed."""
    from firmware.roles.words import paper

    make = paper.ticket if what == "ticket" else paper.slip
    give_back("firmware.roles.words.paper")
    return make(doc, now, *how)
