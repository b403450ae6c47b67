"""How characters look: on a 7-segment digit and in MicroPython's 8x8 font (`framebuf.text`), to read them back."""

# Segments a to g are bits 0 to 6, clockwise from the top, g in the middle. Where one pattern serves two characters
# (S and 5, O and 0 at full height) the digit is given.
SEGMENTS = {
    0x3F: "0", 0x06: "1", 0x5B: "2", 0x4F: "3", 0x66: "4", 0x6D: "5", 0x7D: "6", 0x07: "7", 0x7F: "8", 0x6F: "9",
    0x77: "A", 0x7C: "B", 0x39: "C", 0x5E: "D", 0x79: "E", 0x71: "F", 0x3D: "G", 0x76: "H", 0x30: "I", 0x1E: "J",
    0x75: "K", 0x38: "L", 0x55: "M", 0x54: "N", 0x5C: "O", 0x73: "P", 0x67: "Q", 0x50: "R", 0x78: "T", 0x3E: "U",
    0x1C: "V", 0x2A: "W", 0x64: "X", 0x6E: "Y", 0x1B: "Z", 0x40: "-", 0x08: "_", 0x00: " ", 0x53: "?",
}  # fmt: skip

# Eight rows from the top, bit 7 the leftmost pixel.
DOTS = {
    "A": "183c667e66666600", "B": "7c66667c66667c00", "C": "3c66606060663c00", "D": "786c6666666c7800",
    "E": "7e60607860607e00", "F": "7e60607860606000", "G": "3c66606e66663c00", "H": "6666667e66666600",
    "I": "3c18181818183c00", "J": "1e0c0c0c0c6c3800", "K": "666c7870786c6600", "L": "6060606060607e00",
    "M": "63777f6b63636300", "N": "66767e7e6e666600", "O": "3c66666666663c00", "P": "7c66667c60606000",
    "Q": "3c666666663c0e00", "R": "7c66667c786c6600", "S": "3c66603c06663c00", "T": "7e18181818181800",
    "U": "6666666666663c00", "V": "66666666663c1800", "W": "6363636b7f776300", "X": "66663c183c666600",
    "Y": "6666663c18181800", "Z": "7e060c1830607e00", "0": "3c666e7666663c00", "1": "1818381818187e00",
    "2": "3c66060c30607e00", "3": "3c66061c06663c00", "4": "060e1e667f060600", "5": "7e607c0606663c00",
    "6": "3c66607c66663c00", "7": "7e660c1818181800", "8": "3c66663c66663c00", "9": "3c66663e06663c00",
    ">": "70180c060c187000", "-": "0000007e00000000", ".": "0000000000181800", "#": "6666ff66ff666600",
    " ": "0000000000000000",
}  # fmt: skip
CHARACTERS = {rows: character for character, rows in DOTS.items()}
