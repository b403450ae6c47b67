"""An emulator's hand on its flash: `python unpack.py image folder` puts the files of a whole image into a folder."""

import sys
from pathlib import Path

from littlefs import LittleFS

VFS, BLOCK = 0x350000, 4096


def main(image: Path, folder: Path) -> None:
    """Copy every file of the littlefs in `image`."""
    data = image.read_bytes()[VFS:]
    system = LittleFS(block_size=BLOCK, block_count=len(data) // BLOCK, mount=False)
    system.context.buffer = bytearray(data)
    system.mount()
    for root, _, names in system.walk("/"):
        for name in names:
            target = folder / root.strip("/") / name
            target.parent.mkdir(parents=True, exist_ok=True)
            with system.open(f"{root}/{name}", "rb") as file:
                target.write_bytes(file.read())


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
