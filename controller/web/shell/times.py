"""Moments as people read them: in the zone of the place, with their age beside."""

from datetime import UTC, datetime, timedelta, timezone

from babel.dates import format_date, format_datetime, format_time, format_timedelta

FLEET_TZ = 420  # of what belongs to no hall: the regency's zone is WIB
ZONES = {420: "WIB", 480: "WITA", 540: "WIT"}
LOCALES = {"id": "id", "en": "en_GB"}


def moment(at: int, tz: int, lang: str, now: int) -> str:
    """Return a moment (Unix ms) in a zone (minutes east of UTC): the time of today, day and time of another day."""
    if at <= 0:
        return "–"
    zone = timezone(timedelta(minutes=tz))
    then, today = datetime.fromtimestamp(at / 1000, zone), datetime.fromtimestamp(now / 1000, zone)
    locale = LOCALES[lang]
    if then.date() == today.date():
        return str(format_time(then, "HH:mm", locale=locale))
    pattern = "d MMM HH:mm" if then.year == today.year else "d MMM y HH:mm"
    return str(format_datetime(then, pattern, locale=locale))


def exact(at: int, tz: int, lang: str) -> str:
    """Return a moment to the second, with its zone."""
    zone = timezone(timedelta(minutes=tz))
    then = datetime.fromtimestamp(at / 1000, zone)
    name = ZONES.get(tz, then.strftime("UTC%z"))
    return f"{format_datetime(then, 'd MMM y HH:mm:ss', locale=LOCALES[lang])} {name}"


def age(at: int, lang: str, now: int) -> str:
    """Return how long ago a moment was, in the largest unit: "3 menit"."""
    return str(format_timedelta(timedelta(milliseconds=max(0, now - at)), threshold=1.2, locale=LOCALES[lang]))


def span(seconds: int, lang: str) -> str:
    """Return a length of time, in the largest unit."""
    return str(format_timedelta(timedelta(seconds=seconds), threshold=1.2, locale=LOCALES[lang]))


def day(text: str, lang: str) -> str:
    """Return a day ("2026-11-24") as it is read."""
    return str(format_date(datetime.fromisoformat(text).replace(tzinfo=UTC), "EEE d MMM", locale=LOCALES[lang]))
