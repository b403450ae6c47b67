"""Answers Improv on the console of a board: the same choice of a network as on the access point's page."""

import asyncio

from firmware import VERSION
from firmware.core.broker.offer import is_network
from firmware.setup import improv

QUIET_MS = 60_000  # without a packet: the other end has gone
LOOK_MS = 250
JOIN_MS = 60_000  # for a network to be joined or not


class Serial:
    """`write(bytes)` goes to the console; `name` is the device's, `page` whether it serves one in the hall."""

    def __init__(self, wlan, write, name: str, page: bool):
        self._wlan = wlan
        self._write = write
        self._name = name
        self._page = page

    async def run(self, reader, begun: bytes) -> None:
        """Answer until nobody asks any more; `begun`: what was read of the first packet."""
        decoder = improv.Decoder(begun)
        quiet = asyncio.TimeoutError
        while True:
            try:
                byte = await asyncio.wait_for_ms(reader.read(1), QUIET_MS)
            except quiet:
                return
            if not byte:
                return
            found = decoder.feed(byte[0])
            if found and found[0] == improv.COMMAND:
                await self._command(found[1])

    async def _command(self, data):
        try:
            if data is None:
                raise ValueError("checksum")
            command, data = improv.command(data)
            if command == improv.WIFI:
                ssid, password = improv.wifi(data)
                if not is_network(ssid, password):
                    raise ValueError("network")
                await self._join(ssid, password)
            elif command == improv.CURRENT:
                self._state()
                if self._wlan.up:
                    self._answer(command, self._link())
            elif command == improv.INFO:
                self._answer(command, ["Balai", VERSION, "ESP32", self._name])
            elif command == improv.SCAN:
                for ssid, rssi, locked in await self._wlan.scan():
                    self._answer(command, [ssid, str(rssi), "YES" if locked else "NO"])
                self._answer(command, [])
            else:
                self._error(improv.UNKNOWN)
        except ValueError:  # a text that is not UTF-8 too
            self._error(improv.INVALID)
        except OSError:
            self._error(improv.UNABLE)

    async def _join(self, ssid, password):
        self._error(improv.NO_ERROR)
        self._wlan.choose(ssid, password)
        self._write(improv.packet(improv.STATE, bytes((improv.PROVISIONING,))))
        waited = 0
        while self._wlan.result()["state"] == "trying" and waited < JOIN_MS:
            await asyncio.sleep_ms(LOOK_MS)
            waited += LOOK_MS
        if self._wlan.result()["state"] == "joined":
            self._state()
            self._answer(improv.WIFI, self._link())
        else:
            self._error(improv.UNABLE)
            self._state()

    def _link(self):
        return ["http://%s/" % self._wlan.address] if self._page else []

    def _state(self):
        self._write(improv.packet(improv.STATE, bytes((improv.PROVISIONED if self._wlan.up else improv.READY,))))

    def _error(self, error):
        self._write(improv.packet(improv.ERROR, bytes((error,))))

    def _answer(self, command, texts):
        self._write(improv.result(command, texts))
