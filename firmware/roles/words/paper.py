"""What the kiosk prints: the ticket and the diagnosis slip, as parts for the printer, 58 mm wide."""

from firmware.drivers import escpos
from firmware.roles.words.texts import CLOCKS, words
from protocol.codes import CODES

TRUSTED = 2  # a time of this quality or better is printed


def moment(t: int, tz: int) -> str:
    """Unix ms as "24-11-2026 08:05" in a zone `tz` minutes east of UTC."""
    minutes = t // 60_000 + tz
    days, minute = divmod(minutes, 1_440)
    # Gregorian date from days, years counted from March (a leap day is then the last of its year).
    days += 719_468
    era, day = divmod(days, 146_097)
    year = (day - day // 1_460 + day // 36_524 - day // 146_096) // 365
    day -= 365 * year + year // 4 - year // 100
    month = (5 * day + 2) // 153
    day -= (153 * month + 2) // 5
    year += era * 400 + (month > 9)
    return "%02d-%02d-%d %02d:%02d" % (day + 1, month + 3 if month < 10 else month - 9, year, minute // 60, minute % 60)


def ahead(board, service) -> int:
    """People waiting for the service, as the board has it."""
    for one in board["services"] if board else ():
        if one["id"] == service["id"]:
            return one["waiting"]
    return 0


def ticket(doc, now, service, label: str, board, priority: str):
    """Yield the parts of a ticket; `board` is the hall's or None, `now` a pair (Unix ms, quality)."""
    lang = doc["lang"]
    desks = sum(1 for c in doc["counters"] if not c["services"] or service["id"] in c["services"])
    before = ahead(board, service)
    wait = (before * service.get("mins", 0) // max(1, desks) + 4) // 5 * 5  # minutes, rounded up to five
    yield escpos.CENTRE + escpos.BOLD
    for part in escpos.paragraph(doc["site"]["name"]):
        yield part
    yield escpos.LIGHT + escpos.RULE
    yield escpos.text(words("number", lang)) + escpos.LINE
    yield escpos.huge(label)
    yield escpos.BOLD
    for line in escpos.wrap(service["name"], escpos.COLUMNS // 2):
        yield escpos.size(2, 2) + escpos.text(line) + escpos.LINE
    yield escpos.size(1, 1) + escpos.LIGHT
    if priority:
        yield escpos.text(words("priority", lang) + words(priority, lang)) + escpos.LINE
    yield escpos.RULE + escpos.LEFT
    yield escpos.pair(words("ahead", lang), words("people", lang) % before)
    yield escpos.pair(words("wait", lang), words("minutes", lang) % wait if wait else words("soon", lang))
    if service.get("need"):
        for part in escpos.paragraph(words("need", lang) + service["need"]):
            yield part
    yield escpos.RULE + escpos.CENTRE + escpos.BOLD + escpos.text(words("free", lang)) + escpos.LINE + escpos.LIGHT
    if now[1] >= TRUSTED:
        yield escpos.text(moment(now[0], doc["site"]["tz"])) + escpos.LINE
    yield escpos.feed(4)


def slip(doc, now, status):
    """Yield the parts of the diagnosis slip; `status` as the node gives it, `doc` the configuration or None."""
    lang = doc["lang"] if doc else "id"
    code = status.get("code") or ""
    yield escpos.CENTRE + escpos.BOLD + escpos.text(words("diagnosis", lang)) + escpos.LINE + escpos.LIGHT
    yield escpos.LEFT + escpos.RULE
    for key, value in rows(status, lang):
        yield escpos.pair(words(key, lang), value)
    if status.get("crash"):
        yield escpos.text(words("crash", lang)) + escpos.LINE
        for part in escpos.paragraph(status["crash"][-160:]):
            yield part
    yield escpos.RULE + escpos.BOLD
    for part in escpos.paragraph(sentence(code, lang)):
        yield part
    yield escpos.LIGHT
    if now[1] >= TRUSTED:
        yield escpos.text(moment(now[0], doc["site"]["tz"] if doc else 0)) + escpos.LINE
    for part in escpos.qr(status.get("device", "")):
        yield part
    yield escpos.feed(4)


def sentence(code: str, lang: str) -> str:
    """What to do about `code`, one sentence."""
    if code not in CODES:
        return words("well", lang)
    return code + ": " + CODES[code][lang == "en"]


def rows(status, lang: str):
    """Yield (text key, value) of what a technician asks first."""
    yield "device", status.get("device", "?")
    yield "position", "%s/%s" % (status.get("site") or "?", status.get("position") or "?")
    yield "network", status.get("network") or words("no", lang)
    yield "signal", "%d dBm" % status.get("rssi", 0)
    yield "server", words("yes" if status.get("broker") else "no", lang)
    yield "clock", CLOCKS[status.get("clock", 0)][lang == "en"]
    yield "config", (status.get("config") or words("none", lang))[:12]
    yield "version", status.get("fw", "?")
    yield "boots", "%d (%s)" % (status.get("boots", 0), status.get("reset", "?"))
    yield "backlog", "%d" % status.get("backlog", 0)
    yield "heap", "%d kB" % (status.get("heap", 0) // 1024)
