"""Virtual buses for `wiring`: each driver's pins lead to a virtual part, each part to the panel.

Portable: the unix board always has these, a real board where its flash holds a file `bench`.
"""

import asyncio

from firmware.boards.virtual_parts import ClockChip, Column, Contact, Pin, Spi, TwoWire
from firmware.boards.virtual_uarts import Player, Printer

KEYS = "123A456B789C*0#D"


class Lamp:
    """A light on an output pin, told to the panel when it changes."""

    def __init__(self, name: str, say):
        self._name = name
        self._say = say
        self._on = -1

    def value(self, level=None) -> int:
        """Switch it, or ask."""
        if level is not None and level != self._on:
            self._on = level
            self._say({"lamp": self._name, "on": level})
        return self._on


class Buses:
    """What a board supplies to `wiring`, and hands on the parts by way of the panel."""

    def __init__(self, panel, time_source, baud: int = 115_200, line_ms: int = 2, clock_chip=None):
        """`baud` and `line_ms` set the printer's pace; `clock_chip` makes the ClockChip, None for none on the bus."""
        self.time_source = time_source
        self.runs = []  # coroutine functions of the parts' mechanisms
        self._panel = panel
        self._baud = baud
        self._line_ms = line_ms
        self._clock_chip = clock_chip
        self._contacts = {}
        self._rows = []
        self._columns = []
        self._busy = Pin()
        self._wires = TwoWire("", panel.say)
        self._spi = Spi("", panel.say)
        for word in ("press", "key", "hold"):
            panel.on(word, self._press)

    def baud(self, wire) -> int:
        """The line rate of a UART."""
        return self._baud

    def uart(self, name: str, wire):
        """The part at the end of a UART."""
        if name == "printer":
            printer = Printer(name, self._panel.say, self._line_ms)
            self._panel.on("paper", printer.control)
            self._panel.on("printer", printer.fault)
            self.runs.append(printer.run)
            return printer
        player = Player(name, self._panel.say, self._busy)
        self._panel.on(name, player.control)
        return player

    def input(self, name: str, label: str, number: int):
        """An input with a pull-up."""
        if name == "keypad":
            return self._columns[int(label[6:])]
        if name == "speaker":
            return self._busy
        pin = Pin()
        self._contacts[label] = Contact(label, pin, self._panel.say)
        return pin

    def output(self, name: str, label: str, number: int):
        """A push-pull output."""
        if name == "lamp":
            return Lamp(name, self._panel.say)
        return self._spi.cs

    def open_drain(self, name: str, label: str, number: int):
        """An output that only pulls low."""
        if name == "keypad":
            return self._row(int(label[3:]))
        if label == "clk":
            self._wires = TwoWire(name, self._panel.say)
            self._panel.on(name, self._wires.control)
        return self._wires.clk if label == "clk" else self._wires.dio

    def spi(self, name: str, wire):
        """A part on SPI."""
        self._spi = Spi(name, self._panel.say)
        return self._spi

    def i2c(self, name: str, wire):
        """The I2C bus with the clock chip."""
        chip = self._clock_chip() if self._clock_chip is not None else ClockChip(int, "none")
        self._panel.on("rtc", chip.control)
        return chip

    def _row(self, i: int):
        if not self._columns:
            self._columns = [Column(self._rows) for _ in range(4)]
        row = Pin()
        self._rows.append(row)
        for k, column in enumerate(self._columns):
            key = Pin()  # `pulled` is the key held down
            column.keys.append(key)
            label = KEYS[4 * i + k]
            self._contacts["key " + label] = Contact(label, key, self._panel.say)
        return row

    def _press(self, value, line) -> None:
        """Press one or several at once; a key of the keypad where no button has the name."""
        ms = int(line.get("ms", 3_500 if "hold" in line else 80))
        contacts = []
        for name in value if isinstance(value, list) else [value]:
            contact = None if "key" in line else self._contacts.get(name)
            contacts.append(contact or self._contacts["key " + name])
        for contact in contacts:
            asyncio.create_task(contact.press(ms, int(line.get("bounces", 0))))
