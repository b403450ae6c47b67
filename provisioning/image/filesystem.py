"""The files of a device, and the littlefs that MicroPython mounts them from.

The parameters are those of MicroPython's VfsLfs2 on an esp32 (`extmod/vfs_lfs.c` and `vfs_lfsx.c`: reads and writes of
32 bytes, a look-ahead of 32, a cache of 4 x 32, 100 cycles of a block; blocks of 4,096 in `ports/esp32`), and the
version on disk is that of its own mkfs, 2.1. littlefs keeps no times; files are written in the order of their names.
"""

from pathlib import Path

from littlefs import LFSConfig, LittleFS, LittleFSError, UserContext

from provisioning.errors import BuildError
from provisioning.image.slot import ROOT, VIRTUAL, slot

BLOCK = 4096
IDENTITY = "identity.json"
BENCH = "bench"  # a file without content: the board's parts are virtual, and its console is their panel
_VERSION = 0x0002_0001  # on disk


class Flash(UserContext):
    """Flash in memory. Unlike its base it says nothing to a log: what passes here holds a secret."""

    def read(self, cfg: LFSConfig, block: int, off: int, size: int) -> bytearray:
        """Return `size` bytes at `off` of a block."""
        at = block * cfg.block_size + off
        return self.buffer[at : at + size]

    def prog(self, cfg: LFSConfig, block: int, off: int, data: bytes) -> int:
        """Write at `off` of a block that was erased."""
        at = block * cfg.block_size + off
        self.buffer[at : at + len(data)] = data
        return 0

    def erase(self, cfg: LFSConfig, block: int) -> int:
        """Set a block to 0xFF."""
        at = block * cfg.block_size
        self.buffer[at : at + cfg.block_size] = b"\xff" * cfg.block_size
        return 0


def contents(identity: bytes, bench: bool = False) -> dict[str, bytes]:
    """Return every file of a new device by its path. Raises BuildError where the firmware does not compile."""
    files = {name: (ROOT / "firmware" / name).read_bytes() for name in ("boot.py", "main.py")}
    compiled = slot()
    files |= {f"a/{one.name}": one.read_bytes() for one in compiled.iterdir() if bench or one.name != VIRTUAL}
    files[IDENTITY] = identity
    if bench:
        files[BENCH] = b""
    return files


def build(files: dict[str, bytes], size: int) -> bytes:
    """Return a littlefs of `size` bytes with `files`. Raises BuildError where they do not fit."""
    flash = Flash(size)
    system = mount(flash, new=True)
    try:
        for name in sorted(files):
            folder = Path(name).parent.as_posix()
            if folder != ".":
                system.makedirs(folder, exist_ok=True)
            with system.open(name, "wb") as out:
                out.write(files[name])
    except LittleFSError as error:
        raise BuildError(
            f"the firmware does not fit into {size // 1024} KB of flash: take a board with more"
        ) from error
    system.unmount()
    return bytes(flash.buffer)


def mount(flash: Flash, new: bool = False) -> LittleFS:
    """Return the file system on `flash`, which is made first where it is `new`."""
    system = LittleFS(
        flash,
        mount=False,
        block_size=BLOCK,
        block_count=len(flash.buffer) // BLOCK,
        read_size=32,
        prog_size=32,
        lookahead_size=32,
        cache_size=128,
        block_cycles=100,
        disk_version=_VERSION,
    )
    if new:
        system.format()
    system.mount()
    return system


def used(image: bytes) -> int:
    """Return how many bytes of a file system are taken."""
    return mount(Flash(buffer=bytearray(image))).used_block_count * BLOCK
