"""A thermal printer on a UART that says what is wrong with it: status read back with DLE EOT.

The bits are those of the Epson ESC/POS reference, "Transmit real-time status": n = 1 bit 3 offline; n = 2 bit 2 cover
open, bit 5 stopped at the paper's end; n = 4 bits 2 and 3 paper near its end, bits 5 and 6 paper out. Fixed bits of
every answer: 1 and 4 on, 0 and 7 off.
"""

import asyncio

OK = "ok"
LOW = "low"
OUT = "out"
COVER = "cover"
OFFLINE = "offline"
SILENT = "silent"
STALLED = "stalled"

CHUNK = 64  # bytes written before the loop may go on: a UART blocks once its 256 are full
POLL_MS = 5
ANSWER_POLLS = 40  # 200 ms for a status byte
FENCE_POLLS = 1600  # 8 s for the mechanism to reach the end of a ticket

_ASK = (b"\x10\x04\x01", b"\x10\x04\x02", b"\x10\x04\x03", b"\x10\x04\x04")
# Recover from an error after clearing both buffers (DLE ENQ 2), clear the buffers (DLE DC4 8), drop the line (CAN),
# initialise (ESC @). A printer that does not know one of the first three passes over control characters.
_CLEAR = b"\x10\x05\x02\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08\x18\x1b@"
_FENCE = b"\x1dr\x01"  # GS r 1 is answered in its turn: everything before it is on paper


class PrintError(Exception):
    """The job is not on paper; `why` is one of OUT, COVER, OFFLINE, SILENT, STALLED."""

    def __init__(self, why: str):
        super().__init__(why)
        self.why = why


class Printer:
    """One job at a time, its buffer cleared before every job and after every failure."""

    def __init__(self, uart, baud: int = 9600, fence: bool = True):
        """`fence=False` for a printer that does not answer GS r 1: its jobs are done when it is online with paper."""
        self._uart = uart
        self._fence = fence
        self._wire_ms = CHUNK * 10_000 // baud + 1
        self._lock = asyncio.Lock()
        self._byte = bytearray(1)
        self._chunk = bytearray(CHUNK)
        self._fill = 0
        self._fenced = False

    async def status(self) -> str:
        """OK, LOW, OUT, COVER, OFFLINE or SILENT. Waits for a job that is under way."""
        async with self._lock:
            return await self._status()

    async def print(self, parts) -> None:
        """Print the bytes that `parts` yields; returns when they are on paper.

        Raises PrintError, with nothing of the job left in the printer as far as it obeys.
        """
        async with self._lock:
            state = await self._status()
            if state not in (OK, LOW):
                raise PrintError(state)
            done = False
            try:
                self._fenced = False
                self._fill = 0
                await self._put(_CLEAR)
                for part in parts:
                    await self._put(part)
                await self._flush()
                await self._finish()
                done = True
            finally:
                if not done:
                    self._uart.write(_CLEAR)

    async def _put(self, data) -> None:
        for byte in data:
            self._chunk[self._fill] = byte
            self._fill += 1
            if self._fill == CHUNK:
                await self._flush()

    async def _flush(self) -> None:
        """Write what is gathered, wait as long as the wire takes, and stop early where the paper is out."""
        if self._fill:
            self._uart.write(memoryview(self._chunk)[: self._fill])
            self._fill = 0
            await asyncio.sleep_ms(self._wire_ms)
            await self._check()

    async def _check(self) -> None:
        answer = await self._ask(4)
        if answer >= 0 and answer & 0x60:
            raise PrintError(OUT)

    async def _finish(self) -> None:
        if self._fence:
            self._uart.write(_FENCE)
            for poll in range(FENCE_POLLS):
                if self._fenced:
                    return
                self._read()
                if poll % 60 == 59:
                    await self._must_be_ready()
                await asyncio.sleep_ms(POLL_MS)
            if not self._fenced:
                raise PrintError(STALLED)
        else:
            await self._must_be_ready()

    async def _must_be_ready(self) -> None:
        state = await self._status()
        if state not in (OK, LOW) and not self._fenced:
            raise PrintError(state)

    async def _status(self) -> str:
        answer = await self._ask(1)
        if answer < 0:
            answer = await self._ask(1)  # a byte may be lost; two in a row are not
        if answer < 0:
            return SILENT
        paper = await self._ask(4)
        if paper >= 0 and paper & 0x60:
            return OUT
        if answer & 0x08:
            cause = await self._ask(2)
            if cause >= 0 and cause & 0x20:
                return OUT
            if cause >= 0 and cause & 0x04:
                return COVER
            return OFFLINE
        return LOW if paper >= 0 and paper & 0x0C else OK

    async def _ask(self, n: int) -> int:
        """The answer to DLE EOT `n`, or -1."""
        while self._read() >= 0:
            pass  # an answer that came too late would be taken for this one
        self._uart.write(_ASK[n - 1])
        for _ in range(ANSWER_POLLS):
            await asyncio.sleep_ms(POLL_MS)
            answer = self._read()
            if answer >= 0:
                return answer
        return -1

    def _read(self) -> int:
        """The next status byte, or -1; the answer to the fence is noted on the way (its bits 4 and 7 are off)."""
        while self._uart.any():
            if not self._uart.readinto(self._byte, 1):
                return -1
            byte = self._byte[0]
            if byte & 0x93 == 0x12:
                return byte
            if not byte & 0x90:
                self._fenced = True
        return -1
