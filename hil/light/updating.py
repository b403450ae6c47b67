"""A light device that obeys orders of updates (contract, section 10): it fetches the bundle, and takes the steps.

It checks nothing but the bundle's SHA-256: what a release may be is the firmware's to say.
"""

import asyncio
import hashlib
import time

from hil.light.device import Json, Light

CHUNK = 3_584  # bytes asked for at a time
ASK_S = 5.0  # after which a chunk is asked for again
ON_TRIAL = ("crashed", "silent")  # failures that come when the release runs already


class Updating:
    """Has `light` obey `update` and `cancel`.

    Args:
        light: the device.
        step_s: how long each step takes, s.
        fails: why it fails, "" for success; one of `ON_TRIAL` after it has run the release.
        silent: the step of which it says nothing, and goes no further: "taken", "ready", "done"; "" for none.
    """

    def __init__(self, light: Light, *, step_s: float = 0.05, fails: str = "", silent: str = "") -> None:
        self.light, self.step_s, self.fails, self.silent = light, step_s, fails, silent
        self.orders: list[Json] = []
        self.cancels = 0
        self.fetched = 0  # bundles, whole and unharmed
        self.trial = False
        self._task: asyncio.Task[None] | None = None
        self._rel = ""
        self._answers: asyncio.Queue[bytes] = asyncio.Queue()
        light.more |= {"rel": "", "bad_rel": ""}
        light.obey |= {"update": self._update, "cancel": self._cancel}
        light.answered = self._answers.put_nowait

    @property
    def busy(self) -> bool:
        """Whether it has an order that it has not done with."""
        return self._task is not None and not self._task.done()

    @property
    def rel(self) -> str:
        """The release that it runs."""
        return str(self.light.more["rel"])

    async def end(self) -> None:
        """Do nothing any more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def _update(self, args: Json) -> Json | None:
        self.orders.append(args)
        if self.silent == "taken":
            return None
        if args["rel"] == self.rel:
            return {"outcome": "refused", "reason": "runs"}
        if args["rel"] == self.light.more["bad_rel"] and not args.get("again"):
            return {"outcome": "refused", "reason": "bad"}
        if self._task is not None:
            self._task.cancel()
        self._rel, self.trial = str(args["rel"]), False
        self._task = asyncio.create_task(self._go(args))
        return {"outcome": "done"}

    def _cancel(self, args: Json) -> Json | None:
        self.cancels += 1
        if self.trial:
            return {"outcome": "refused", "reason": "trial"}
        if not self.busy or args["rel"] != self._rel or self._task is None:
            return {"outcome": "refused", "reason": "none"}
        self._task.cancel()
        self._tell("failed", why="cancelled")
        return {"outcome": "done"}

    async def _go(self, args: Json) -> None:
        self._tell("taken")
        blob = args["blob"]
        assert isinstance(blob, dict)
        if not await self._fetch(str(blob["sha256"]), int(blob["size"]), int(str(args.get("pace", 0)))):
            self._give_up("hash")
            return
        await asyncio.sleep(self.step_s)
        if self.fails and self.fails not in ON_TRIAL:
            self._give_up(self.fails)
            return
        if self.silent == "ready":
            await asyncio.Event().wait()
        self._tell("ready")
        await asyncio.sleep(self.step_s)
        if self.silent == "done":
            await asyncio.Event().wait()
        before = self.rel
        self.trial = True
        await self._restart(rel=self._rel)
        await asyncio.sleep(self.step_s)
        self.trial = False
        if self.fails:
            await self._restart(rel=before, bad_rel=self._rel)
            self._tell("failed", why=self.fails)
        else:
            self._tell("done")

    async def _restart(self, **more: str) -> None:
        self.light.more |= more
        self.light.welcome = False
        self.light.power_cut()
        await self.light.until(lambda: self.light.welcome)

    async def _fetch(self, sha256: str, size: int, pace: int) -> bool:
        """Fetch a blob; return whether it is what was promised."""
        data = b""
        while len(data) < size:
            ident = f"{sha256[:8]}.{len(data)}"
            args: Json = {"sha256": sha256, "off": len(data), "len": CHUNK}
            self.light.publish("request", {"id": ident, "op": "blob", "args": args})
            try:
                answer = await asyncio.wait_for(self._answers.get(), ASK_S)
            except TimeoutError:
                continue
            if answer[:1] == b"{":
                return False
            head = 2 + answer[1]
            if answer[2:head] == ident.encode():
                data += answer[head:]
                await asyncio.sleep(pace / 1000)
        whole = hashlib.sha256(data).hexdigest() == sha256
        self.fetched += whole
        return whole

    def _give_up(self, why: str) -> None:
        self.light.more["bad_rel"] = self._rel
        self._tell("failed", why=why)
        self.light.say()

    def _tell(self, step: str, **more: str) -> None:
        self.light.write([(time.time_ns() // 1_000_000, f"update.{step}", {"rel": self._rel, **more})])
