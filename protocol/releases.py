"""Releases (docs/contract.md, section 10): how a bundle begins, what is newer, how files are called."""

MAGIC = b"BALAI-1\n"
HEAD = len(MAGIC) + 4 + 2  # bytes before the manifest: the magic, and the lengths of the manifest and the signature
LONGEST = 4_096  # bytes of a manifest
_NUMBER = 3  # digits of each part of a version at most
_STEM = 24  # characters of a file's name before its end
_DIGITS = "0123456789"
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789_"


def sequence(version: str) -> int:
    """What orders versions: a million times the major, a thousand times the minor, and the patch; -1 for no version."""
    parts = version.split(".")
    if len(parts) != 3 or not all(_is_number(part) for part in parts):
        return -1
    return int(parts[0]) * 1_000_000 + int(parts[1]) * 1_000 + int(parts[2])


def is_file(name: str) -> bool:
    """Whether a file of a release may be called so."""
    stem = name[:-4]
    return name[-4:] == ".mpy" and 0 < len(stem) <= _STEM and all(letter in _LETTERS for letter in stem)


def _is_number(part):
    plain = 0 < len(part) <= _NUMBER and all(digit in _DIGITS for digit in part)
    return plain and (part == "0" or part[0] != "0")
