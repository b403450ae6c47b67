"""Virtual pins, SPI and I2C: what the drivers' pulses and bytes arrive at, told to the panel.

Nothing here knows a driver: a part reacts to levels and bytes as its datasheet says, and reports what came.
"""

import asyncio

SETTLED_MS = 60  # no hand presses again sooner
LOOK_MS = 10  # a press lasts by the firmware's own looks: a busy host holds up the device, and the hand with it


class Pin:
    """One wire with a pull-up: high unless its driver or something outside pulls it low."""

    def __init__(self, changed=None):
        self.pulled = False
        self._out = 1
        self._changed = changed

    def value(self, level=None):
        """The wire's level, after driving it to `level` where one is given (1 lets go)."""
        if level is not None and level != self._out:
            self._out = level
            if self._changed is not None:
                self._changed()
        return 0 if self.pulled or not self._out else 1


class Contact:
    """A push button or a key: pressed by the panel, with the bounce of a real one if asked for."""

    def __init__(self, name: str, pin, say):
        self._name = name
        self._pin = pin
        self._say = say

    async def press(self, ms: int, bounces: int = 0) -> None:
        """Close for `ms`; each of the `bounces` opens the contact again for 2 ms at both ends."""
        for _ in range(bounces):
            self._pin.pulled = True
            await asyncio.sleep_ms(2)
            self._pin.pulled = False
            await asyncio.sleep_ms(2)
        self._pin.pulled = True
        for _ in range(0, ms, LOOK_MS):
            await asyncio.sleep_ms(LOOK_MS)
        self._pin.pulled = False
        for _ in range(bounces):
            await asyncio.sleep_ms(2)
            self._pin.pulled = True
            await asyncio.sleep_ms(2)
            self._pin.pulled = False
        await asyncio.sleep_ms(SETTLED_MS)
        self._say({"released": self._name})


class Column:
    """A column wire of a key matrix: low while a pressed key joins it to a row that is driven low."""

    def __init__(self, rows):
        self._rows = rows
        self.keys = []  # one a row; `pulled` is a key held down

    def value(self):
        """The level that the scanner reads."""
        for row, key in zip(self._rows, self.keys):
            if key.pulled and not row.value():
                return 0
        return 1


class TwoWire:
    """The two wires of a TM1637: records every change, answers with its ACK, reports at the stop.

    A sample is `clk + 2 * dio` as seen on the wire (TM1637 datasheet, "Interface interpretation").
    """

    def __init__(self, name: str, say):
        self.clk = Pin(self._change)
        self.dio = Pin(self._change)
        self.plugged = True
        self._name = name
        self._say = say
        self._last = 3
        self._bits = 0
        self._samples = []

    def control(self, value, _line) -> None:
        """The panel's hand: true or false, plugged in or not."""
        self.plugged = bool(value)

    def _change(self) -> None:
        sample = self.clk.value() + 2 * self.dio.value()
        last, self._last = self._last, sample
        self._samples.append("0123"[sample])
        if last & 1 and sample & 1:
            if sample == 1:  # data falls while the clock is high: start
                self._bits = 0
            elif last == 1:  # data rises while the clock is high: stop
                self._say({"segments": self._name, "pulses": "".join(self._samples)})
                self._samples = []
        elif sample & 1:
            self._bits += 1
        elif last & 1 and self.plugged:
            self.dio.pulled = self._bits == 8
            if self._bits == 9:
                self._bits = 0
            self._last = self.clk.value() + 2 * self.dio.value()


class Spi:
    """An SPI bus with one part: reports the bytes shifted in when its select line rises (MAX7219: LOAD)."""

    def __init__(self, name: str, say):
        self.cs = Pin(self._change)
        self._name = name
        self._say = say
        self._bytes = bytearray()

    def write(self, data) -> None:
        """Shift bytes in."""
        self._bytes.extend(data)

    def _change(self) -> None:
        if self.cs.value():
            self._say({"spi": self._name, "hex": bytes(self._bytes).hex()})
        self._bytes = bytearray()


class ClockChip:
    """An I2C bus with a DS3231 on it, kept by its battery over a power cut.

    `seconds()` is the true time in Unix seconds. `state`: "ok"; "none": no chip answers; "dead": its battery was
    empty at power-on, so it counts from 2000 with the oscillator-stop flag set (DS3231 datasheet, status register 0Fh).
    """

    ADDRESS = 0x68

    def __init__(self, seconds, state: str = "ok", offset: int = 0, kept=None):
        self._seconds = seconds
        self._offset = offset  # what it shows is the true time and this
        self._kept = kept  # told the offset when the firmware sets the chip
        self._halted = None  # Unix seconds at which its oscillator stands still
        self.plugged = state != "none"
        self.registers = bytearray(19)
        self.registers[0x0E] = 0x1C
        if state == "dead":
            self._offset = 946_684_800 - seconds()
            self.registers[0x0F] = 0x88

    def control(self, value, _line) -> None:
        """The panel's hand: {"jump": s}, {"stop": true}, {"plugged": false}, {"battery": false}."""
        if "jump" in value:
            self._offset += value["jump"]
        if "plugged" in value:
            self.plugged = bool(value["plugged"])
        if "stop" in value:
            self._halted = self._seconds() if value["stop"] else None
            if value["stop"]:
                self.registers[0x0F] |= 0x80
        if value.get("battery") is False and self._kept is not None:
            self._kept(None)

    def _count(self) -> None:
        seconds = (self._seconds() if self._halted is None else self._halted) + self._offset
        days, rest = divmod(seconds, 86_400)
        era = days + 719_468
        cycle = (era - (era % 146_097)) // 146_097
        day = era - cycle * 146_097
        year = (day - day // 1_460 + day // 36_524 - day // 146_096) // 365
        day -= 365 * year + year // 4 - year // 100
        month = (5 * day + 2) // 153
        date = day - (153 * month + 2) // 5 + 1
        month = month + 3 if month < 10 else month - 9
        year += cycle * 400 + (month <= 2)
        fields = (rest % 60, rest // 60 % 60, rest // 3_600, (days + 3) % 7 + 1, date, month, year % 100)
        for i, field in enumerate(fields):
            self.registers[i] = field // 10 << 4 | field % 10

    def readfrom_mem_into(self, address: int, register: int, buffer) -> None:
        """Read registers; OSError where nothing answers, as machine.I2C."""
        if not self.plugged or address != self.ADDRESS:
            raise OSError(19)
        self._count()
        for i in range(len(buffer)):
            buffer[i] = self.registers[(register + i) % 19]

    def writeto_mem(self, address: int, register: int, data) -> None:
        """Write registers; setting the time moves the offset."""
        if not self.plugged or address != self.ADDRESS:
            raise OSError(19)
        self._count()
        for i, byte in enumerate(data):
            self.registers[(register + i) % 19] = byte
        if register < 7:
            second, minute, hour, _, day, month, year = [(b >> 4) * 10 + (b & 15) for b in self.registers[:7]]
            year += 2000 - (month <= 2)
            days = 365 * year + year // 4 - year // 100 + year // 400 + (153 * ((month + 9) % 12) + 2) // 5 + day - 1
            shown = (days - 719_468) * 86_400 + hour * 3_600 + minute * 60 + second
            self._offset = shown - self._seconds()
            if self._kept is not None:
                self._kept(self._offset)
