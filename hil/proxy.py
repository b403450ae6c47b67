"""The uplink of one device: a TCP proxy to the broker that can be cut, restored, stalled and slowed down."""

import asyncio
import contextlib
from dataclasses import dataclass


@dataclass(eq=False)
class _Way:
    """One connection through the proxy; a deaf direction swallows what comes."""

    near: asyncio.StreamWriter
    far: asyncio.StreamWriter
    deaf_up: bool
    deaf_down: bool


class Proxy:
    """Forwards connections to `host:port` while `up`; `port` is where a device connects."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._server: asyncio.Server | None = None
        self._ways: set[_Way] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._deaf = (False, False)  # of new connections
        self.up = True
        self.delay = 0.0  # seconds that every chunk waits
        self.port = 0
        self.swallowed = 0  # bytes

    async def start(self, listen: str = "127.0.0.1") -> None:
        """Listen on a free port of the address `listen`."""
        self._server = await asyncio.start_server(self._serve, listen, 0)
        self.port = self._server.sockets[0].getsockname()[1]

    def cut(self) -> None:
        """Pull the uplink's plug: connections end without a word, new ones are closed at once."""
        self.up = False
        for way in self._ways:
            way.near.transport.abort()
            way.far.transport.abort()

    def stall(self, up: bool = True, down: bool = True) -> None:
        """Swallow every byte and close nothing, as a router does that has lost its way.

        Connections that stand now never come back, for bytes are missing in them; new ones work after `restore`.

        Args:
            up: what the device sends is swallowed.
            down: what the broker sends is swallowed.
        """
        self._deaf = (up, down)
        for way in self._ways:
            way.deaf_up |= up
            way.deaf_down |= down

    def restore(self) -> None:
        """Put the plug back."""
        self.up = True
        self._deaf = (False, False)

    async def stop(self) -> None:
        """End everything."""
        self.cut()
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        if not self.up:
            writer.transport.abort()
            return
        try:
            far_reader, far_writer = await asyncio.open_connection(*self._target)
        except OSError:
            writer.transport.abort()
            return
        way = _Way(writer, far_writer, *self._deaf)
        self._ways.add(way)
        if not self.up:  # cut while the broker was asked
            self.cut()
        try:
            await asyncio.gather(self._pump(way, reader, far_writer, True), self._pump(way, far_reader, writer, False))
        finally:
            self._ways.discard(way)
            writer.transport.abort()
            far_writer.transport.abort()

    async def _pump(self, way: _Way, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, up: bool) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                if self.delay:
                    await asyncio.sleep(self.delay)
                if way.deaf_up if up else way.deaf_down:
                    self.swallowed += len(data)
                else:
                    writer.write(data)
                    await writer.drain()
        if not (way.deaf_up if up else way.deaf_down):  # else the other end hears of no close either
            writer.transport.abort()
