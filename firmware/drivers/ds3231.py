"""The DS3231 clock chip: keeps the time over a power cut, and says when it did not.

Registers as in its datasheet: 00h to 06h seconds, minutes, hours, weekday, date, month (bit 7 century), year, in BCD;
status 0Fh, bit 7 the oscillator-stop flag, set when the chip has been without power since the time was set.
"""

ADDRESS = 0x68
_TIME = 0x00
_CONTROL = 0x0E
_STATUS = 0x0F
_STOPPED = 0x80
_EARLIEST = 1_704_067_200  # 2024-01-01: a chip that shows less was never set


class DS3231:
    """Reads and sets the chip in whole Unix seconds, UTC."""

    def __init__(self, i2c):
        self._i2c = i2c
        self._registers = bytearray(7)
        self._one = bytearray(1)

    def read(self) -> int:
        """Unix seconds, or 0 where the chip is absent, has stopped, or shows what no date is."""
        try:
            self._i2c.readfrom_mem_into(ADDRESS, _STATUS, self._one)
            if self._one[0] & _STOPPED:
                return 0
            self._i2c.readfrom_mem_into(ADDRESS, _TIME, self._registers)
        except OSError:
            return 0
        second, minute, _, _, day, month, year = self._registers
        hours = self._registers[2]
        if hours & 0x40:  # set by someone else in 12 h mode
            hour = _number(hours & 0x1F) % 12 + (12 if hours & 0x20 else 0)
        else:
            hour = _number(hours)
        second, minute, day, month = _number(second), _number(minute), _number(day), _number(month & 0x1F)
        if second > 59 or minute > 59 or hour > 23 or not 1 <= day <= 31 or not 1 <= month <= 12:
            return 0
        unix = _days(2000 + _number(year), month, day) * 86_400 + hour * 3_600 + minute * 60 + second
        return unix if unix >= _EARLIEST else 0

    def set(self, unix: int) -> bool:
        """Set the chip and clear its stop flag; False where it does not answer or the year is not in 2000..2099."""
        days, rest = divmod(unix, 86_400)
        year, month, day = _date(days)
        if not 2000 <= year <= 2099:
            return False
        fields = (rest % 60, rest // 60 % 60, rest // 3_600, (days + 3) % 7 + 1, day, month, year - 2000)
        for i in range(7):
            self._registers[i] = fields[i] // 10 << 4 | fields[i] % 10
        try:
            self._i2c.writeto_mem(ADDRESS, _TIME, self._registers)
            self._one[0] = 0x04  # oscillator on, also from the battery; interrupts off
            self._i2c.writeto_mem(ADDRESS, _CONTROL, self._one)
            self._one[0] = 0
            self._i2c.writeto_mem(ADDRESS, _STATUS, self._one)
        except OSError:
            return False
        return True


def _number(bcd: int) -> int:
    return (bcd >> 4) * 10 + (bcd & 15)


def _days(year: int, month: int, day: int) -> int:
    """Days since 1970-01-01 of a Gregorian date."""
    year -= month <= 2
    return 365 * year + year // 4 - year // 100 + year // 400 + (153 * ((month + 9) % 12) + 2) // 5 + day - 719_469


def _date(days: int):
    """(year, month, day) of days since 1970-01-01; right for 2000 to 2099, where every fourth year is a leap year."""
    day = days - 10_957
    year = 2000 + day // 1_461 * 4
    day %= 1_461
    while day >= 365 + (year % 4 == 0):
        day -= 365 + (year % 4 == 0)
        year += 1
    month = 1
    while True:
        length = 28 + (year % 4 == 0) if month == 2 else 30 if month in (4, 6, 9, 11) else 31
        if day < length:
            return year, month, day + 1
        day -= length
        month += 1
