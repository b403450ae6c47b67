"""`balai demo`: a virtual hall on real MicroPython, to play with or to be shown once."""

import asyncio
import contextlib
import shutil
import signal
import socket
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated

import typer
import uvicorn

from hil.api import ApiError
from hil.console import ConsoleError
from hil.demo.controller import BALAI
from hil.demo.page import Page
from hil.demo.regency.places import HALLS
from hil.demo.regency.regency import Regency
from hil.demo.stage import Stage
from hil.demo.stop import Stop
from hil.demo.visit import Visit, VisitError
from hil.device import DeviceError
from provisioning.errors import BuildError

PORTS = (8000, 8080)  # of the controller and of the page, where they are free


def demo(
    once: Annotated[bool, typer.Option("--once", help="play a scripted visit; exit 0 where all went well")] = False,
    port: Annotated[int, typer.Option(min=0, max=65535, help="of the controller; 0 takes a free one")] = PORTS[0],
    page_port: Annotated[int, typer.Option(min=0, max=65535, help="of the page /demo; 0: a free one")] = PORTS[1],
    sites: Annotated[int, typer.Option(min=0, max=len(HALLS), help="simulated halls around it")] = len(HALLS),
) -> None:
    """Run a small regency: one hall on MicroPython (kiosk, display, counter keypad), simulated ones around it, a
    controller and a broker."""
    began = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="balai-demo-"))
    try:
        asyncio.run(_visit(folder, began) if once else _play(folder, _listen(port), _listen(page_port), sites))
    except (Stop, ApiError, BuildError, ConsoleError, DeviceError, VisitError) as error:
        typer.echo(f"balai: {error}", err=True)
        raise typer.Exit(1) from None
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _visit(folder: Path, began: float) -> None:
    stage = Stage(folder)
    try:
        async with _stoppable():
            await stage.open()
            print(
                f"{time.monotonic() - began:7.2f} s  controller, broker, kiosk, display and keypad are on", flush=True
            )
            await Visit(stage, began).run()
            print(f"{time.monotonic() - began:7.2f} s  all went well", flush=True)
    finally:
        await stage.close()


async def _play(folder: Path, controller: socket.socket, listening: socket.socket, sites: int) -> None:
    port = int(controller.getsockname()[1])
    controller.close()
    stage = Stage(folder, port)
    try:
        async with _stoppable():
            await stage.open()
            page = Page(stage)
            server = _Server(uvicorn.Config(page.app, log_level="warning", lifespan="off", timeout_graceful_shutdown=2))
            serving = asyncio.create_task(server.serve([listening]))
            beside = [asyncio.create_task(one) for one in (_voice(stage), _fill(stage), _regency(stage, sites))]
            try:
                _tell(stage, int(listening.getsockname()[1]))
                await asyncio.wait({serving})
            finally:
                page.close()
                server.should_exit = True
                for task in beside:
                    task.cancel()
                await asyncio.gather(serving, *beside, return_exceptions=True)
    finally:
        listening.close()
        await stage.close()


class _Server(uvicorn.Server):
    """Leaves signals to us."""

    @contextlib.contextmanager
    def capture_signals(self):  # type: ignore[no-untyped-def]
        yield


@contextlib.asynccontextmanager
async def _stoppable():  # type: ignore[no-untyped-def]
    """Let SIGINT, SIGTERM and SIGHUP end what runs within, in order."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None
    stopped = False

    def stop() -> None:
        nonlocal stopped
        stopped = True
        task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop)
    try:
        yield
    except asyncio.CancelledError:
        if not stopped:
            raise
        print("stopped", flush=True)


async def _fill(stage: Stage) -> None:
    with contextlib.suppress(DeviceError):  # somebody has pulled a plug meanwhile
        await stage.fill()


async def _regency(stage: Stage, sites: int) -> None:
    """Have the simulated halls live; without them the real one goes on."""
    assert stage.api is not None
    try:
        await Regency(stage.controller, stage.api, sites).run()
    except* (ApiError, OSError) as errors:
        print(f"the simulated halls stay away: {errors.exceptions[0]}", flush=True)


async def _voice(stage: Stage) -> None:
    """Make the clips with which the public board speaks, where there is a synthesiser."""
    process = await asyncio.create_subprocess_exec(
        BALAI, "voice", "build", "--lang", "id", "--data", stage.controller.data,
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        _, said = await process.communicate()
    except asyncio.CancelledError:
        if process.returncode is None:
            process.kill()
            await process.wait()
        raise
    if process.returncode:
        print(f"the public board stays silent: {said.decode(errors='replace').strip()}", flush=True)


def _listen(port: int) -> socket.socket:
    """Return a socket on `port` of the loopback; where it is taken and nobody asked for it, on a free one."""
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(("127.0.0.1", port))
    except OSError as error:
        if port not in PORTS:
            raise Stop(f"port {port} cannot be used ({error.strerror}); take another, or 0 for a free one") from None
        listening.bind(("127.0.0.1", 0))
    return listening


def _tell(stage: Stage, port: int) -> None:
    links = stage.links()
    print(
        f"\nThe virtual hall     http://127.0.0.1:{port}/demo\n"
        f"The whole regency    {stage.controller.address}/fleet\n"
        f"The public board     {links['board']}\n"
        f"The counter console  {links['console']}\n"
        f"Sign in as           {stage.controller.name}\n"
        f"with the password    {stage.controller.password}\n\n"
        "Ctrl-C ends it. Nothing is kept.\n",
        flush=True,
    )
    sys.stdout.flush()
