"""The slip that an order has printed: what shows whether printer, paper and width are right."""

from firmware.drivers import escpos
from firmware.drivers.printer import LOW, OK, PrintError
from firmware.roles.words.paper import sentence
from firmware.roles.words.texts import words
from protocol.codes import CODES

LANGUAGES = ("id", "en")
ROW = 5  # codes on a line


async def printed(printer, device: str, answer) -> None:
    """Print it, and answer when it is on paper: refused with what is wrong with the printer, or failed on the way."""
    try:
        state = await printer.status()
        if state not in (OK, LOW):
            return answer("refused", state)
        await printer.print(slip(device))
        answer("done", "")
    except PrintError as error:
        answer("failed", error.why)


def slip(device: str):
    """Yield the parts of the slip."""
    yield escpos.CENTRE + escpos.BOLD
    for lang in LANGUAGES:
        yield escpos.text(words("test", lang)) + escpos.LINE
    yield escpos.LIGHT + escpos.LEFT
    columns = range(1, escpos.COLUMNS + 1)
    yield escpos.text("".join([" " if n % 10 else str(n // 10) for n in columns])) + escpos.LINE
    yield escpos.text("".join([str(n % 10) for n in columns])) + escpos.LINE
    yield escpos.RULE
    for first in range(32, 127, escpos.COLUMNS):
        yield bytes(range(first, min(first + escpos.COLUMNS, 127))) + escpos.LINE
    yield escpos.RULE
    codes = sorted(CODES)
    for first in range(0, len(codes), ROW):
        yield escpos.text(" ".join(codes[first : first + ROW])) + escpos.LINE
    for lang in LANGUAGES:
        for part in escpos.paragraph(sentence("", lang)):
            yield part
    yield escpos.huge("A 12")
    for part in escpos.qr(device):
        yield part
    yield escpos.text(device) + escpos.LINE + escpos.feed(4)
