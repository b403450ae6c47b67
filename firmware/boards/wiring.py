"""Which part sits on which pins, per role, and how the drivers are put on them.

A board supplies the buses (`uart`, `input`, `output`, `open_drain`, `spi`, `i2c`); the drivers are the same on every
board. They are imported where they are made, so that a role loads only its own.
"""

BUSES = ("uart", "i2c", "spi", "baud", "modules")  # what is not a pin

# GPIO numbers of the ESP32 kit. 6 to 11 carry the flash, 34 to 39 have no pull-ups, 12 sets the flash's voltage at
# power-on, and 0 held low then starts the ROM's loader instead of us: the technician's button "T", which is held at
# power-on, is none of these. (ESP32 series datasheet, "Strapping pins": 5 matters to SDIO slaves only.)
WIRING = {
    "kiosk": {
        "printer": {"uart": 2, "tx": 17, "rx": 16, "baud": 9600},
        "digits": {"clk": 18, "dio": 19},
        "lamp": {"pin": 23},
        "clock_chip": {"i2c": 0, "sda": 21, "scl": 22},
        "buttons": {
            "A": 13, "B": 14, "C": 27, "D": 26, "E": 25, "F": 33, "G": 32, "H": 4, "P": 15, "T": 5,
        },
    },
    "display": {
        "matrix": {"spi": 2, "sck": 18, "mosi": 23, "cs": 5, "modules": 8},
        "digits": {"clk": 25, "dio": 26},
        "speaker": {"uart": 2, "tx": 17, "rx": 16, "baud": 9600, "busy": 4},
        "buttons": {"T": 27},
    },
    "counter": {
        "digits": {"clk": 18, "dio": 19},
        "keypad": {"rows": (13, 14, 27, 26), "columns": (25, 33, 32, 4)},
        "buttons": {"T": 5},
    },
    "sensor": {"buttons": {"T": 5}},
}  # fmt: skip


# On an ESP32-S3 26 to 32 carry the flash, 33 to 37 an octal PSRAM, 19 and 20 USB, 43 and 44 the console; 0, 3, 45 and
# 46 are read at power-on. What sits there on an ESP32, or on a pin that the S3 has not, has another place.
# (ESP32-S3 series datasheet, "Pin overview" and "Strapping pins".)
S3 = {19: 8, 22: 10, 23: 9, 25: 1, 26: 12, 27: 11, 32: 42, 33: 2}


def wiring(machine: str) -> dict:
    """The parts by role, each with its pins, on a `sys.implementation._machine`. A C3 has pins for a sensor only."""
    if "ESP32C3" in machine:
        return {"sensor": WIRING["sensor"]}
    return {role: _moved(WIRING[role]) for role in WIRING} if "ESP32S3" in machine else WIRING


def _moved(wire, name=""):
    if type(wire) is dict:
        return {one: _moved(wire[one], one) for one in wire}
    if type(wire) is tuple:
        return tuple([_moved(one) for one in wire])
    return wire if name in BUSES else S3.get(wire, wire)


def parts(board, role: str, machine: str = "") -> dict:
    """The drivers of a role, by name, on `board`. Raises KeyError where the chip cannot be that."""
    return {name: _MAKERS[name](board, name, wire) for name, wire in wiring(machine)[role].items()}


def _printer(board, name, wire):
    from firmware.drivers.printer import Printer

    return Printer(board.uart(name, wire), board.baud(wire))


def _digits(board, name, wire):
    from firmware.drivers.tm1637 import TM1637

    return TM1637(board.open_drain(name, "clk", wire["clk"]), board.open_drain(name, "dio", wire["dio"]))


def _matrix(board, name, wire):
    from firmware.drivers.max7219 import Max7219

    return Max7219(board.spi(name, wire), board.output(name, "cs", wire["cs"]), wire["modules"])


def _speaker(board, name, wire):
    from firmware.drivers.dfplayer import DFPlayer

    return DFPlayer(board.uart(name, wire), board.input(name, "busy", wire["busy"]))


def _clock_chip(board, name, wire):
    from firmware.drivers.ds3231 import DS3231

    return DS3231(board.i2c(name, wire))


def _buttons(board, name, wire):
    from firmware.drivers.buttons import Buttons

    pins = [(label, board.input(name, label, wire[label])) for label in sorted(wire)]
    return Buttons(pins, board.time_source)


def _keypad(board, name, wire):
    from firmware.drivers.keypad import Keypad

    rows = [board.open_drain(name, "row%d" % i, pin) for i, pin in enumerate(wire["rows"])]
    columns = [board.input(name, "column%d" % i, pin) for i, pin in enumerate(wire["columns"])]
    return Keypad(rows, columns, board.time_source)


def _lamp(board, name, wire):
    return board.output(name, "pin", wire["pin"])


_MAKERS = {
    "lamp": _lamp,
    "printer": _printer,
    "digits": _digits,
    "matrix": _matrix,
    "speaker": _speaker,
    "clock_chip": _clock_chip,
    "buttons": _buttons,
    "keypad": _keypad,
}
