"""What the parts of a device show, decoded from the bytes and pulses that its board sent to them.

Each class is the receiving end as its datasheet describes it and knows nothing of the firmware: what stands here is
what a real printer, display or player would show. `Parts` takes the lines of the panel protocol (`hil/README.md`).
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from hil.glyphs import CHARACTERS, SEGMENTS

COLUMNS = 32  # of font A on 384 dots
TEAR_OFF = 3  # lines fed at once that end a ticket


class PartError(ValueError):
    """A part got bytes or pulses that its datasheet does not know."""


@dataclass(frozen=True)
class Line:
    """One printed line; `size` is the factor of its characters, `qr` the data of a QR code in its place."""

    text: str
    size: int = 1
    align: str = "left"
    bold: bool = False
    qr: str = ""


@dataclass
class Ticket:
    """One piece of paper; `whole` once it was fed to the tear-off bar."""

    lines: list[Line] = field(default_factory=list)
    whole: bool = False

    @property
    def text(self) -> str:
        """The lines as text."""
        return "\n".join(line.text for line in self.lines)

    def as_json(self) -> list[dict[str, str | int | bool]]:
        """The lines as a page draws them."""
        return [asdict(line) for line in self.lines]


class Paper:
    """An ESC/POS printer's paper (Epson ESC/POS command reference), 58 mm."""

    ALIGN = ("left", "center", "right")

    def __init__(self) -> None:
        self.tickets: list[Ticket] = []
        self._pending = b""
        self._qr = ""
        self._reset()

    def _reset(self) -> None:
        self._text = ""
        self._size = 1
        self._align = "left"
        self._bold = False

    def power_on(self) -> None:
        """The printer starts: what was in its buffer is gone, half a command too."""
        self._pending = b""
        self._reset()

    def feed(self, data: bytes) -> None:
        """Print `data`, which may end in the middle of a command. Raises PartError for an unknown one."""
        self._pending += data
        while self._pending:
            length = self._one(self._pending)
            if not length:
                return
            self._pending = self._pending[length:]

    def _one(self, data: bytes) -> int:
        """Carry out the command at the start of `data`; its length, 0 where it is not complete yet."""
        first = data[0]
        if first == 0x0A:
            self._line()
            return 1
        if first == 0x18:  # CAN: only in page mode
            return 1
        if 0x20 <= first <= 0x7E:
            self._text += chr(first)
            return 1
        if first == 0x10:
            return self._real_time(data)
        if first not in (0x1B, 0x1D):
            raise PartError(f"unknown byte {first:02x}")
        if len(data) < 2:
            return 0
        return self._escape(data) if first == 0x1B else self._group(data)

    @staticmethod
    def _real_time(data: bytes) -> int:
        """DLE EOT n, DLE ENQ n, DLE DC4 8 ...: nothing on paper."""
        length = 10 if data[1:2] == b"\x14" else 3
        return length if len(data) >= length else 0

    def _escape(self, data: bytes) -> int:
        command = chr(data[1])
        if command == "@":
            if self.tickets and self.tickets[-1].lines and not self.tickets[-1].whole:
                self.tickets.append(Ticket())  # what stands there is half a ticket
            self._reset()
            return 2
        if len(data) < 3:
            return 0
        value = data[2]
        if command == "a":
            self._align = self.ALIGN[value]
        elif command == "E":
            self._bold = bool(value & 1)
        elif command == "d":
            if self._text:
                self._line()
            if value >= TEAR_OFF:
                self._ticket().whole = True
        else:
            raise PartError(f"unknown command ESC {command}")
        return 3

    def _group(self, data: bytes) -> int:
        command = chr(data[1])
        if len(data) < 3:
            return 0
        if command == "!":
            width, height = (data[2] >> 4) + 1, (data[2] & 15) + 1
            if width > 8 or height > 8:
                raise PartError(f"GS ! {data[2]}: no such size")
            self._size = width
            return 3
        if command == "r":
            return 3
        if command == "(":
            length = 5 + (data[3] | data[4] << 8) if len(data) >= 5 else 6
            if len(data) < length:
                return 0
            self._code(data[2], data[5:length])
            return length
        raise PartError(f"unknown command GS {command}")

    def _code(self, kind: int, data: bytes) -> None:
        """GS ( k: store (fn 80) and print (fn 81) a QR code (cn 49)."""
        if kind != ord("k") or data[0] != 49:
            raise PartError("unknown two-dimensional code")
        if data[1] == 80:
            self._qr = data[3:].decode("ascii")
        elif data[1] == 81:
            self._ticket().lines.append(Line("", self._size, self._align, qr=self._qr))

    def _ticket(self) -> Ticket:
        if not self.tickets or self.tickets[-1].whole:
            self.tickets.append(Ticket())
        return self.tickets[-1]

    def _line(self) -> None:
        """A line feed: print what is buffered, wrapped at the paper's edge as the mechanism does."""
        width = COLUMNS // self._size
        text, self._text = self._text, ""
        while True:
            self._ticket().lines.append(Line(text[:width], self._size, self._align, self._bold))
            text = text[width:]
            if not text:
                return


class Segments:
    """A TM1637 with four digits, from samples of its two wires (`clk + 2 * dio`; TM1637 datasheet)."""

    DIGITS = 4

    def __init__(self) -> None:
        self.digits = bytearray(self.DIGITS)
        self.brightness = 0  # 0 off, 1 to 8
        self.acknowledged = True
        self._last = 3
        self._bits: list[int] = []
        self._frame: list[int] = []

    @property
    def text(self) -> str:
        """What a person reads; a lit point or colon stands as "." behind its digit."""
        if not self.brightness:
            return ""
        return "".join(SEGMENTS.get(d & 0x7F, "#") + ("." if d & 0x80 else "") for d in self.digits)

    def feed(self, pulses: str) -> None:
        """Follow the samples. Raises PartError for a command that the chip does not know."""
        for mark in pulses:
            sample, last = int(mark), self._last
            self._last = sample
            if last & 1 and sample & 1:
                if last == 3 and sample == 1:
                    self._bits, self._frame = [], []
                elif last == 1 and sample == 3:
                    self._stop()
            elif sample & 1:
                self._bit(sample >> 1)

    def _bit(self, level: int) -> None:
        """The clock rises: a data bit, least significant first, or the ninth: the chip's answer."""
        if len(self._bits) < 8:
            self._bits.append(level)
            return
        self.acknowledged = level == 0
        self._frame.append(sum(bit << place for place, bit in enumerate(self._bits)))
        self._bits = []

    def _stop(self) -> None:
        if not self._frame or not self.acknowledged:
            return
        command, data = self._frame[0], self._frame[1:]
        if command & 0xC0 == 0xC0:
            for i, byte in enumerate(data):
                self.digits[(command & 0x0F) + i] = byte
        elif command & 0xC0 == 0x80:
            self.brightness = (command & 7) + 1 if command & 8 else 0
        elif command != 0x40:
            raise PartError(f"TM1637: unknown command {command:02x}")


class Matrix:
    """A chain of 8x8 modules behind MAX7219s (datasheet, table 2); the first bytes reach the leftmost module."""

    def __init__(self) -> None:
        self._modules: list[bytearray] = []

    def feed(self, data: bytes) -> None:
        """One load pulse's worth of bytes: an address and a value a module. Raises PartError for an odd number."""
        if len(data) % 2:
            raise PartError("MAX7219 takes 16 bits")
        if len(self._modules) != len(data) // 2:
            self._modules = [bytearray(16) for _ in range(len(data) // 2)]
        for module, address, value in zip(self._modules, data[::2], data[1::2], strict=True):
            module[address & 15] = value

    @property
    def intensity(self) -> int:
        """How bright the leftmost module shines, 0..15; 0 before the first bytes."""
        return self._modules[0][0x0A] & 15 if self._modules else 0

    @property
    def rows(self) -> list[str]:
        """Eight rows from the top, "1" a lit pixel; [] before the first bytes."""
        lit = [m[0x0C] & 1 and not m[0x09] and m[0x0B] == 7 for m in self._modules]
        return (
            [
                "".join(
                    f"{0xFF if m[0x0F] & 1 else m[row] if on else 0:08b}"  # the display test goes before all else
                    for m, on in zip(self._modules, lit, strict=True)
                )
                for row in range(1, 9)
            ]
            if self._modules
            else []
        )

    @property
    def mark(self) -> bool:
        """Whether the pixel in the lower right corner is lit."""
        return bool(self.rows) and self.rows[7].endswith("1")

    @property
    def text(self) -> str:
        """The characters that stand there, wherever they begin; "#" for what is none."""
        rows = [row[:-1] + "0" if i == 7 else row for i, row in enumerate(self.rows)]
        width = len(rows[0]) if rows else 0
        best = ""
        for start in (0, 4):  # centred text begins at a whole or a half module
            cells = range(start, width - 7, 8)
            text = "".join(CHARACTERS.get(bytes(int(row[x : x + 8], 2) for row in rows).hex(), "#") for x in cells)
            if start == 0 or text.count("#") < best.count("#"):
                best = text
        return best.strip()


class Player:
    """A DFPlayer Mini: frames checked as in its datasheet, clips in the order in which they were asked for."""

    PLAY = 0x12

    def __init__(self) -> None:
        self.clips: list[int] = []
        self.volume = 0

    def feed(self, frame: bytes) -> None:
        """One frame. Raises PartError for a wrong length, frame mark or checksum, and for a request for a reply."""
        if len(frame) != 10 or frame[:3] != b"\x7e\xff\x06" or frame[9] != 0xEF:
            raise PartError(f"DFPlayer: not a frame: {frame.hex()}")
        if (sum(frame[1:7]) + int.from_bytes(frame[7:9], "big")) & 0xFFFF:
            raise PartError(f"DFPlayer: wrong checksum: {frame.hex()}")
        if frame[4]:
            raise PartError("DFPlayer: a reply asked for")
        value = int.from_bytes(frame[5:7], "big")
        if frame[3] == self.PLAY:
            self.clips.append(value)
        elif frame[3] == 0x06:
            self.volume = value


class Parts:
    """All parts of one device, fed with the lines that its panel says."""

    def __init__(self) -> None:
        self.paper = Paper()
        self.segments = Segments()
        self.matrix = Matrix()
        self.player = Player()
        self.lamp = False
        self.point = ""  # the access point that is open
        self.portal = 0  # the port of its page
        self.wire = bytearray()  # every byte sent to the printer, printed or not
        self.errors: list[str] = []

    def take(self, line: Mapping[str, object]) -> None:
        """One line of the panel protocol; lines of other kinds are passed over. Raises PartError as the parts do."""
        data = bytes.fromhex(str(line.get("hex", "")))
        if "started" in line:
            self.paper.power_on()
        elif "paper" in line:
            self.paper.feed(data)
        elif line.get("uart") == "printer":
            self.wire += data
        elif line.get("uart") == "speaker":
            self.player.feed(data)
        elif "segments" in line:
            self.segments.feed(str(line["pulses"]))
        elif "spi" in line:
            self.matrix.feed(data)
        elif "lamp" in line:
            self.lamp = bool(line["on"])
        elif "point" in line:
            self.point, self.portal = str(line["point"]), 0
        elif "portal" in line:
            self.portal = int(str(line["portal"]))
        elif "error" in line:
            self.errors.append(str(line["error"]))

    @property
    def digits(self) -> str:
        """What the device's display shows: the matrix where it has one, else the segments."""
        return self.matrix.text if self.matrix.rows else self.segments.text
