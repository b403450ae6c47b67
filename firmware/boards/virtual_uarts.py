"""Virtual parts at the end of a UART: an ESC/POS printer with a mechanism and a DFPlayer Mini."""

import asyncio

LINES_LEFT = 1 << 20


class Printer:
    """A 58 mm thermal printer: a receive buffer, a mechanism that takes it line by line, and status bytes.

    Real-time commands (DLE EOT, DLE ENQ 2, DLE DC4 8) are carried out on arrival, whatever state it is in; all else
    waits in the buffer, and stays there when the paper ends, to be printed when it comes back, as in real ones
    (Epson ESC/POS reference, DLE EOT). What the mechanism takes is told as {"paper": name, "hex": ...}.
    """

    def __init__(self, name: str, say, line_ms: int = 2):
        self.low = False
        self.cover = False
        self.silent = False
        self.stalled = False
        self.lines_left = LINES_LEFT
        self._name = name
        self._say = say
        self._line_ms = line_ms
        self._buffer = bytearray()
        self._real_time = bytearray()
        self._answers = bytearray()
        self._more = asyncio.Event()

    # The end that the driver holds.

    def write(self, data) -> int:
        """Bytes from the driver."""
        self._say({"uart": self._name, "hex": bytes(data).hex()})
        if not self.silent:
            for byte in data:
                self._take(byte)
            self._more.set()
        return len(data)

    def any(self) -> int:
        """Bytes waiting for the driver."""
        return len(self._answers)

    def readinto(self, buffer, size: int = -1):
        """Hand over what waits, None if nothing does, as machine.UART."""
        size = min(len(buffer) if size < 0 else size, len(self._answers))
        if not size:
            return None
        buffer[:size] = self._answers[:size]
        self._answers = self._answers[size:]
        return size

    # The printer.

    def control(self, value, _line) -> None:
        """The panel's hand on the paper: true, false, "low" or {"left": lines}."""
        if isinstance(value, dict):
            self.lines_left = int(value["left"])
        else:
            self.lines_left = LINES_LEFT if value else 0
            self.low = value == "low"
        self._more.set()

    def fault(self, value, _line) -> None:
        """The panel's other hand: {"silent": true}, {"stall": true}, {"cover": true}."""
        self.silent = bool(value.get("silent", self.silent))
        self.stalled = bool(value.get("stall", self.stalled))
        self.cover = bool(value.get("cover", self.cover))
        self._more.set()

    def _take(self, byte: int) -> None:
        pending = self._real_time
        pending.append(byte)
        if pending[0] != 0x10:
            self._buffer.extend(pending)
        elif (
            len(pending) == 1
            or (len(pending) == 2 and byte in b"\x04\x05\x14")
            or (pending[1] == 0x14 and len(pending) < 10)
        ):
            return
        elif pending[1] == 0x04:
            self._answers.append(self._status(byte))
        elif bytes(pending) == b"\x10\x05\x02" or bytes(pending[:3]) == b"\x10\x14\x08":
            self._buffer = bytearray()
        self._real_time = bytearray()

    def _status(self, n: int) -> int:
        out = self.lines_left <= 0
        if n == 1:
            return 0x12 | (0x08 if out or self.cover else 0)
        if n == 2:
            return 0x12 | (0x20 if out else 0) | (0x04 if self.cover else 0)
        if n == 4:
            return 0x12 | (0x60 if out else 0) | (0x0C if out or self.low else 0)
        return 0x12

    async def run(self) -> None:
        """The mechanism: take a line, answer the paper query (GS r 1) where it stands in the stream, go on."""
        while True:
            if not self._buffer or self.lines_left <= 0 or self.cover or self.stalled or self.silent:
                self._more.clear()
                await self._more.wait()
                continue
            end = self._buffer.find(b"\n") + 1 or len(self._buffer)
            line, self._buffer = bytes(self._buffer[:end]), self._buffer[end:]
            self._say({"paper": self._name, "hex": line.hex()})
            if b"\n" in line:
                self.lines_left -= 1
            if b"\x1dr\x01" in line:
                self._answers.append(0x03 if self.low else 0x00)
            await asyncio.sleep_ms(self._line_ms)


class Player:
    """A DFPlayer Mini: plays the clip a frame names while BUSY is low; the clone that never answers."""

    def __init__(self, name: str, say, busy, clip_ms: int = 300):
        self.dead = False
        self.clip_ms = clip_ms
        self._name = name
        self._say = say
        self.busy = busy
        self._task = None

    def write(self, data) -> int:
        """Bytes from the driver; a play frame (03h, 0Fh or 12h) starts a clip and cuts off the one before."""
        self._say({"uart": self._name, "hex": bytes(data).hex()})
        if not self.dead and len(data) == 10 and data[0] == 0x7E and data[3] in (0x03, 0x0F, 0x12):
            if self._task is not None:
                self._task.cancel()
            self._task = asyncio.create_task(self._play())
        return len(data)

    def any(self) -> int:
        """Never a reply."""
        return 0

    def control(self, value, _line) -> None:
        """The panel's hand: {"ms": length of a clip}, {"dead": true}."""
        self.clip_ms = int(value.get("ms", self.clip_ms))
        self.dead = bool(value.get("dead", self.dead))

    async def _play(self) -> None:
        self.busy.pulled = True
        try:
            await asyncio.sleep_ms(self.clip_ms)
        finally:
            self.busy.pulled = False
