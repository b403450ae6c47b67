"""The bench's own controller: what it is told at its start is known when it has started."""

import asyncio
from pathlib import Path

from hil.demo.controller import LOOKS_S, Controller


class Late(Controller):
    """Reads what `balai serve` says when the ready file has been there for a while, as on a busy machine."""

    async def _read(self, lines: asyncio.StreamReader) -> None:
        while not (self.data.parent / "ready.json").exists():  # noqa: ASYNC110 - another process
            await asyncio.sleep(LOOKS_S)
        await asyncio.sleep(5 * LOOKS_S)
        await super()._read(lines)


async def test_the_sign_in_is_known_when_it_has_started_the_first_time(tmp_path: Path):
    controller = Late(tmp_path)
    await controller.start()
    try:
        assert controller.name
        assert controller.password
        await controller.stop()
        await controller.start()  # says no sign-in, and is not waited for in vain
    finally:
        await controller.stop()
