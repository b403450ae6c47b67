"""Four 7-segment digits behind a TM1637, bit-banged on two open-drain pins.

Commands as in the TM1637 datasheet: 40h write data, address counting up; C0h the first digit; 88h display on, with
the brightness in bits 0 to 2. Data goes out least significant bit first and changes while the clock is low; the chip
pulls the data line low at the ninth clock.
"""

DIGITS = 4
BRIGHT = 7  # of 7

# Segments a (top), b, c, d, e, f, g (middle) are bits 0 to 6; the point or colon is bit 7.
_GLYPHS = {
    "0": 0x3F, "1": 0x06, "2": 0x5B, "3": 0x4F, "4": 0x66, "5": 0x6D, "6": 0x7D, "7": 0x07, "8": 0x7F, "9": 0x6F,
    "A": 0x77, "B": 0x7C, "C": 0x39, "D": 0x5E, "E": 0x79, "F": 0x71, "G": 0x3D, "H": 0x76, "I": 0x30, "J": 0x1E,
    "K": 0x75, "L": 0x38, "M": 0x55, "N": 0x54, "O": 0x5C, "P": 0x73, "Q": 0x67, "R": 0x50, "S": 0x6D, "T": 0x78,
    "U": 0x3E, "V": 0x1C, "W": 0x2A, "X": 0x64, "Y": 0x6E, "Z": 0x1B, "-": 0x40, "_": 0x08, " ": 0x00, "?": 0x53,
}  # fmt: skip


def glyph(character: str) -> int:
    """Segments of a character, either case; a dash for what has none."""
    return _GLYPHS.get(character.upper(), 0x40)


class TM1637:
    """A four-digit display; writes only what changed."""

    def __init__(self, clk, dio, brightness: int = BRIGHT):
        self.present = True  # whether the chip acknowledged the last write
        self._clk = clk
        self._dio = dio
        self._switch = bytes((0x88 | (brightness & 7),))
        self._frame = bytearray(b"\xc0" + bytes(DIGITS))
        self._shown = bytearray(b"\xff" * DIGITS)
        self._next = bytearray(DIGITS)
        clk.value(1)
        dio.value(1)

    def show(self, value: str, point: bool = False) -> None:
        """Show the last four characters, right-aligned; `point` lights the colon (bit 7 of the second digit)."""
        digits = self._next
        pad = DIGITS - len(value)
        for i in range(DIGITS):
            digits[i] = glyph(value[i - pad]) if i >= pad else 0
        if point:
            digits[1] |= 0x80
        if digits != self._shown or not self.present:
            self._shown[:] = digits
            self.present = True
            self._send(b"\x40", 1)
            self._frame[1:] = digits
            self._send(self._frame, DIGITS + 1)
            self._send(self._switch, 1)

    def dim(self, level: int = BRIGHT) -> None:
        """Shine at `level`, 0..7."""
        switch = bytes((0x88 | level,))
        if switch != self._switch:
            self._switch = switch
            self._send(switch, 1)

    def _send(self, data, size: int) -> None:
        clk, dio = self._clk, self._dio
        dio.value(0)  # start: data falls while the clock is high
        for i in range(size):
            byte = data[i]
            for _ in range(8):
                clk.value(0)
                dio.value(byte & 1)
                byte >>= 1
                clk.value(1)
            clk.value(0)
            dio.value(1)  # let go: the chip answers
            clk.value(1)
            if dio.value():
                self.present = False
        clk.value(0)
        dio.value(0)
        clk.value(1)
        dio.value(1)  # stop: data rises while the clock is high
