"""ESC/POS as bytes: text, sizes and feeds for a 58 mm printer (32 columns of font A, 384 dots).

Commands as in the Epson ESC/POS command reference; only those that cheap 58 mm mechanisms know too.
"""

COLUMNS = 32

INIT = b"\x1b@"  # ESC @: also drops what is in the print buffer
LEFT = b"\x1ba\x00"
CENTRE = b"\x1ba\x01"
BOLD = b"\x1bE\x01"
LIGHT = b"\x1bE\x00"
LINE = b"\n"
RULE = b"-" * COLUMNS + LINE


def text(value: str) -> bytes:
    """Printable ASCII of `value`; anything else becomes "?", so that no name can hold a command."""
    return bytes([ord(c) if " " <= c <= "~" else 63 for c in value])


def size(width: int, height: int) -> bytes:
    """GS !: characters `width` and `height` times as large, 1..8 each."""
    return bytes((0x1D, 0x21, (width - 1) << 4 | (height - 1)))


def feed(lines: int) -> bytes:
    """ESC d: print and feed `lines` lines."""
    return bytes((0x1B, 0x64, lines))


def wrap(value: str, columns: int = COLUMNS):
    """Yield the lines of `value`, broken between words, a word longer than a line cut."""
    line = ""
    for word in value.split():
        while len(word) > columns:
            if line:
                yield line
                line = ""
            yield word[:columns]
            word = word[columns:]
        if not line:
            line = word
        elif len(line) + 1 + len(word) <= columns:
            line += " " + word
        else:
            yield line
            line = word
    if line:
        yield line


def paragraph(value: str):
    """Yield the bytes of `value`, wrapped, a line at a time."""
    for line in wrap(value):
        yield text(line) + LINE


def pair(label: str, value: str) -> bytes:
    """One line: `label` at the left, `value` at the right edge; the value is cut where both do not fit."""
    value = value[: COLUMNS - len(label) - 1]
    return text(label + " " * (COLUMNS - len(label) - len(value)) + value) + LINE


def huge(value: str) -> bytes:
    """One centred line as large as the paper allows."""
    times = min(8, max(1, COLUMNS // max(1, len(value))))
    return CENTRE + BOLD + size(times, times) + text(value) + LINE + size(1, 1) + LIGHT


def qr(value: str, dots: int = 6):
    """Yield the commands of a QR code, model 2, error correction L, `dots` a module (GS ( k, functions 165 to 181)."""
    data = text(value)
    length = len(data) + 3
    yield CENTRE + b"\x1d(k\x04\x001A2\x00"
    yield b"\x1d(k\x03\x001C" + bytes((dots,))
    yield b"\x1d(k\x03\x001E0"
    yield b"\x1d(k" + bytes((length & 255, length >> 8)) + b"1P0" + data
    yield b"\x1d(k\x03\x001Q0" + LINE
