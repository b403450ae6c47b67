"""Draws the wiring of each role as SVG, from the table by which the firmware is wired: `python docs/pictures.py`.

The pictures are for technicians, so their words are Indonesian. `tests/docs/test_pictures.py` fails where a picture is
not what this makes.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from firmware.boards.wiring import WIRING

FOLDER = Path(__file__).parent / "id" / "img"
ROLES = {"kiosk": "Anjungan (kiosk)", "display": "Papan nomor (display)", "counter": "Papan tombol loket (counter)"}
SUPPLY = "Catu ESP32: 5 V / 1 A lewat USB atau pin VIN. Jangan memasang kabel saat menyala."
COLOURS = ("#00695c", "#8a4b00", "#1f4e9e", "#8e1b4f", "#4a5d00", "#5b3a9e")

WIDTH, ROW, GAP, TOP = 860, 26, 18, 96
CHIP_X, CHIP_W = 40, 190
PART_X, PART_W = 430, 390


@dataclass(frozen=True)
class Part:
    """What a technician buys: its name, its supply, and what its terminals are called, by the names of the table."""

    name: str
    supply: str
    terminals: dict[str, str]
    note: str = ""


PARTS = {
    "printer": Part(
        "Printer termal 58 mm, serial TTL", "catu sendiri 5-9 V / 2 A, GND disatukan",
        {"tx": "RX printer", "rx": "TX printer (lewat pembagi 1k/2k)"},
        "TX printer 5 V: ESP32 hanya tahan 3,3 V",
    ),
    "digits": Part("Modul 4 digit TM1637", "VCC 5 V, GND", {"clk": "CLK", "dio": "DIO"}),
    "lamp": Part("Lampu LED kertas + resistor 330 ohm", "ke GND", {"pin": "anoda (+)"}),
    "clock_chip": Part("Modul jam DS3231 + baterai CR2032", "VCC 3,3 V, GND", {"sda": "SDA", "scl": "SCL"}),
    "matrix": Part(
        "8 modul dot-matrix MAX7219 (2 x FC-16)", "VCC 5 V / 2 A, GND",
        {"sck": "CLK", "mosi": "DIN", "cs": "CS"},
        "kabel pendek; bila berkedip pakai 74AHCT125",
    ),
    "speaker": Part(
        "DFPlayer Mini + microSD + speaker 3 W", "VCC 5 V, GND",
        {"tx": "RX (lewat resistor 1k)", "rx": "TX", "busy": "BUSY"},
    ),
    "keypad": Part(
        "Keypad matriks 4 x 4", "tanpa catu",
        {**{f"row{i}": f"baris {i + 1}" for i in range(4)}, **{f"column{i}": f"kolom {i + 1}" for i in range(4)}},
    ),
    "buttons": Part(
        "Tombol tekan ke GND", "satu kaki ke GND", {"P": "Prioritas", "T": "Tombol teknisi (di dalam kotak)"}
    ),
}  # fmt: skip


def rows(name: str, wire: dict[str, object]) -> list[tuple[int, str]]:
    """Return (GPIO, terminal) of one part."""
    if name == "keypad":
        wire = {f"{kind[:-1]}{i}": pin for kind in ("rows", "columns") for i, pin in enumerate(wire[kind])}  # type: ignore[arg-type, var-annotated]
    terminals = PARTS[name].terminals
    if name == "buttons":
        return [(int(str(pin)), terminals.get(label, f"Tombol {label}")) for label, pin in wire.items()]
    return [(int(str(wire[one])), text) for one, text in terminals.items()]


def picture(role: str) -> str:
    """Return the SVG of a role's wiring."""
    body: list[str] = []
    y = TOP
    for number, (name, wire) in enumerate(WIRING[role].items()):
        part, colour, pins = PARTS[name], COLOURS[number % len(COLOURS)], rows(name, wire)
        height = 44 + ROW * len(pins) + (20 if part.note else 0)
        body.append(f'<rect x="{PART_X}" y="{y}" width="{PART_W}" height="{height}" rx="8" class="part"/>')
        body.append(f'<rect x="{PART_X}" y="{y}" width="6" height="{height}" rx="3" fill="{colour}"/>')
        body.append(text(PART_X + 18, y + 20, part.name, "name"))
        body.append(text(PART_X + 18, y + 36, part.supply, "small"))
        for place, (gpio, terminal) in enumerate(pins):
            at = y + 44 + ROW * place + ROW // 2
            right = CHIP_X + CHIP_W
            body.append(f'<line x1="{right}" y1="{at}" x2="{PART_X}" y2="{at}" stroke="{colour}" class="wire"/>')
            body.append(f'<rect x="{right - 92}" y="{at - 10}" width="84" height="20" rx="10" fill="{colour}"/>')
            body.append(text(right - 50, at + 5, f"GPIO {gpio}", "pin"))
            body.append(f'<circle cx="{PART_X}" cy="{at}" r="4" fill="{colour}"/>')
            body.append(text(PART_X + 18, at + 5, terminal, "label"))
        if part.note:
            body.append(text(PART_X + 18, y + height - 10, "Perhatian: " + part.note, "note"))
        y += height + GAP
    end = y - GAP
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {end + 56}" font-family="sans-serif">',
            "<style>.part{fill:#fff;stroke:#c9d1d6}.chip{fill:#12222b}.wire{stroke-width:3}.title{font-size:22px;"
            "font-weight:700;fill:#12222b}.name{font-size:15px;font-weight:700;fill:#12222b}.small{font-size:12px;"
            "fill:#4d5c66}.label{font-size:14px;fill:#12222b}.note{font-size:12px;fill:#9b1c1c}.pin{font-size:12px;"
            "fill:#fff;text-anchor:middle;font-weight:700}.board{font-size:14px;fill:#fff}</style>",
            f'<rect width="{WIDTH}" height="{end + 56}" fill="#f2f5f6"/>',
            text(CHIP_X, 44, ROLES[role], "title"),
            text(CHIP_X, 68, "ESP32 DevKit (modul WROOM, 4 MB). Semua GND disatukan.", "small"),
            f'<rect x="{CHIP_X}" y="{TOP}" width="{CHIP_W}" height="{end - TOP}" rx="10" class="chip"/>',
            text(CHIP_X + 14, TOP + 24, "ESP32", "board"),
            *body,
            text(CHIP_X, end + 32, SUPPLY, "small"),
            "</svg>\n",
        ]
    )  # fmt: skip


def text(x: int, y: int, words: str, kind: str) -> str:
    """Return one line of text."""
    return f'<text x="{x}" y="{y}" class="{kind}">{words.replace("&", "&amp;").replace("<", "&lt;")}</text>'


def main() -> None:
    """Write every picture."""
    FOLDER.mkdir(exist_ok=True)
    for role in ROLES:
        (FOLDER / f"wiring-{role}.svg").write_text(picture(role))


if __name__ == "__main__":
    main()
