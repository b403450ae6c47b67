# ruff: noqa: PTH123
"""Lets certificates be checked against the virtual board's clock, as on a chip. Runs on MicroPython's unix port.

mbedTLS asks the C library for the time, and the host's clock is none of ours to set. So the entry of `time` in the
table of functions that its library calls (ELF, DT_JMPREL) is pointed at a function of ours, in this process.
"""

import struct

import ffi
import uctypes

JMPREL, PLTRELSZ, SYMTAB, STRTAB = 23, 2, 6, 5
PAGE = 4_096
READ_WRITE = 3


def hook(seconds):
    """Have `seconds()` (Unix time) be the time for certificates; whether mbedTLS was found as a library."""
    global _kept
    back = ffi.callback("q", lambda _: seconds(), "P")
    _kept = back  # the library calls it for as long as this process lives
    found = False
    for base in _libraries("libmbed"):
        found = _point(base, "time", back) or found
    return found


def _libraries(name):
    """Where shared libraries whose name begins so were loaded."""
    bases = {}
    with open("/proc/self/maps") as maps:
        for line in maps:
            words = line.split()
            if len(words) > 5 and words[5].split("/")[-1].startswith(name):
                bases.setdefault(words[5], int(words[0].split("-")[0], 16))
    return bases.values()


def _point(base, name, back):
    tags = _dynamic(base)
    at = tags[JMPREL]
    for entry in range(at, at + tags[PLTRELSZ], 24):
        offset, info, _ = struct.unpack("<QQq", _bytes(entry, 24))
        symbol = struct.unpack("<I", _bytes(tags[SYMTAB] + 24 * (info >> 32), 4))[0]
        if _text(tags[STRTAB] + symbol) == name:
            place = base + offset
            libc = ffi.open(None)
            libc.func("i", "mprotect", "Pli")(place & -PAGE, PAGE, READ_WRITE)
            uctypes.bytearray_at(place, 8)[:] = struct.pack("<Q", back.cfun())
            return True
    return False


def _dynamic(base):
    """The tags of the dynamic section, addresses as they are in memory."""
    headers, count = struct.unpack("<Q", _bytes(base + 32, 8))[0], struct.unpack("<H", _bytes(base + 56, 2))[0]
    for header in range(base + headers, base + headers + 56 * count, 56):
        kind, _, _, place = struct.unpack("<IIQQ", _bytes(header, 24))
        if kind == 2:
            tags = {}
            at = base + place
            while True:
                tag, value = struct.unpack("<qQ", _bytes(at, 16))
                if not tag:
                    break
                tags[tag] = value
                at += 16
            for tag in (JMPREL, SYMTAB, STRTAB):
                if tags[tag] < base:
                    tags[tag] += base
            return tags
    raise OSError("no dynamic section")


def _bytes(at, size):
    return uctypes.bytes_at(at, size)


def _text(at):
    found = b""
    while (byte := _bytes(at + len(found), 1)) != b"\0":
        found += byte
    return found.decode()
