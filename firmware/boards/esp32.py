"""The board of a real ESP32 with the stock MicroPython image: machine, network and esp32 are imported here only."""

import _thread
import asyncio
import os
import sys
import time

import machine
import network

from firmware.core.loan import give_back

EPOCH = 946_684_800  # Unix seconds of 2000-01-01, where the chip counts from
BENCH_FILE = "bench"  # on the flash: the device's parts are virtual and its console is the panel

POINT = "192.168.4.1"  # of the access point

# wifi_err_reason_t of ESP-IDF 5: handshake timeouts and refusals come from a wrong password, as a rule.
_FAULTS = {15: "password", 202: "password", 204: "password", 201: "missing", 211: "missing", 212: "missing"}
_CAUSES = {machine.PWRON_RESET: "power", machine.WDT_RESET: "watchdog", machine.HARD_RESET: "soft"}


class Time:
    """The chip's clocks, as `core.clock` wants them."""

    EPOCH = EPOCH

    def __init__(self):
        self.ticks_ms = time.ticks_ms
        self.ticks_add = time.ticks_add
        self.ticks_diff = time.ticks_diff
        self.time = time.time

    def set(self, seconds: int) -> None:
        """Set the wall clock to `seconds` since 2000-01-01."""
        year, month, day, hour, minute, second, weekday, _ = time.gmtime(seconds)
        machine.RTC().datetime((year, month, day, weekday, hour, minute, second, 0))


class Radio:
    """The Wi-Fi station and the access point. Only one task may use it."""

    def __init__(self):
        self._wlan = network.WLAN(network.WLAN.IF_STA)
        self._wlan.active(True)
        self._wlan.config(pm=network.WLAN.PM_NONE)  # saving power costs latency, and there is mains
        self._wlan.config(reconnects=1)  # or it goes on for ever, and never says why

    def connect(self, ssid: str, password: str) -> None:
        """Join a network; returns at once. Raises OSError while it is at it."""
        self._wlan.connect(ssid, password)

    def disconnect(self) -> None:
        """Leave it."""
        self._wlan.disconnect()

    def is_up(self) -> bool:
        """Whether there is an address."""
        return self._wlan.isconnected()

    def fault(self) -> str:
        """Why the last attempt to join has failed: password, missing, other; "" for not."""
        status = self._wlan.status()
        if status in (network.STAT_IDLE, network.STAT_CONNECTING, network.STAT_GOT_IP):
            return ""
        return _FAULTS.get(status, "other")

    def rssi(self) -> int:
        """Signal in dBm, 0 without one."""
        try:
            return self._wlan.status("rssi")
        except (OSError, ValueError):
            return 0

    def address(self) -> str:
        """The address in the hall, "" without one."""
        return self._wlan.ifconfig()[0] if self.is_up() else ""

    async def scan(self):
        """Networks in reach: [(ssid, dBm, locked), ...]; those whose names are not UTF-8 are left out.

        Looking takes two seconds, and gives the interpreter up meanwhile: on a thread of its own the hall goes on.
        """
        found = []
        done = []

        def look():
            try:
                for ssid, _, _, rssi, security, _ in self._wlan.scan():
                    try:
                        found.append((ssid.decode(), rssi, 1 if security else 0))
                    except UnicodeError:
                        pass
            except OSError:
                pass
            finally:
                done.append(1)

        _thread.start_new_thread(look, ())
        while not done:
            await asyncio.sleep_ms(100)
        return found

    def point(self, ssid: str):
        """Open an access point and return (address, HTTP port, DNS port); "" closes it."""
        point = network.WLAN(network.WLAN.IF_AP)
        point.active(bool(ssid))
        if not ssid:
            return None
        point.config(ssid=ssid, security=network.WLAN.SEC_OPEN, max_clients=3)
        point.ifconfig((POINT, "255.255.255.0", POINT, POINT))
        return POINT, 80, 53


class Pins:
    """Real pins and buses, for `wiring`."""

    def __init__(self, time_source):
        self.time_source = time_source

    def baud(self, wire) -> int:
        """The line rate of a UART."""
        return wire["baud"]

    def uart(self, name: str, wire):
        """A UART; its buffer takes four of the printer's chunks."""
        return machine.UART(wire["uart"], baudrate=wire["baud"], tx=wire["tx"], rx=wire["rx"], txbuf=256, rxbuf=64)

    def input(self, name: str, label: str, number: int):
        """An input with a pull-up."""
        return machine.Pin(number, machine.Pin.IN, machine.Pin.PULL_UP)

    def output(self, name: str, label: str, number: int):
        """A push-pull output."""
        return machine.Pin(number, machine.Pin.OUT, value=1)

    def open_drain(self, name: str, label: str, number: int):
        """An output that only pulls low."""
        return machine.Pin(number, machine.Pin.OPEN_DRAIN, machine.Pin.PULL_UP, value=1)

    def spi(self, name: str, wire):
        """SPI, mode 0, 4 MHz: long ribbon cables between modules do not take the 10 of the datasheet."""
        return machine.SPI(
            wire["spi"], baudrate=4_000_000, sck=machine.Pin(wire["sck"]), mosi=machine.Pin(wire["mosi"])
        )

    def i2c(self, name: str, wire):
        """I2C at 100 kHz."""
        return machine.I2C(wire["i2c"], scl=machine.Pin(wire["scl"]), sda=machine.Pin(wire["sda"]), freq=100_000)


class Board:
    """What the firmware may know of the machine it runs on."""

    root = ""

    def __init__(self):
        self.time_source = Time()
        self._radio = Radio()
        self._bench = None
        self._runs = []
        self._buses = Pins(self.time_source)
        if BENCH_FILE in os.listdir("/"):
            from firmware.boards.panel import Panel
            from firmware.boards.virtual_buses import Buses

            self._bench = Panel()
            self._bench.on("reset", lambda _value, _line: self.reset())
            self._buses = Buses(self._bench, self.time_source)
            self._runs = self._buses.runs

    def unique_id(self) -> str:
        """The MAC in hex."""
        return machine.unique_id().hex()

    def reset_cause(self) -> str:
        """power, soft, watchdog or unknown."""
        return _CAUSES.get(machine.reset_cause(), "unknown")

    def reset(self) -> None:
        """Restart the chip. Never returns."""
        machine.reset()

    def wlan(self) -> Radio:
        """The network interface."""
        return self._radio

    def watchdog(self, timeout_ms: int):
        """Start the hardware watchdog; it has `feed()` and cannot be stopped."""
        return machine.WDT(timeout=timeout_ms)

    def can(self, role: str) -> bool:
        """Whether this board is wired for a role."""
        from firmware.boards.wiring import wiring

        give_back("firmware.boards.wiring")
        return role in wiring(sys.implementation._machine)

    def parts(self, role: str) -> dict:
        """The role's drivers by name, on this board's pins."""
        from firmware.boards import wiring

        made = wiring.parts(self._buses, role, sys.implementation._machine)
        give_back("firmware.boards.wiring")
        if self._bench is not None:
            self._bench.say({"ready": role})
        return made

    def console(self):
        """(stream to read bytes from, stream to write them to) of a console that is nobody's panel, else None."""
        return None if self._bench is not None else (sys.stdin.buffer, sys.stdout.buffer)

    async def panel(self) -> None:
        """On a bench: serve the panel and run the virtual parts. In a hall there is none."""
        if self._bench is not None:
            for run in self._runs:
                asyncio.create_task(run())
            await self._bench.run()
