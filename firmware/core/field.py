"""Set-up in the hall (docs/contract.md, section 9): when the access point opens, and Improv on the console.

What they do is in `firmware/setup`, loaded while it is needed: this looks out for the need.
"""

import asyncio

from firmware.core.loan import give_back

BUTTON = "T"
EARLY_MS = 15_000  # after the start, in which the button, held, asks for the access point and not for a diagnosis
LONELY_MS = 600_000  # without a network
LOST_MS = 10_000  # the same where no network is known
LOOK_MS = 500
HEADER = b"IMPROV\x01"


class Field:
    """`notify(code)` shows a code; `name` is the device's, `page` whether it serves one in the hall."""

    def __init__(self, wlan, connection, clock, notify, device: str, page: bool):
        self._wlan = wlan
        self._connection = connection
        self._clock = clock
        self._notify = notify
        self._name = "Balai-" + device[-4:]
        self._page = page
        self._asked = False

    def watch(self, buttons) -> None:
        """Look out for the technician's button: down now, at power-on, or held a little later."""
        if buttons is not None:
            self._asked = buttons.is_down(BUTTON)
            before = buttons.on_hold

            def hold(name):
                if name == BUTTON and self._clock.up() < EARLY_MS:
                    self._asked = True
                elif before is not None:
                    before(name)

            buttons.on_hold = hold

    async def run(self) -> None:
        """Open the access point whenever it is needed."""
        since = self._clock.up()
        while True:
            now = self._clock.up()
            if self._wlan.up:
                since = now
            if self._asked or now - since >= (LONELY_MS if self._connection.networks else LOST_MS):
                await self._open()
                since = self._clock.up()
            await asyncio.sleep_ms(LOOK_MS)

    async def _open(self):
        from firmware.setup.point import Point

        asked, self._asked = self._asked, False
        try:
            await Point(self._wlan, self._clock, self._name, self._notify).run(asked)
        finally:
            del Point
            give_back("firmware.setup")
            self._asked = False  # whoever held the button longer wanted nothing else

    async def console(self, source, sink) -> None:
        """Answer Improv on a console, until it is closed: streams of bytes to read and to write."""
        reader = asyncio.StreamReader(source)
        found = 0
        while True:
            byte = await reader.read(1)
            if not byte:
                return
            found = found + 1 if byte[0] == HEADER[found] else byte[0] == HEADER[0]
            if found == len(HEADER):
                found = 0
                await self._improve(reader, sink)

    async def _improve(self, reader, sink):
        from firmware.setup.serial import Serial

        try:
            await Serial(self._wlan, sink.write, self._name, self._page).run(reader, HEADER)
        finally:
            del Serial
            give_back("firmware.setup.serial")
            give_back("firmware.setup.improv")
