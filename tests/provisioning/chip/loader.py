"""The ROM loader and esptool's stub, as "Serial Protocol" of esptool's documentation describes them.

Bytes in, bytes out. A packet is `00 op size(2) checksum(4) data`, an answer `01 op size(2) value(4) data status`: four
bytes of status from the ROM, two from the stub.
"""

import hashlib
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from tests.provisioning.chip.silicon import USER, Silicon
from tests.provisioning.chip.slip import Unwrap, wrap

SECTOR = 0x1000
RAM = {0x05, 0x06, 0x07}
FLASH_BEGIN, FLASH_DATA, FLASH_END = 0x02, 0x03, 0x04
MEM_BEGIN, MEM_END, MEM_DATA = 0x05, 0x06, 0x07
SYNC, WRITE_REG, READ_REG = 0x08, 0x09, 0x0A
SPI_SET_PARAMS, SPI_ATTACH, CHANGE_BAUDRATE = 0x0B, 0x0D, 0x0F
DEFL_BEGIN, DEFL_DATA, DEFL_END = 0x10, 0x11, 0x12
MD5, SECURITY_INFO = 0x13, 0x14
INVALID, FAILED, CHECKSUM, DEFLATE = 0x05, 0x06, 0x07, 0x0B  # errors of the ROM
STUB_ERROR = {INVALID: 0xFF, FAILED: 0xC6, CHECKSUM: 0xC1, DEFLATE: 0xC7}


class Unplugged(Exception):
    """The cable is out."""


@dataclass
class Faults:
    """What goes wrong on the wire and in the flash."""

    garbage: int = 0  # before so many answers there is noise
    lost: int = 0  # of the answer with this number, from 1, a byte is lost
    unplugged: int = 0  # at this block of data, from 1, the cable comes out
    corrupt: int = 0  # of so many blocks a bit turns over while they are programmed
    weak: int = -1  # a byte of the flash that stays 0xFF whatever is written there
    deaf: bool = False  # it never answers


class Loader:
    """A chip in its loader, with `memory` for its flash."""

    def __init__(self, silicon: Silicon, faults: Faults) -> None:
        self.silicon = silicon
        self.faults = faults
        self.memory = bytearray(b"\xff" * silicon.flash)
        self.erased: list[tuple[int, int]] = []
        self.reboot: Callable[[], None] = lambda: None
        self.answers = 0
        self.blocks = 0
        self.enter()

    def enter(self) -> None:
        """The ROM loader begins: after a reset with IO0 low."""
        self.stub = False
        self.baud = self._next = 115_200
        self._registers = self.silicon.registers()
        self._unwrap = Unwrap()
        self._ram: dict[int, bytes] = {}
        self._writing: tuple[int, int, int] | None = None  # from, size of a block, bytes that are due
        self._inflate = zlib.decompressobj()
        self._at = 0

    def take(self, data: bytes) -> bytes:
        """The answer to bytes off the wire. Raises Unplugged."""
        if self.faults.deaf:
            return b""
        return b"".join(self._answer(packet) for packet in self._unwrap.take(data))

    @property
    def stray(self) -> bytes:
        """What came outside of packets, since it was asked last."""
        found, self._unwrap.stray = self._unwrap.stray, b""
        return found

    def _answer(self, packet: bytes) -> bytes:
        if len(packet) < 8:
            return b""
        direction, op, size, check = struct.unpack("<BBHI", packet[:8])
        data = packet[8:]
        if direction != 0 or size != len(data):
            return self._reply(op, INVALID)
        handler = _HANDLERS.get(op)
        if handler is None or (op == SECURITY_INFO and self.silicon.security() is None):
            return self._reply(0xFF, INVALID) * (1 if self.stub else 8)
        if op in (FLASH_DATA, DEFL_DATA, MEM_DATA) and check != _checksum(data[16:]):
            return self._reply(op, CHECKSUM)
        return handler(self, op, data)

    def _reply(self, op: int, error: int = 0, value: int = 0, data: bytes = b"") -> bytes:
        code = STUB_ERROR[error] if error and self.stub else error
        first = (code if self.stub and code >= 0xC0 else 1) if error else 0
        status = bytes((first, 0 if self.stub and error and code >= 0xC0 else code)) + bytes(0 if self.stub else 2)
        body = data + status
        self.answers += 1
        sent = wrap(struct.pack("<BBHI", 1, op, len(body), value) + body)
        if self.answers == self.faults.lost:
            sent = sent[:5] + sent[6:]
        if self.faults.garbage:
            self.faults.garbage -= 1
            sent = b"\x00\xf8~noise" + sent
        return sent

    # Commands.

    def _sync(self, op: int, data: bytes) -> bytes:
        if data != b"\x07\x07\x12\x20" + 32 * b"\x55":
            return self._reply(op, INVALID)
        return b"".join(self._reply(op, value=0 if self.stub else 0x20120707) for _ in range(8))

    def _read(self, op: int, data: bytes) -> bytes:
        (address,) = struct.unpack("<I", data)
        return self._reply(op, value=self._registers.get(address, 0))

    def _write(self, op: int, data: bytes) -> bytes:
        for at in range(0, len(data), 16):
            address, value, mask, _ = struct.unpack("<IIII", data[at : at + 16])
            self._registers[address] = self._registers.get(address, 0) & ~mask | value & mask
            if address == self.silicon.rom.SPI_REG_BASE and value & USER:
                self._spi()
        return self._reply(op)

    def _spi(self) -> None:
        rom, base = self.silicon.rom, self.silicon.rom.SPI_REG_BASE
        command = self._registers.get(base + rom.SPI_USR2_OFFS, 0) & 0xFFFF
        address = self._registers.get(base + 4, 0)
        self._registers[base + rom.SPI_W0_OFFS] = self.silicon.spi(
            command, address >> 8 if rom.SPI_ADDR_REG_MSB else address
        )
        self._registers[base] &= ~USER

    def _security(self, op: int, _data: bytes) -> bytes:
        return self._reply(op, data=self.silicon.security() or b"")

    def _fine(self, op: int, _data: bytes) -> bytes:
        return self._reply(op)

    def _change_baud(self, op: int, data: bytes) -> bytes:
        answer = self._reply(op)
        new, _old = struct.unpack("<II", data)
        self._next = new
        return answer

    def settle(self) -> None:
        """What was to be said is said: the rate changes now."""
        self.baud = self._next

    def _mem_begin(self, op: int, data: bytes) -> bytes:
        size, blocks, each, at = struct.unpack("<IIII", data)
        if blocks != -(-size // each):
            return self._reply(op, INVALID)
        self._at = at
        return self._reply(op)

    def _mem_data(self, op: int, data: bytes) -> bytes:
        size, _seq, _, _ = struct.unpack("<IIII", data[:16])
        if size != len(data) - 16:
            return self._reply(op, INVALID)
        self._ram[self._at] = data[16:]
        self._at += size
        return self._reply(op)

    def _mem_end(self, op: int, data: bytes) -> bytes:
        _stay, entry = struct.unpack("<II", data)
        answer = self._reply(op)
        if not any(at <= entry < at + len(code) for at, code in self._ram.items()):
            return answer  # it runs into nothing, and is silent
        self.stub = True
        return answer + wrap(b"OHAI")

    def _flash_begin(self, op: int, data: bytes) -> bytes:
        erase, _blocks, each, at = struct.unpack("<IIII", data[:16])
        if at + erase > len(self.memory) or at % SECTOR:
            return self._reply(op, INVALID)
        self._erase(at, erase)
        self._writing, self._at = (at, each, erase), at
        self._inflate = zlib.decompressobj()
        return self._reply(op)

    def _erase(self, at: int, size: int) -> None:
        end = -(-(at + size) // SECTOR) * SECTOR
        self.memory[at:end] = b"\xff" * (end - at)
        if size:
            self.erased.append((at, end))

    def _block(self, data: bytes) -> bytes:
        self.blocks += 1
        if self.blocks == self.faults.unplugged:
            raise Unplugged
        return data[16:]

    def _flash_data(self, op: int, data: bytes) -> bytes:
        _size, seq, _, _ = struct.unpack("<IIII", data[:16])
        if self._writing is None:
            return self._reply(op, FAILED)
        start, each, _ = self._writing
        self._program(start + seq * each, self._block(data))
        return self._reply(op)

    def _defl_data(self, op: int, data: bytes) -> bytes:
        if self._writing is None:
            return self._reply(op, FAILED)
        try:
            plain = self._inflate.decompress(self._block(data))
        except zlib.error:
            return self._reply(op, DEFLATE)
        self._program(self._at, plain)
        self._at += len(plain)
        return self._reply(op)

    def _program(self, at: int, data: bytes) -> None:
        """NOR flash: bits go from 1 to 0 only."""
        dead = self.faults.weak - at
        if 0 <= dead < len(data):
            data = data[:dead] + b"\xff" + data[dead + 1 :]
        if self.faults.corrupt and data:
            self.faults.corrupt -= 1
            data = bytes((data[0] ^ 0x10,)) + data[1:]
        room = self.memory[at : at + len(data)]
        if room.count(0xFF) == len(room):
            self.memory[at : at + len(data)] = data[: len(room)]
        else:
            self.memory[at : at + len(data)] = bytes(a & b for a, b in zip(room, data, strict=False))

    def _flash_end(self, op: int, data: bytes) -> bytes:
        answer = self._reply(op)
        self._writing = None
        if struct.unpack("<I", data)[0] == 0:
            self.reboot()
        return answer

    def _md5(self, op: int, data: bytes) -> bytes:
        at, size, _, _ = struct.unpack("<IIII", data)
        digest = hashlib.md5(self.memory[at : at + size])
        return self._reply(op, data=digest.digest() if self.stub else digest.hexdigest().encode())


_HANDLERS: dict[int, Callable[[Loader, int, bytes], bytes]] = {
    FLASH_BEGIN: Loader._flash_begin,
    FLASH_DATA: Loader._flash_data,
    FLASH_END: Loader._flash_end,
    MEM_BEGIN: Loader._mem_begin,
    MEM_DATA: Loader._mem_data,
    MEM_END: Loader._mem_end,
    SYNC: Loader._sync,
    WRITE_REG: Loader._write,
    READ_REG: Loader._read,
    SPI_SET_PARAMS: Loader._fine,
    SPI_ATTACH: Loader._fine,
    CHANGE_BAUDRATE: Loader._change_baud,
    DEFL_BEGIN: Loader._flash_begin,
    DEFL_DATA: Loader._defl_data,
    DEFL_END: Loader._flash_end,
    MD5: Loader._md5,
    SECURITY_INFO: Loader._security,
}


def _checksum(data: bytes) -> int:
    state = 0xEF
    for one in data:
        state ^= one
    return state
