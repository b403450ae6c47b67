"""The day of a hall: its date, and when the numbers begin again."""

TRUSTED = 2  # clock qualities from here on may tell the date
MIDNIGHT = 600  # s after midnight within which a new date is a midnight that was seen, and not a clock that was set


def date(now, tz: int) -> str:
    """The site's date, "2026-11-24", by the civil calendar (days counted from 1 March 0000)."""
    days = (now.t // 60_000 + tz) // 1_440 + 719_468
    era, day = divmod(days, 146_097)
    year = (day - day // 1_460 + day // 36_524 - day // 146_096) // 365
    day -= 365 * year + year // 4 - year // 100
    month = (5 * day + 2) // 153
    day -= (153 * month + 2) // 5
    year += era * 400 + (month > 9)
    return "%04d-%02d-%02d" % (year, month + 3 if month < 10 else month - 9, day + 1)


def roll(state, rules, now, events, key):
    """Open the first day; begin, confirm or correct the date where a trusted clock tells another.

    Numbers restart only where a midnight was seen, or the leader has just booted on a later date and has issued
    nothing since. A date that comes with a better clock than the tickets were issued by, or that leaps in the middle of
    the day, is a correction: tickets issued since the boot move to the new date, and the numbering goes on.
    """
    trusted = now.q >= TRUSTED
    if not state.serial:
        today = date(now, rules.tz) if trusted else ""
        _opened(events, rules, now, key, serial=1, date=today, restart=1, keep=-1)
        return
    if not trusted:
        return
    today = date(now, rules.tz)
    issued = state.issue > state.mark
    better = now.q > state.q or (issued and now.q > state.low)
    if today == state.date:
        if better:
            _opened(events, rules, now, key, serial=state.serial, date=today, restart=0, keep=-1)
    elif today > state.date or now.q > state.q:
        midnight = (now.t // 1000 + rules.tz * 60) % 86_400 < MIDNIGHT
        seen = state.date and today > state.date and not better and (midnight or not issued)
        restart, keep = (1, -1) if seen else (0, state.mark)
        _opened(events, rules, now, key, serial=state.serial + 1, date=today, restart=restart, keep=keep)


def _opened(events, rules, now, key, **data):
    """`start`: the date's first second (Unix), 0 for unknown; late issues from before it are of another day."""
    data["start"] = now.t // 1000 - (now.t // 1000 + rules.tz * 60) % 86_400 if now.q >= TRUSTED else 0
    events.add("day.opened", key, q=now.q, **data)


def tick(state, rules, command, now, events):
    """The clock goes on."""
    roll(state, rules, now, events, None)


def new_day(state, rules, command, now, events):
    """A clerk closes the day and opens the next, whatever the clock says."""
    today = date(now, rules.tz) if now.q >= TRUSTED else state.date
    _opened(events, rules, now, None, serial=state.serial + 1, date=today, restart=1, keep=-1)


def second(state, rules, now) -> int:
    """The place of an issue now: seconds since the site's midnight, never less than that of an earlier ticket."""
    passed = (now.t // 1000 + rules.tz * 60) % 86_400 if now.t else 0
    return max(passed, state.last)
