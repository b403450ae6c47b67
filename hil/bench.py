"""A bench: devices that one can press, read and unplug, each with its own uplink to the broker."""

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from hil import build
from hil.device import Device
from hil.proxy import Proxy


class Bench:
    """Virtual devices below `folder`. Use as an asynchronous context manager: it leaves no process behind."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.devices: dict[str, Device] = {}
        self.uplinks: dict[str, Proxy] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def add(self, name: str, identity: Mapping[str, object], **environment: str) -> Device:
        """Make a device of `identity` (the answer to a claim, with `role`), with an uplink that can be cut; unpowered.

        `environment` is the virtual board's, see hil/README.md.
        """
        brokers = identity["brokers"]
        assert isinstance(brokers, list)
        proxied = []
        for broker in brokers:
            proxy = Proxy(str(broker["host"]), int(broker["port"]))
            await proxy.start()
            self.uplinks[name] = proxy
            proxied.append({**broker, "host": "127.0.0.1", "port": proxy.port})
            break  # one uplink a device
        folder = self.folder / name
        build.flash(folder, {**identity, "brokers": proxied})
        device = Device(name, folder, str(identity["device"]), environment)
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
            await device.cut_power()
        for proxy in self.uplinks.values():
            await proxy.stop()
        self.devices.clear()
        self.uplinks.clear()
