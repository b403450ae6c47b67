"""A DFPlayer Mini on a UART: plays numbered clips from the folder `mp3` of its card.

Frame (DFPlayer Mini datasheet): 7E FF 06 command feedback high low sum-high sum-low EF; the sum is the two's
complement of the six bytes after 7E. Clones answer badly or not at all, so no reply is asked for or waited for: frames
are 100 ms apart and the BUSY pin (low while playing) tells when a clip has ended.
"""

import asyncio

SPACING_MS = 100
START_MS = 400  # a card may take this long to find a clip
BLIND_MS = 700  # a clip's length where BUSY never moves
LONGEST_MS = 6000
POLL_MS = 10
VOLUME = 26  # of 30

_VOLUME = 0x06
_STOP = 0x16
_PLAY_MP3 = 0x12  # by the number in the file's name, not by the order of copying


class DFPlayer:
    """Plays one clip after another."""

    def __init__(self, uart, busy, volume: int = VOLUME):
        """`busy`: input pin, low while playing, or None; `volume` 0..30."""
        self._uart = uart
        self._busy = busy
        self._volume = volume
        self._ready = False
        self._frame = bytearray(b"\x7e\xff\x06\x00\x00\x00\x00\x00\x00\xef")

    async def _command(self, command: int, value: int = 0) -> None:
        frame = self._frame
        frame[3] = command
        frame[5] = value >> 8
        frame[6] = value & 255
        total = -sum(frame[1:7])
        frame[7] = total >> 8 & 255
        frame[8] = total & 255
        self._uart.write(frame)
        await asyncio.sleep_ms(SPACING_MS)

    def loud(self, volume: int = VOLUME) -> None:
        """From the next clip on play at `volume`, 0..30."""
        if volume != self._volume:
            self._volume = volume
            self._ready = False

    async def stop(self) -> None:
        """Fall silent."""
        await self._command(_STOP)

    async def play(self, clip: int) -> bool:
        """Play `mp3/{clip:04}.mp3` and return when it has ended, or when a clip should have: whether it was seen to
        play, which without BUSY is taken for granted."""
        if not self._ready:
            self._ready = True
            await self._command(_VOLUME, self._volume)
        await self._command(_PLAY_MP3, clip)
        if not await self._wait(0, START_MS - SPACING_MS):
            await asyncio.sleep_ms(BLIND_MS - START_MS)
            return self._busy is None
        if not await self._wait(1, LONGEST_MS):
            await self.stop()
        return True

    async def _wait(self, level: int, ms: int) -> bool:
        """Wait until BUSY is at `level`; False after `ms`, or at once without the pin."""
        if self._busy is None:
            await asyncio.sleep_ms(ms)
            return False
        for _ in range(0, ms, POLL_MS):
            if self._busy.value() == level:
                return True
            await asyncio.sleep_ms(POLL_MS)
        return self._busy.value() == level
