"""What a chip makes of its flash when it starts: the boot loader finds an application, and MicroPython its files."""

import struct
from io import BytesIO

from esptool.bin_image import LoadFirmwareImage

from provisioning.image.filesystem import Flash, mount
from tests.provisioning.chip.silicon import Silicon

TABLE = 0x8000


class NoBoot(Exception):
    """It does not start; the text is what the console says."""


def partitions(memory: bytes) -> dict[str, tuple[int, int, int, int]]:
    """The partition table at 0x8000: type, subtype, offset and size by name."""
    found = {}
    for at in range(TABLE, TABLE + 0xC00, 32):
        magic, type_, subtype, offset, size, name, _ = struct.unpack("<HBBII16sI", memory[at : at + 32])
        if magic != 0x50AA:
            break
        found[name.rstrip(b"\0").decode()] = (type_, subtype, offset, size)
    return found


def start(silicon: Silicon, memory: bytes) -> dict[str, bytes]:
    """The files that MicroPython finds. Raises NoBoot."""
    try:
        loader = LoadFirmwareImage(silicon.name, bytes(memory[silicon.rom.BOOTLOADER_FLASH_OFFSET : TABLE]))
        assert loader.stored_digest == loader.calc_digest
    except Exception:
        raise NoBoot("invalid header: 0xffffffff\r\n" * 3) from None
    table = partitions(memory)
    apps = [one for one in table.values() if one[0] == 0]
    if "otadata" in table:
        _, _, at, size = table["otadata"]
        if memory[at : at + size].strip(b"\xff"):
            raise NoBoot("E boot: ota data is not blank\r\n")
    for _, _, at, size in apps[:1]:
        try:
            app = LoadFirmwareImage(silicon.name, bytes(memory[at : at + size]))
            assert app.stored_digest == app.calc_digest
        except Exception:
            raise NoBoot("E (58) esp_image: Image hash failed - image is corrupt\r\n") from None
        break
    else:
        raise NoBoot("E (50) boot: No bootable app partitions in the partition table\r\n")
    _, _, at, size = table["vfs"]
    return files(bytes(memory[at : at + size]))


def files(image: bytes) -> dict[str, bytes]:
    """The files of a littlefs. Raises NoBoot in the words of MicroPython's inisetup."""
    try:
        system = mount(Flash(buffer=bytearray(image)))
    except Exception:
        raise NoBoot("The filesystem appears to be corrupted. If you had important data there, you\r\n") from None
    found = {}

    def walk(folder: str) -> None:
        for entry in system.scandir(folder):
            path = f"{folder}/{entry.name}"
            if entry.type == 2:
                walk(path)
            else:
                whole = BytesIO()
                with system.open(path, "rb") as file:
                    whole.write(file.read())
                found[path.lstrip("/")] = whole.getvalue()

    walk("/")
    return found
