"""What one transaction adds: events admitted in the order of their logs, dead letters, gaps."""

import hashlib
from collections.abc import Callable, Sequence
from functools import partial
from typing import cast

from sqlmodel import Session

from controller.db import DatabaseError
from controller.ingest import check
from controller.ingest.alarms import Alarms
from controller.ingest.check import AHEAD_MS, EARLIEST, Batch, Item, Said
from controller.ingest.heads import Heads, LogHead
from controller.ingest.models import CONTROLLER
from controller.ingest.projector import Place, Row
from controller.ingest.refusals import Unusable
from controller.ingest.sql import Raw, Value

TRUSTED = 3  # the least quality of a clock that is believed: it comes from the controller or from NTP
PATIENCE = 5  # times that a device may send too far ahead before what is missing is given up
LETTERS_KEPT = 1000  # of a device
COLUMNS = ("site", "pos", "position", "device", "log", "boot", "seq", "t", "q", "up", "at", "time", "kind", "data")
LETTER = ("at", "device", "reason", "detail", "log", "seq", "body")


# A Row of a tuple of its fields, without a call for each of them.
_row = cast("Callable[[tuple[object, ...]], Row]", partial(tuple.__new__, Row))


class Group:
    """Collects what one transaction adds, then writes it.

    Args:
        session: of the write transaction.
        heads: where logs and sites stand; advanced as events are admitted.
        at: the controller's time, Unix ms.
        kinds: the kinds that somebody projects; only their rows are kept in `rows`.
    """

    def __init__(self, session: Session, heads: Heads, at: int, kinds: frozenset[str]) -> None:
        self.stored = 0  # events written
        self.rows: list[Row] = []
        self.letters: list[tuple[str, str, str]] = []  # device, reason, detail: to be counted after the commit
        self.strange: set[str] = set()  # kinds that nobody projects
        self._session, self._heads, self._at, self._kinds = session, heads, at, kinds
        self._raw = Raw(session)
        self._flat: list[Value] = []
        self._letters: list[Value] = []

    def admit(self, place: Place, said: Said, started: tuple[int, int], ahead: dict[tuple[str, str], int]) -> LogHead:
        """Take in what is new in a batch; return where its log then stands.

        Args:
            place: where the device stands.
            said: what it says, a batch.
            started: the number of the device's boot that is known from its live state, and when it began (Unix ms).
            ahead: how often each log has sent too far ahead; kept by the caller.
        """
        _, device, _, batch, texts, _ = said
        assert batch is not None
        head = self._heads.log(self._raw, device, batch.log)
        events, first = batch.events, batch.first
        if first != head.seq + 1:
            events = self._disordered(place, head, batch, texts, ahead)
            if not events:
                return head
        if head.foreign:
            for event in events:
                self._event_letter(device, "foreign_log", "another device has this log", batch.log, event)
            head.seq = max(head.seq, events[-1][0])
            return head
        if head.boot != batch.boot:
            self._heads.boot(self._raw, head, batch.boot)
        if head.quality < TRUSTED:
            self._correct(head, batch, texts, started)
        site = self._heads.site(self._raw, place.site)
        pos, at, latest, flat, kinds = site.pos, self._at, self._at + AHEAD_MS, self._flat, self._kinds
        name, position, log, boot, seq = place.site, place.position, batch.log, batch.boot, head.seq
        rows = self.rows
        for event in events:
            seq, t, q, up, kind, data = event
            text = texts[seq - first]
            if type(text) is not str:
                self._event_letter(device, "bad_event", str(text), log, event)
                continue
            if q >= TRUSTED and EARLIEST <= t <= latest:
                time = t
            else:
                time = self._happened(head, t, q, up)
                if q > 1 and not EARLIEST <= t <= latest:  # stored all the same: the event is true, its clock is not
                    self._event_letter(device, "clock", f"t={t} q={q}", log, event)
            pos += 1
            flat += (name, pos, position, device, log, boot, seq, t, q, up, at, time, kind, text)
            if kind in kinds:
                rows.append(_row((name, pos, position, device, log, boot, seq, t, q, up, at, time, kind, data)))
            else:
                self.strange.add(kind)
        site.pos, head.seq = pos, max(head.seq, seq)
        return head

    def own(self, site: str, kind: str, data: dict[str, object]) -> Row:
        """Add an event that the controller itself originates."""
        head = self._heads.site(self._raw, site)
        head.pos += 1
        head.seq += 1
        at = self._at
        row = Row(site, head.pos, CONTROLLER, CONTROLLER, head.log, 0, head.seq, at, 4, 0, at, at, kind, data)
        self._flat += row[:-1]
        self._flat.append(check.text(data))
        if kind in self._kinds:
            self.rows.append(row)
        else:
            self.strange.add(kind)
        return row

    def letter(self, device: str, reason: str, detail: str, log: str, seq: int, body: str) -> None:
        """Keep what could not be used."""
        self.letters.append((device, reason, detail))
        self._letters += (
            self._at,
            device,
            reason,
            _printable(detail)[:200],
            log,
            seq,
            _printable(body)[: check.LARGEST],
        )

    def _event_letter(self, device: str, reason: str, detail: str, log: str, event: Item) -> None:
        """Keep an event that could not be used."""
        try:
            body = check.text(event)
        except TypeError:  # nested so deep that nothing writes it
            body = ""
        self.letter(device, reason, detail, log, event[0], body)

    def refuse(self, device: str, payload: bytes, error: Unusable, known: bool) -> LogHead | None:
        """Keep a message that could not be used; return its log's head where it can be passed over.

        That is where the device is `known` and the batch can be read so far that it follows on what is stored.
        """
        text = payload.decode("utf-8", "backslashreplace")
        log, first, last = check.salvage(payload)
        self.letter(device, error.reason, str(error), log or hashlib.sha256(payload).hexdigest()[:16], last, text)
        if not log or not known:
            return None
        head = self._heads.log(self._raw, device, log)
        if first > head.seq + 1:
            return None
        head.seq = max(head.seq, last)
        return head

    def lock(self, site: str) -> None:
        """Take the site's lock, to the end of the transaction."""
        self._heads.site(self._raw, site)

    def poisoned(self, row: Row, error: Exception) -> None:
        """Keep, beside the stored event, that a projector failed on it."""
        body = check.text([row.seq, row.t, row.q, row.up, row.kind, row.data])
        self.letter(row.device, "projector", f"{type(error).__name__}: {error}", row.log, row.seq, body)

    def write(self) -> None:
        """Write the events, and how far logs and sites have come.

        Raises DatabaseError where the table has an event that the heads do not know of.
        """
        self._flush()
        self._heads.save(self._raw, self._at)

    def write_letters(self) -> None:
        """Write the dead letters; a device keeps its latest."""
        raw = self._raw
        if self._letters:
            raw.insert("dead_letter", LETTER, self._letters)
            for device in {device for device, _, _ in self.letters}:
                raw.run(
                    "DELETE FROM dead_letter WHERE device = ? AND id <="
                    " (SELECT id FROM dead_letter WHERE device = ? ORDER BY id DESC LIMIT 1 OFFSET ?)",
                    device,
                    device,
                    LETTERS_KEPT,
                )

    def _flush(self) -> None:
        if self._flat:
            count = len(self._flat) // len(COLUMNS)
            if self._raw.insert("event", COLUMNS, self._flat) != count:
                raise DatabaseError("events stand in the table that the heads of their logs do not know of")
            self.stored += count
            self._flat.clear()

    def _disordered(
        self,
        place: Place,
        head: LogHead,
        batch: Batch,
        texts: Sequence[str | Exception],
        ahead: dict[tuple[str, str], int],
    ) -> list[Item]:
        """Return what of a batch that does not follow on its log's head is to be stored.

        A repeat is stored already. A batch from too far ahead: where the device no longer holds what is missing, that
        is a gap; where it does, it is told how far its log is stored and sends from there.
        """
        expected = head.seq + 1
        if batch.first < expected:
            return self._repeated(place, head, batch, texts)
        if batch.lo > expected:
            self._gap(place, head, batch.lo - 1)
        if batch.first > head.seq + 1:
            times = ahead[head.device, head.log] = ahead.get((head.device, head.log), 0) + 1
            if times < PATIENCE:
                return []
            self._gap(place, head, batch.first - 1)
        ahead.pop((head.device, head.log), None)
        return batch.events

    def _gap(self, place: Place, head: LogHead, hi: int) -> None:
        lo = head.seq + 1
        self.own(place.site, "gap", {"device": head.device, "hi": hi, "lo": lo, "log": head.log})
        detail = f"events {lo} to {hi} of log {head.log} are lost"
        Alarms.raise_in(self._session, place.site, head.device, "gap", detail, self._at)
        head.seq = hi

    def _repeated(self, place: Place, head: LogHead, batch: Batch, texts: Sequence[str | Exception]) -> list[Item]:
        """Return the events of a batch that are not stored.

        A repeated event must be the one that is stored; another one under its number is a dead letter.
        """
        self._flush()  # it may repeat what came in this very group
        found = self._found("site = ?", place.site, head, batch)
        if len(found) < len(batch.events) and batch.first + len(found) <= head.seq:  # before the device was moved?
            found |= self._found("site IN (SELECT site FROM event_site WHERE site <> ?)", place.site, head, batch)
        for event, text in zip(batch.events, texts, strict=True):
            seq, _, _, up, kind, _ = event
            if found.get(seq) not in (None, (batch.boot, up, kind, text)):
                self._event_letter(head.device, "seq_reused", f"log stands at {head.seq}", head.log, event)
        return [event for event in batch.events if event[0] not in found]

    def _found(self, where: str, site: str, head: LogHead, batch: Batch) -> dict[int, tuple[int, int, str, str]]:
        """Return what is stored under the numbers of a batch."""
        rows = self._raw.all(
            f"SELECT seq, boot, up, kind, data FROM event WHERE {where}"  # noqa: S608
            " AND device = ? AND log = ? AND seq BETWEEN ? AND ?",
            site,
            head.device,
            head.log,
            batch.first,
            batch.events[-1][0],
        )
        return {row[0]: (row[1], row[2], row[3], row[4]) for row in rows}

    def _correct(self, head: LogHead, batch: Batch, texts: Sequence[str | Exception], started: tuple[int, int]) -> None:
        """Learn when the boot of a batch began: from a trusted clock in it, the device's live state, or its arrival."""
        sound = [event for event, text in zip(batch.events, texts, strict=True) if type(text) is str]
        for _, t, q, up, *_ in sound:
            if q >= TRUSTED and check.plausible(t, self._at):
                self._heads.correct(head, t - up, q)
                return
        if started[0] == batch.boot:
            if head.quality < 1:
                self._heads.correct(head, started[1], 1)
        elif sound:
            arrived = self._at - sound[-1][3]  # no boot began later than this
            if head.quality < 0 or arrived < head.epoch:
                self._heads.correct(head, arrived, 0)

    def _happened(self, head: LogHead, t: int, q: int, up: int) -> int:
        """Return when an event happened whose own clock is not to be trusted."""
        if head.quality < TRUSTED and q == 2 and EARLIEST <= t <= self._at:
            return t
        return min(max(head.epoch + up, EARLIEST), self._at)


def _printable(text: str) -> str:
    """Return a text as every database takes it."""
    return text.replace("\0", "\\0").encode("utf-8", "backslashreplace").decode()
