"""What differs between chips: the registers that a loader reads to know them, from esptool's own table."""

from dataclasses import dataclass

from esptool.targets import CHIP_DEFS

DETECT = 0x40001000
USER = 1 << 18  # of the SPI command register: carry out what the other registers describe
GIGADEVICE = 0xC8
SFDP = 0x50444653


@dataclass(frozen=True)
class Silicon:
    """A chip and the flash beside it."""

    name: str = "esp32"  # as esptool's table has it
    mac: str = "30aea4c0ffee"
    flash: int = 4 << 20
    locked: bool = False  # its flash is encrypted

    @property
    def rom(self):
        """What esptool knows of it."""
        return CHIP_DEFS[self.name]

    def registers(self) -> dict[int, int]:
        """Registers that are not 0."""
        rom, mac = self.rom, bytes.fromhex(self.mac)
        high, low = int.from_bytes(mac[:2], "big"), int.from_bytes(mac[2:], "big")
        found = {DETECT: rom.MAGIC_VALUE or 0}
        if self.name == "esp32":
            found |= {rom.EFUSE_RD_REG_BASE + 4: low, rom.EFUSE_RD_REG_BASE + 8: high}
            # Its ROM takes the crystal for what its own slow clock makes of it: here 40 MHz, exactly.
            found |= {rom.EFUSE_RD_REG_BASE + 16: 128, rom.RTCCALICFG1: 800 << rom.TIMERS_RTC_CALI_VALUE_S}
        elif hasattr(rom, "MAC_EFUSE_REG"):
            found |= {rom.MAC_EFUSE_REG: low, rom.MAC_EFUSE_REG + 4: high}
        if self.locked:
            found[rom.EFUSE_SPI_BOOT_CRYPT_CNT_REG] = 1 << (18 if self.name != "esp32" else 20)
        return found

    def security(self) -> bytes | None:
        """The answer to GET_SECURITY_INFO; None: this ROM knows no such command."""
        if self.rom.USES_MAGIC_VALUE:
            return None
        return bytes(4) + bytes(1) + bytes(7) + self.rom.IMAGE_CHIP_ID.to_bytes(4, "little") + bytes(4)

    def spi(self, command: int, address: int) -> int:
        """What the flash answers to a command of the SPI bus."""
        if command == 0x9F:  # its makers' id: vendor, type, 2 to this power bytes
            return (self.flash.bit_length() - 1) << 16 | 0x40 << 8 | GIGADEVICE
        if command == 0x5A:
            return SFDP if address == 0 else GIGADEVICE
        return 0
