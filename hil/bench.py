"""A bench: devices that one can press, read and unplug, each with its own uplink to the broker."""

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from hil import build
from hil.boards import Boards
from hil.console import Port
from hil.device import Device
from hil.proxy import Proxy

IMAGE = "flash.img"
DRIVER = Path(__file__).parent / "flash"


class Bench:
    """Devices below `folder`, virtual but for `boards`. Use as an asynchronous context manager, which ends all."""

    def __init__(self, folder: Path, boards: Boards | None = None) -> None:
        self.folder = folder
        self.boards = boards or Boards()
        self.devices: dict[str, Device] = {}
        self.uplinks: dict[str, Proxy] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def add(self, name: str, identity: Mapping[str, object], *, blocks: int = 0, **environment: str) -> Device:
        """Make a device of `identity` (the answer to a claim, with `role`), with an uplink that can be cut; unpowered.

        Args:
            name: on this bench.
            identity: what a technician would flash.
            blocks: of a real littlefs for what it keeps, on a flash that fails as NOR does (`flash.img` in its folder);
                0: its folder.
            environment: the virtual board's, see hil/README.md.
        """
        brokers = identity["brokers"]
        assert isinstance(brokers, list)
        proxied = []
        for broker in brokers:
            proxy = Proxy(str(broker["host"]), int(broker["port"]))
            host, listen = self.boards.way(name)
            await proxy.start(listen)
            self.uplinks[name] = proxy
            proxied.append({**broker, "host": host, "port": proxy.port})
            break  # one uplink a device
        folder = self.folder / name
        build.flash(folder, {**identity, "brokers": proxied})
        if blocks:
            build.image(folder / IMAGE, {**identity, "brokers": proxied}, blocks)
            environment |= {"BALAI_FLASH": str(folder / IMAGE), "BALAI_FLASH_DRIVER": str(DRIVER)}
        at = await self.boards.console(name, folder, {**identity, "brokers": proxied})
        device = Device(name, folder, str(identity["device"]), environment, at)
        self.devices[name] = device
        return device

    def uplink(self, name: str, up: bool) -> None:
        """Cut or restore a device's uplink."""
        if up:
            self.uplinks[name].restore()
        else:
            self.uplinks[name].cut()

    async def stop(self) -> None:
        """End every process and every proxy."""
        for device in self.devices.values():
            if isinstance(device.at, Port):
                await device.at.close()
            else:
                await device.cut_power()
        for proxy in self.uplinks.values():
            await proxy.stop()
        self.devices.clear()
        self.uplinks.clear()
