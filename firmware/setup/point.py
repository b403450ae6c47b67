"""The access point while it is open: its page, its names, the code that the device shows, and when it closes."""

import asyncio

from firmware.setup import names
from firmware.setup.portal import Portal
from protocol import codes

CLOSE_MS = 600_000  # after its last use
DONE_MS = 60_000  # after the network was joined and the controller has answered there
CALM_MS = 30_000  # between rounds through the known networks: looking for them takes the air away from the phones
LOOK_MS = 500
CODES = {"idle": codes.SETUP, "trying": codes.SETUP_TRYING, "joined": codes.SETUP_JOINED, "failed": codes.SETUP_FAILED}


class Point:
    """`name` of the access point; `show(code)` lets the device show a code, "" for none."""

    def __init__(self, wlan, clock, name: str, show):
        self._wlan = wlan
        self._clock = clock
        self._name = name
        self._show = show

    async def run(self, asked: bool) -> None:
        """Open it, and return when it has closed. `asked`: a person wants it; else a known network is as good."""
        wlan = self._wlan
        pause, wlan.pause_ms = wlan.pause_ms, CALM_MS
        address, http, dns = wlan.point(self._name)
        portal = Portal(wlan, self._name, address if http == 80 else "%s:%d" % (address, http))
        tasks = [asyncio.create_task(names.serve(address, dns)), asyncio.create_task(portal.look())]
        server = None
        try:
            server = await asyncio.start_server(portal.serve, address, http)
            await self._watch(portal, asked)
        finally:
            if server is not None:
                server.close()
                await server.wait_closed()
            for task in tasks:
                task.cancel()
            wlan.point("")
            wlan.pause_ms = pause
            self._show("")

    async def _watch(self, portal, asked):
        clock, wlan = self._clock, self._wlan
        uses, used = 0, clock.up()
        done = None
        while True:
            now = clock.up()
            result = wlan.result()
            self._show(CODES[result["state"]])
            if portal.uses != uses:
                uses, used = portal.uses, now
            if result["state"] != "joined" or result["reason"]:
                done = None
            elif done is None:
                done = now
            if now - used >= CLOSE_MS or (done is not None and now - done >= DONE_MS):
                return
            if not (asked or uses) and wlan.up:
                return
            await asyncio.sleep_ms(LOOK_MS)
