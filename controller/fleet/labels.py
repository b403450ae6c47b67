"""Labels for devices, a sheet a page: where it stands, its id, and a QR code that opens it on a phone.

The sheet is A4 with 3 x 8 labels of 70 x 36 mm and no gaps, as Avery Zweckform 3475: 210 mm wide, 288 of 297 mm high.
"""

from collections.abc import Iterable
from io import BytesIO
from typing import NamedTuple

import segno
from fpdf import FPDF

FORMAT = "A4, 3 x 8, 70 x 36 mm (Avery Zweckform 3475)"
ACROSS, DOWN = 3, 8
WIDTH, HEIGHT = 70.0, 36.0  # mm, as all that follows
TOP = (297 - DOWN * HEIGHT) / 2
EDGE = 5.0  # printers leave so much white at the edge of a page
CODE = 26.0  # the side of the code with its quiet zone
QUIET = 4  # modules around a code (ISO/IEC 18004)
POINT = 25.4 / 72  # mm


class Label(NamedTuple):
    """What stands on one label, from the largest to the smallest, and the link in its code."""

    title: str
    place: str
    device: str
    link: str


def code(link: str) -> list[list[bool]]:
    """Return the modules of a link's QR code, without a quiet zone; a sixth of it may be dirty (level M)."""
    made = segno.make_qr(link, error="m", boost_error=False)
    return [[bool(module) for module in row] for row in made.matrix]


def sheets(labels: Iterable[Label]) -> bytes:
    """Return the labels as a PDF, 24 a page."""
    pdf = FPDF(format="A4", unit="mm")
    pdf.set_auto_page_break(False)
    pdf.set_margin(0)
    pdf.set_title("Balai")
    pdf.set_creator(f"Balai: {FORMAT}")
    for number, label in enumerate(labels):
        at = number % (ACROSS * DOWN)
        if at == 0:
            pdf.add_page()
        _draw(pdf, at % ACROSS * WIDTH, TOP + at // ACROSS * HEIGHT, label)
    out = BytesIO()
    pdf.output(out)
    return out.getvalue()


def _draw(pdf: FPDF, left: float, top: float, label: Label) -> None:
    """Draw a label whose upper left corner is there: the code, and the texts beside it."""
    _draw_code(pdf, left + EDGE, top + (HEIGHT - CODE) / 2, code(label.link))
    x, room = left + EDGE + CODE + 1, WIDTH - CODE - 2 * EDGE - 1
    y = _text(pdf, x, top + 9, room, label.title, "Helvetica", "B", 12)
    y = _text(pdf, x, y + 1, room, label.place, "Helvetica", "", 9)
    _text(pdf, x, y + 3, room, label.device, "Courier", "B", 11)


def _draw_code(pdf: FPDF, left: float, top: float, modules: list[list[bool]]) -> None:
    """Draw a code as rectangles, one for each run of dark modules of a row."""
    side = CODE / (len(modules) + 2 * QUIET)
    pdf.set_fill_color(0, 0, 0)
    for row, line in enumerate(modules):
        start = 0
        while start < len(line):
            end = start
            while end < len(line) and line[end]:
                end += 1
            if end > start:
                x, y = left + (QUIET + start) * side, top + (QUIET + row) * side
                pdf.rect(x, y, (end - start) * side, side, style="F")
            start = end + 1


def _text(pdf: FPDF, x: float, y: float, room: float, text: str, font: str, style: str, size: float) -> float:
    """Write up to two lines of a text, smaller where it does not fit; return where it ends."""
    if not text.strip():
        return y
    plain = text.encode("latin-1", "replace").decode("latin-1")  # what the fonts that every printer has can show
    while True:
        pdf.set_font(font, style, size)
        lines = _lines(pdf, plain, room)
        if len(lines) <= 2 or size <= 6:
            break
        size -= 0.5
    for line in lines[:2]:
        y += size * POINT * 1.15
        pdf.text(x, y, line)
    return y


def _lines(pdf: FPDF, text: str, room: float) -> list[str]:
    """Break a text into lines that fit, within a word where it is too long alone."""
    lines = [""]
    for word in text.split():
        joined = f"{lines[-1]} {word}".strip()
        if pdf.get_string_width(joined) <= room:
            lines[-1] = joined
            continue
        if lines[-1]:
            lines.append("")
        for letter in word:
            if pdf.get_string_width(lines[-1] + letter) > room:
                lines.append("")
            lines[-1] += letter
    return lines
