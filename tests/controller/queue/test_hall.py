"""A hall in memory: which rows its events make."""

from controller.ingest import Row
from controller.queue.hall import TICKET, Hall

NOON_S = 1_764_046_800


def taken(*events: tuple[str, dict[str, object]]) -> Hall:
    """Return a hall that has taken events: (kind, data without `rev`)."""
    hall = Hall("desa")
    for pos, (kind, data) in enumerate(events, 1):
        full = {"rev": pos, "term": 1, **data}
        at = NOON_S * 1000 + pos * 1000
        hall.take(Row("desa", pos, "kiosk-1", "aa", "a" * 16, 1, pos, at, 3, pos, at, at, kind, full))
    return hall


def tickets(hall: Hall) -> list[dict[str, object]]:
    """Return the rows of tickets that are to be written."""
    flat, dated, _ = hall.written()
    width = len(TICKET)
    return [
        dict(zip(TICKET, part[at : at + width], strict=True))
        for part in (flat, dated)
        for at in range(0, len(part), width)
    ]


DAY = ("day.opened", {"serial": 1, "date": "2025-11-25", "q": 3, "restart": 1, "keep": -1, "start": NOON_S - 43_200})
ISSUED = ("ticket.issued", {"no": 3, "service": "adm", "priority": "", "at": 43_200, "q": 3})


def test_a_number_that_was_burnt_and_turns_out_to_be_somebodys_is_a_ticket():
    granted = ("lead.granted", {"leader": "kiosk-2", "term": 2, "burnt_from": 1, "burnt_to": 5})
    hall = taken(DAY, granted, ISSUED)
    assert [(row["no"], row["state"]) for row in tickets(hall)] == [(3, "waiting")]
    assert hall.cards.keys() == {3}


def test_a_number_that_is_given_twice_stays_the_first_ones():
    hall = taken(DAY, ISSUED, ("ticket.issued", {**ISSUED[1], "service": "kk"}))
    assert [(row["no"], row["service"]) for row in tickets(hall)] == [(3, "adm")]


def test_a_ticket_that_the_new_day_keeps_is_written_whole():
    kept = ("day.opened", {**DAY[1], "serial": 2, "date": "2025-11-26", "restart": 0, "keep": 0})
    hall = taken(DAY, ISSUED)
    assert [row["serial"] for row in tickets(hall)] == [1]
    hall.take(Row("desa", 3, "kiosk-1", "aa", "a" * 16, 1, 3, 0, 0, 3, 0, 0, kept[0], {"rev": 3, "term": 1, **kept[1]}))
    flat, dated, _ = hall.written()
    assert flat == []
    assert dated[TICKET.index("serial")] == 2


def test_a_field_that_a_kind_does_not_have_may_be_anything():
    hall = taken(
        DAY,
        ISSUED,
        ("service.closed", {"service": "adm", "no": None}),
        ("ticket.called", {"no": 3, "counter": "1", "c": 1}),
    )
    hall.written()
    hall.take(
        Row(
            "desa",
            9,
            "kiosk-1",
            "aa",
            "a" * 16,
            1,
            9,
            0,
            0,
            9,
            0,
            0,
            "ticket.parked",
            {"rev": 9, "term": 1, "no": 3, "service": [1]},
        )
    )
    assert [row["service"] for row in tickets(hall)] == ["adm"]
