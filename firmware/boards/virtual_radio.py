"""A Wi-Fi chip in an air that the panel describes. Where it describes none, the network is up as by a cable.

{"air": [[ssid, password, dBm, leads somewhere], ...]}: a password of "" is an open network, the last field may be
missing (1). Joining takes its time and the right password; without a network nothing can be connected to.
"""

import array
import asyncio
import asyncio.stream as stream  # pyright: ignore[reportMissingImports]
import json
import os
import socket

JOIN_MS = 300
SCAN_MS = 200
NO_ROUTE = 113  # EHOSTUNREACH


class Radio:
    """As the chip's, see `esp32.py`; `{"wlan": false}` switches the router off. `libc`: an ffi module."""

    def __init__(self, panel, libc):
        self._say = panel.say
        self._getsockname = libc.func("i", "getsockname", "ipp")
        air = os.getenv("BALAI_AIR")
        self._air = json.loads(air) if air else None
        self._there = True
        self._joined = None  # (ssid, password)
        self._joining = None
        self._fault = ""
        panel.on("air", self._breathe)
        panel.on("wlan", self._switch)
        self._connect = stream.open_connection
        stream.open_connection = asyncio.open_connection = self._open

    def _breathe(self, value, _line) -> None:
        self._air = value

    def _switch(self, value, _line) -> None:
        self._there = bool(value)

    # The station.

    def connect(self, ssid: str, password: str) -> None:
        """Join a network; returns at once. Raises OSError while it is at it."""
        if self._joining is not None:
            raise OSError("Wifi Internal State Error")
        self._fault = ""
        if self._air is not None:
            self._joining = asyncio.create_task(self._join(ssid, password))

    async def _join(self, ssid, password):
        await asyncio.sleep_ms(JOIN_MS)
        self._joining = None
        network = self._network(ssid)
        if network is None:
            self._fault = "missing"
        elif network[1] != password:
            self._fault = "password"
        else:
            self._joined = (ssid, password)

    def disconnect(self) -> None:
        """Leave it."""
        if self._joining is not None:
            self._joining.cancel()
        self._joining = self._joined = None

    def is_up(self) -> bool:
        """Whether there is an address."""
        if self._air is None:
            return self._there
        return self._mine() is not None

    def fault(self) -> str:
        """Why the last attempt to join has failed: password, missing, other; "" for not."""
        return self._fault

    def rssi(self) -> int:
        """Signal in dBm; 0: no radio, or no network."""
        network = self._mine()
        return network[2] if network else 0

    def address(self) -> str:
        """The address in the hall, "" without one."""
        return "127.0.0.1" if self.is_up() else ""

    async def scan(self):
        """Networks in reach: [(ssid, dBm, locked), ...]."""
        if self._joining is not None:
            raise OSError("STA is connecting, scan are not allowed!")
        await asyncio.sleep_ms(SCAN_MS)
        return [(one[0], one[2], 1 if one[1] else 0) for one in self._air or ()] if self._there else []

    def _network(self, ssid):
        for one in self._air or ():
            if self._there and one[0] == ssid:
                return one
        return None

    def _mine(self):
        """The network that was joined, while it is there."""
        if self._joined is None:
            return None
        network = self._network(self._joined[0])
        return network if network is not None and network[1] == self._joined[1] else None

    async def _open(self, host, port, *more):
        """What asyncio.open_connection does on a chip."""
        network = self._mine()
        if not self.is_up() or (network is not None and len(network) > 3 and not network[3]):
            raise OSError(NO_ROUTE)
        return await self._connect(host, port, *more)

    # The access point.

    def point(self, ssid: str):
        """Open an access point and return (address, HTTP port, DNS port), free ones of the loopback; "" closes it."""
        self._say({"point": ssid})
        if not ssid:
            return None
        http, dns = self._free(socket.SOCK_STREAM), self._free(socket.SOCK_DGRAM)
        self._say({"portal": http, "dns": dns})
        return "127.0.0.1", http, dns

    def _free(self, kind):
        one = socket.socket(socket.AF_INET, kind)
        one.bind(socket.getaddrinfo("127.0.0.1", 0)[0][-1])
        name, size = bytearray(16), array.array("I", [16])
        self._getsockname(one.fileno(), name, size)
        one.close()
        return name[2] << 8 | name[3]
