"""Tables as files for people: CSV as Excel in Indonesia opens it, and XLSX.

CSV is UTF-8 with a byte order mark and semicolons: Excel takes the list separator of its country, which is a semicolon
where the comma divides decimals, and without the mark it reads UTF-8 as something else. Lines end as RFC 4180 says. A
text that a spreadsheet would take for a formula (OWASP, "CSV Injection") has an apostrophe before it; numbers are
numbers, with a comma before their decimals. In XLSX texts are texts by their type.
"""

import csv
import io
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import IO, Literal

from starlette.responses import StreamingResponse
from xlsxwriter import Workbook  # type: ignore[import-untyped]

Cell = str | int | float | bool | datetime | None
Format = Literal["csv", "xlsx"]
SEPARATOR = ";"
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
TIME = "%Y-%m-%d %H:%M:%S"
LINES = 200  # of a piece that is sent
PIECE = 65_536  # bytes
IN_MEMORY = 1 << 20  # of a workbook, before it goes to a file
WIDEST = 60
LONGEST = 32_000  # characters of a cell, which holds 32,767
MEDIA = {"csv": "text/csv; charset=utf-8", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}


def download(kind: Format, name: str, head: Sequence[str], rows: Iterable[Sequence[Cell]]) -> StreamingResponse:
    """Return a table as the answer to a request: a file called `name` with the ending of its kind."""
    made = as_csv(head, rows) if kind == "csv" else as_xlsx(name, head, rows)
    headers = {"Content-Disposition": f'attachment; filename="{name}.{kind}"'}
    return StreamingResponse(made, media_type=MEDIA[kind], headers=headers)


def as_csv(head: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[bytes]:
    """Return a table as CSV, in pieces."""
    text = io.StringIO(newline="")
    text.write("\ufeff")
    writer = csv.writer(text, delimiter=SEPARATOR, lineterminator="\r\n")
    writer.writerow([safe(one) for one in head])
    for number, row in enumerate(rows, start=1):
        writer.writerow([safe(one) for one in row])
        if number % LINES == 0:
            yield text.getvalue().encode()
            text.seek(0)
            text.truncate()
    yield text.getvalue().encode()


def as_xlsx(title: str, head: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[bytes]:
    """Return a table as a workbook of one sheet, in pieces; its rows go to a file one by one, so memory stays small."""
    with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as file:
        _write(file, title, head, rows)
        file.seek(0)
        while piece := file.read(PIECE):
            yield piece


def safe(cell: Cell) -> str | int:
    """Return a cell as CSV holds it."""
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.strftime(TIME)
    if isinstance(cell, str):
        return f"'{cell}" if cell.startswith(FORMULA) else cell
    if isinstance(cell, float):
        return str(cell).replace(".", ",")
    return int(cell)


def _write(file: IO[bytes], title: str, head: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    book = Workbook(file, {"constant_memory": True})
    sheet = book.add_worksheet(title[:31])
    bold, time = book.add_format({"bold": True}), book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
    sheet.freeze_panes(1, 0)
    for column, text in enumerate(head):
        sheet.set_column(column, column, min(WIDEST, max(12, len(text) + 2)))
        sheet.write_string(0, column, text, bold)
    number = 0
    for number, row in enumerate(rows, start=1):
        for column, cell in enumerate(row):
            if isinstance(cell, datetime):
                sheet.write_datetime(number, column, cell.replace(tzinfo=None), time)
            elif isinstance(cell, str):
                sheet.write_string(number, column, cell[:LONGEST])
            elif cell is not None:
                sheet.write_number(number, column, cell)
    if number:
        sheet.autofilter(0, 0, number, len(head) - 1)
    book.close()
