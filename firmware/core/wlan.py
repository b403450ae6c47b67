"""Joins one of the known networks. The only task that touches the radio."""

import asyncio

JOIN_MS = 15_000
LOOK_MS = 1_000


class Wlan:
    """`networks`: [(ssid, password), ...] in order of preference; with none the radio is left to itself."""

    def __init__(self, radio, networks):
        self._radio = radio
        self._networks = networks
        self.name = ""

    @property
    def up(self) -> bool:
        """Whether there is an address."""
        return self._radio.is_up()

    @property
    def rssi(self) -> int:
        """Signal in dBm."""
        return self._radio.rssi()

    async def run(self) -> None:
        """Keep joined, trying the networks in turn."""
        turn = 0
        while True:
            if self._networks and not self.up:
                self.name, password = self._networks[turn % len(self._networks)]
                turn += 1
                try:
                    self._radio.disconnect()
                    self._radio.connect(self.name, password)
                except OSError:
                    pass  # the driver has its moods; it is asked again
                waited = 0
                while not self.up and waited < JOIN_MS:
                    await asyncio.sleep_ms(LOOK_MS)
                    waited += LOOK_MS
            else:
                turn = 0
                await asyncio.sleep_ms(LOOK_MS)
