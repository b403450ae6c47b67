"""A chain of 8x8 LED modules behind MAX7219s on SPI: the hall's number display.

Registers as in the MAX7219 datasheet, table 2: 1 to 8 rows, 9 decode mode, A intensity, B scan limit, C shutdown,
F display test.
The first module in the chain is the rightmost, so a row goes out in reading order.
"""

import framebuf

ROWS = 8
BRIGHT = 4  # of 7
_SET_UP = ((0x0F, 0), (0x09, 0), (0x0B, 7), (0x0C, 1))


class Max7219:
    """One line of characters, eight pixels each; writes only the rows that changed, one SPI write a row."""

    def __init__(self, spi, cs, modules: int = 8, intensity: int = 2 * BRIGHT):
        """`intensity` 0..15."""
        self._spi = spi
        self._cs = cs
        self._modules = modules
        self._intensity = intensity
        self._pixels = bytearray(ROWS * modules)
        self._sent = bytearray(ROWS * modules)
        self._row = bytearray(2 * modules)
        self._frame = framebuf.FrameBuffer(self._pixels, modules * 8, ROWS, framebuf.MONO_HLSB)
        cs.value(1)
        self.refresh()

    def show(self, value: str, mark: bool = False) -> None:
        """Show `value` centred, cut where it does not fit; `mark` lights the pixel in the lower right corner."""
        value = value[: self._modules]
        self._frame.fill(0)
        self._frame.text(value, (self._modules - len(value)) * 4, 0)
        if mark:
            self._frame.pixel(self._modules * 8 - 1, ROWS - 1, 1)
        for row in range(ROWS):
            start = row * self._modules
            for i in range(start, start + self._modules):
                if self._pixels[i] != self._sent[i]:
                    self._send_row(row)
                    break

    def dim(self, level: int = BRIGHT) -> None:
        """Shine at `level`, 0..7."""
        if level != self._intensity >> 1:
            self._intensity = 2 * level
            self._command(0x0A, self._intensity)

    def test(self, on: bool) -> None:
        """Light every pixel of every module, or show again what is there."""
        self._command(0x0F, 1 if on else 0)

    def refresh(self) -> None:
        """Set the chips up again and send every row: a dip of the supply makes them forget."""
        for register, value in _SET_UP:
            self._command(register, value)
        self._command(0x0A, self._intensity)
        for row in range(ROWS):
            self._send_row(row)

    def _send_row(self, row: int) -> None:
        start = row * self._modules
        for i in range(self._modules):
            self._row[2 * i] = row + 1
            self._row[2 * i + 1] = self._sent[start + i] = self._pixels[start + i]
        self._write()

    def _command(self, register: int, value: int) -> None:
        for i in range(self._modules):
            self._row[2 * i] = register
            self._row[2 * i + 1] = value
        self._write()

    def _write(self) -> None:
        self._cs.value(0)
        self._spi.write(self._row)
        self._cs.value(1)
