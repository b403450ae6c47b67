"""What a device may send that is almost what the contract asks for, or nothing of the kind."""

import json

from hypothesis import strategies as st

from protocol.events import KINDS

DEEP: dict[int, object] = {}
for depth in (13, 300, 900):
    value: object = 0
    for _ in range(depth):
        value = [value]
    DEEP[depth] = value

EDGES = (-1, 0, 1, 4, 5, 255, 1 << 31, 1 << 32, (1 << 53) - 1, 1 << 53, (1 << 63) - 1, 1 << 63, 1 << 64, 10**30)
ODD = (
    st.sampled_from(EDGES)
    | st.sampled_from([None, True, False, 0.5, 1.0, 1e300, float("inf"), float("nan"), [], {}, [[]], *DEEP.values()])
    | st.sampled_from(["", "\0", "\ud800", "a" * 65, "A", "ticket.rated", "controller", "2026-11-24", "\x1b\u2028"])
    | st.text(max_size=8)
)
QUEUE = sorted(kind for kind, fields in KINDS.items() if "rev" in fields)  # what the projection makes tables of
MORE = ("x", "no", "service", "counter", "score", "rev", "burnt_to", "\ud800")  # fields of some kinds, or of none yet
IDS = st.sampled_from(["adm", "kk", "1", "2", "kiosk-1", "controller"])
FORMS = {
    "int": st.integers(0, 12) | st.sampled_from([n for n in EDGES if 0 <= n < 1 << 53]),
    "keep": st.integers(-1, 9),
    "flag": st.integers(0, 1),
    "quality": st.integers(0, 4),
    "id": IDS,
    "key": st.sampled_from(["a.1", "a.2", ""]) | st.text(max_size=40),
    "text": st.text(max_size=64),
    "long": st.text(max_size=99),
    "date": st.sampled_from(["", "2026-11-24", "1999-01-01"]),
}
TIMES = st.sampled_from([0, 1_764_046_800_000, 1_764_046_900_000, 253_402_300_799_999]) | st.integers(0, 1 << 41)


@st.composite
def sound(draw: st.DrawFn, seq: int) -> list[object]:
    """Return an event as the contract asks for it, of a kind of the contract, though not one that follows on others."""
    kind = draw(st.sampled_from(QUEUE) | st.sampled_from(sorted(KINDS)))
    data = {}
    for name, form in KINDS[kind].items():
        if isinstance(form, str) and not (form.endswith("?") and draw(st.booleans())):
            data[name] = draw(FORMS[form.rstrip("?")])
        elif not isinstance(form, str):
            data[name] = draw(st.sampled_from(form))
    return [seq, draw(TIMES), draw(st.integers(0, 4)), draw(FORMS["int"]), kind, data]


@st.composite
def hurt(draw: st.DrawFn, value: object) -> object:
    """Return `value` with one thing in it taken away, put in or made another, anywhere."""
    if isinstance(value, dict | list) and value and draw(st.integers(0, 3)):
        places = sorted(value) if isinstance(value, dict) else list(range(len(value)))
        place = draw(st.sampled_from(places))
        made = value.copy()
        how = draw(st.sampled_from(["take", "put", "change"]))
        if how == "take":
            del made[place]
        elif how == "change":
            made[place] = draw(hurt(value[place]))
        elif isinstance(made, dict):
            made[draw(st.sampled_from(MORE))] = draw(ODD)
        else:
            made.insert(place, draw(ODD))
        return made
    if value == {}:
        return {draw(st.sampled_from(MORE)): draw(ODD)}
    return draw(ODD)


@st.composite
def payloads(draw: st.DrawFn, log: str) -> bytes:
    """Return a message on `log`: mostly a batch with a little wrong, sometimes a sound one, sometimes any bytes."""
    if not draw(st.integers(0, 9)):
        return draw(st.binary(max_size=60))
    events = [draw(sound(seq)) for seq in range(1, draw(st.integers(1, 5)) + 1)]
    body: object = {"v": 1, "log": log, "boot": 1, "lo": 1, "e": events}
    for _ in range(draw(st.integers(0, 3))):
        event = draw(st.sampled_from(events))
        where = draw(st.integers(0, 9))
        if where < 4:
            event[draw(st.integers(1, 5))] = draw(ODD)
        elif where < 8:
            event[5] = draw(hurt(event[5]))
        elif where < 9:
            event.insert(draw(st.integers(0, 6)), draw(ODD))
        else:
            body = draw(hurt(body))
    made = json.dumps(body, ensure_ascii=draw(st.booleans())).encode("utf-8", "surrogatepass")
    if not draw(st.integers(0, 9)):
        at = draw(st.integers(0, len(made)))
        made = made[:at] + draw(st.binary(max_size=3)) + made[at + draw(st.integers(0, 3)) :]
    return made
