"""Joins one of the known networks, and looks round for others. The only one that touches the radio."""

import asyncio

JOIN_MS = 15_000
LOOK_MS = 250
LEAVE_MS = 1_000  # the chip tells a little later that it has left
PAUSE_MS = 1_000  # after all networks were tried
MOST = 16  # networks that a look round tells of


class Wlan:
    """Follows the networks of `connection`, in their order; with none the radio is left to itself (a cable)."""

    def __init__(self, radio, connection):
        self._radio = radio
        self._connection = connection
        self._turn = 0  # of the connection, that we have followed
        self._joined = None  # (ssid, password)
        self._wish = ("", "")  # the network that a person chose last
        self._state, self._reason = "idle", ""  # what became of it
        self._lock = asyncio.Lock()  # a chip that joins cannot look round
        self._wanted = 0  # callers that wait for a look round
        self.pause_ms = PAUSE_MS

    @property
    def up(self) -> bool:
        """Whether there is an address."""
        return self._radio.is_up()

    @property
    def ready(self) -> bool:
        """Whether there is an address in a network of the set whose turn it is."""
        return self._turn == self._connection.turn and self._radio.is_up()

    @property
    def name(self) -> str:
        """The network that was joined, "" for none."""
        return self._joined[0] if self._joined else ""

    @property
    def rssi(self) -> int:
        """Signal in dBm."""
        return self._radio.rssi()

    @property
    def address(self) -> str:
        """The address in the hall, "" without one."""
        return self._radio.address()

    def point(self, ssid: str):
        """Open an access point and return (address, HTTP port, DNS port); "" closes it."""
        return self._radio.point(ssid)

    def choose(self, ssid: str, password: str) -> None:
        """Try a network that a person in the hall chose. Raises OSError where it cannot be kept."""
        self._connection.choose(ssid, password)
        self._wish, self._state, self._reason = (ssid, password), "trying", ""

    def result(self) -> dict:
        """What became of it: state idle, trying, joined or failed, and a reason, "" for none.

        It failed for the "password", is "missing", or failed for an "other" reason. "server": the controller has not
        answered there, yet where it is joined, or before it did elsewhere.
        """
        state, ssid, reason = self._state, self._wish[0], self._reason
        if state == "joined":
            if self._connection.trying:
                reason = "server"
            elif not self._joined or self._joined[0] != ssid:
                state, reason = "failed", "server"
        return {"state": state, "ssid": ssid, "reason": reason, "address": self.address if state == "joined" else ""}

    async def scan(self):
        """Networks in reach, the strongest first: [[ssid, dBm, locked], ...]. None that cannot be written in UTF-8."""
        self._wanted += 1
        try:
            async with self._lock:
                if not self.up:
                    await self._leave()  # or the chip refuses to look
                found = await self._radio.scan()
        finally:
            self._wanted -= 1
        best = {}
        for ssid, rssi, locked in found:
            if ssid and (ssid not in best or best[ssid][0] < rssi):
                best[ssid] = (rssi, locked)
        return sorted([[ssid, best[ssid][0], best[ssid][1]] for ssid in best], key=lambda one: -one[1])[:MOST]

    async def run(self) -> None:
        """Keep joined."""
        connection = self._connection
        tried = 0
        while True:
            networks = connection.networks
            if self._turn != connection.turn:
                turn, tried = connection.turn, 0
                if networks and self._joined != networks[0]:
                    await self._leave()
                self._turn = turn
            elif self.up or not networks:
                tried = 0
                if self.up and self._state == "trying" and connection.hall and self._joined in (self._wish, None):
                    self._state = "joined"
                await asyncio.sleep_ms(LOOK_MS)
            elif self._wanted:
                await asyncio.sleep_ms(LOOK_MS)
            else:
                if tried and tried % len(networks) == 0:
                    await self._rest()
                if self._turn == connection.turn:
                    async with self._lock:
                        await self._join(networks[tried % len(networks)])
                    tried += not self._wanted  # a look round has cut it short: the same once more

    async def _join(self, network):
        await self._leave()
        fault = ""
        waited = 0
        try:
            self._radio.connect(*network)
            self._joined = network
            while not (self.up or fault or self._wanted) and waited < JOIN_MS and self._turn == self._connection.turn:
                await asyncio.sleep_ms(LOOK_MS)
                waited += LOOK_MS
                fault = self._radio.fault()
        except OSError:
            fault = "other"  # the driver has its moods; it is asked again
        if self.up:
            return
        await self._leave()
        if (fault or waited >= JOIN_MS) and self._state == "trying" and network == self._wish:
            self._state, self._reason = "failed", fault or "other"
            self._connection.dismiss()

    async def _leave(self):
        self._joined = None
        try:
            self._radio.disconnect()
        except OSError:
            pass
        for _ in range(LEAVE_MS // LOOK_MS):
            if not self.up:
                return
            await asyncio.sleep_ms(LOOK_MS)

    async def _rest(self):
        rested = 0
        while rested < self.pause_ms and self._turn == self._connection.turn:
            await asyncio.sleep_ms(LOOK_MS)
            rested += LOOK_MS
