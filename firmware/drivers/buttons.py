"""Push buttons to ground: debounced, acting when pressed, with a long press."""

import asyncio

POLL_MS = 5
LOCK_MS = 40  # contacts bounce for up to about 20 ms; nothing else is heard for twice that
HOLD_MS = 3000


class Buttons:
    """Calls `on_press(name)` when a button goes down and `on_hold(name)` once when it has stayed down."""

    def __init__(self, pins, ticks, hold_ms: int = HOLD_MS):
        """`pins`: list of (name, pin), low when pressed; `ticks`: has ticks_ms and ticks_diff."""
        self.on_press = None
        self.on_hold = None
        self._pins = pins
        self._ticks = ticks
        self._hold_ms = hold_ms
        count = len(pins)
        self._down = bytearray(count)  # 1: down, 2: down and its hold already told
        self._seen = bytearray(count)  # equal samples that differ from the state
        self._since = [ticks.ticks_ms()] * count

    def is_down(self, name: str) -> bool:
        """What the contact is now, undebounced: for the look at power-on."""
        return any(n == name and not pin.value() for n, pin in self._pins)

    def poll(self) -> None:
        """Look at every button once; two equal samples make a change."""
        now = self._ticks.ticks_ms()
        down, seen, since = self._down, self._seen, self._since
        for i, (name, pin) in enumerate(self._pins):
            level = 0 if pin.value() else 1
            age = self._ticks.ticks_diff(now, since[i])
            if level == (1 if down[i] else 0):
                seen[i] = 0
                if down[i] == 1 and age >= self._hold_ms:
                    down[i] = 2
                    if self.on_hold is not None:
                        self.on_hold(name)
                elif not down[i] and age > LOCK_MS:
                    since[i] = self._ticks.ticks_add(now, -LOCK_MS)  # an idle button's age must not wrap
            elif age >= LOCK_MS:
                seen[i] += 1
                if seen[i] == 2:
                    seen[i] = 0
                    down[i] = level
                    since[i] = now
                    if level and self.on_press is not None:
                        self.on_press(name)

    async def run(self) -> None:
        """Poll for ever."""
        while True:
            self.poll()
            await asyncio.sleep_ms(POLL_MS)
