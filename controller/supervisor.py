"""`balai serve`: a small process with two children, the application and a Mosquitto of its own.

They are started again separately, and neither outlives the supervisor. The application is started first: it brings the
database up to date and writes the broker's accounts, then the broker is started. It is stopped first too, so that
nothing it has to say is lost: HTTP, the sessions with the broker, the database, then the broker.
"""

import asyncio
import errno
import json
import logging
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
from asyncio.subprocess import Process
from collections.abc import Callable
from contextlib import suppress

from controller.broker.mosquitto import Mosquitto
from controller.child import Child, bound
from controller.folder import Folder
from controller.settings import Settings
from controller.sources import WrongSetting

log = logging.getLogger(__name__)
mosquitto_log = logging.getLogger("mosquitto")

WRONG = 78  # EX_CONFIG of sysexits.h: the application cannot work like this
AWAY = 75  # EX_TEMPFAIL: its database cannot be reached; once it has served, it is tried again until it can
GRACE_S = 20.0  # for the application, which has events to write
BROKER_GRACE_S = 5.0
CERTIFY_S = 6 * 3_600.0  # how often the broker's certificate is looked at; SIGUSR1 has it looked at at once


LEVELS = {"Error": logging.ERROR, "Warning": logging.WARNING, "New connection from": logging.DEBUG}


class Ready:
    """What the first start has come to."""

    def __init__(self, settings: Settings, admin: tuple[str, str] | None) -> None:
        self.settings = settings
        self.admin = admin  # name and password, once

    @property
    def address(self) -> str:
        """Where people reach the controller."""
        scheme = "https" if self.settings.tls_cert else "http"
        host = {"0.0.0.0": socket.gethostname(), "::": socket.gethostname()}.get(  # noqa: S104
            self.settings.host, self.settings.host
        )
        return f"{scheme}://{f'[{host}]' if ':' in host else host}:{self.settings.port}"


class Supervisor:
    """Runs the controller on settings in force, in a data folder that is locked.

    Raises WrongSetting where a port is taken or a certificate cannot be used, DebianError where there is no Mosquitto.
    """

    def __init__(self, settings: Settings, folder: Folder, ready: Callable[[Ready], None]) -> None:
        _check_certificate(settings)
        self._socket = _listen(settings.host, settings.port)
        self.settings = settings.model_copy(update={"port": self._socket.getsockname()[1], **_broker_ports(settings)})
        self._ready = ready
        self._mosquitto = Mosquitto(self.settings, folder) if settings.own_broker else None
        self._command = self._mosquitto.prepare() if self._mosquitto else []
        self._application = Child("the application", self._start_application, {WRONG, AWAY})
        self._broker = Child("the broker", self._start_broker)
        self._stopping = asyncio.Event()
        self._certify = asyncio.Event()
        self._broker_task: asyncio.Task[int] | None = None
        self._ears: set[asyncio.Task[None]] = set()
        self._was_ready = False
        self._wrong = ""
        self._admin: tuple[str, str] | None = None

    async def run(self) -> str:
        """Run until told to stop; return what was wrong, "" for nothing."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, self._stopping.set)
        loop.add_signal_handler(signal.SIGUSR1, self._certify.set)
        loop.add_signal_handler(signal.SIGUSR2, self._restart_broker)
        certifying = asyncio.create_task(self._keep_certified())
        application = asyncio.create_task(self._application.keep())
        stopping = asyncio.create_task(self._stopping.wait())
        try:
            await asyncio.wait({application, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
            certifying.cancel()
            await self._application.stop(GRACE_S)
            await application
            await self._broker.stop(BROKER_GRACE_S)
            if self._broker_task is not None:
                await self._broker_task
            self._socket.close()
            for ear in list(self._ears):
                await ear
        return self._wrong

    async def _start_application(self) -> Process:
        read, write = os.pipe()
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "controller.process",
                str(self._socket.fileno()),
                str(write),
                stdin=subprocess.PIPE,
                pass_fds=(self._socket.fileno(), write),
                preexec_fn=bound(),
                start_new_session=True,
            )
        finally:
            os.close(write)
        ear = asyncio.create_task(self._hear(read))
        self._ears.add(ear)
        ear.add_done_callback(self._ears.discard)
        assert process.stdin is not None
        with suppress(ConnectionError):
            process.stdin.write(json.dumps(self.settings.plain()).encode())
            await process.stdin.drain()
            process.stdin.close()
        return process

    async def _hear(self, handle: int) -> None:
        """Hear what the application says, until it ends."""
        reader = asyncio.StreamReader()
        loop = asyncio.get_running_loop()
        transport, _ = await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(handle, "rb")
        )
        try:
            async for line in reader:
                told = json.loads(line)
                if told.get("prepared"):
                    self._let_broker()
                elif told.get("ready") and not self._was_ready:
                    self._was_ready = True
                    self._application.fatal.discard(AWAY)
                    self._ready(Ready(self.settings, self._admin))
                elif "admin" in told:
                    self._admin = (told["admin"][0], told["admin"][1])
                elif "wrong" in told:
                    self._wrong = str(told["wrong"])
        finally:
            transport.close()
        if not self._was_ready and self._mosquitto and self._mosquitto.accounts.exists():
            self._let_broker()  # halls that are known can at least see each other

    async def _keep_certified(self) -> None:
        """Have the broker's certificate renewed before its end, and by the CA that signs; a running broker reads it at
        SIGHUP, and the sessions that it has go on."""
        while self._mosquitto is not None:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._certify.wait(), CERTIFY_S)
            self._certify.clear()
            try:
                made = await asyncio.to_thread(self._mosquitto.certify)
            except OSError:
                log.exception("the broker's certificate could not be renewed")
                continue
            if made and self._broker.pid:
                log.info("the broker has a new certificate")
                os.kill(self._broker.pid, signal.SIGHUP)

    def _restart_broker(self) -> None:
        """The file of the broker's accounts was written: they are read at a start only."""
        if self._broker.pid:
            os.kill(self._broker.pid, signal.SIGTERM)

    def _let_broker(self) -> None:
        if self._mosquitto is not None and self._broker_task is None and not self._stopping.is_set():
            self._broker_task = asyncio.create_task(self._broker.keep())

    async def _start_broker(self) -> Process:
        process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            preexec_fn=bound(),
            start_new_session=True,
        )
        assert process.stderr is not None
        ear = asyncio.create_task(_pass_on(process.stderr))
        self._ears.add(ear)
        ear.add_done_callback(self._ears.discard)
        return process


async def _pass_on(lines: asyncio.StreamReader) -> None:
    """Log what the broker says."""
    async for line in lines:
        text = re.sub(r"^\d+: ", "", line.decode("utf-8", "replace").strip())
        level = next((level for start, level in LEVELS.items() if text.startswith(start)), logging.INFO)
        mosquitto_log.log(level, "%s", text)


def _check_certificate(settings: Settings) -> None:
    if settings.tls_cert and settings.tls_key:
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(settings.tls_cert, settings.tls_key, lambda: b"")
        except (OSError, ValueError) as error:
            raise WrongSetting(
                f"setting tls_cert: {settings.tls_cert} and tls_key {settings.tls_key} cannot be used together"
                f" ({getattr(error, 'reason', None) or error});"
                " allowed: a certificate chain and its key, PEM, without a password"
            ) from None


def _listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens for HTTP, open for as long as the supervisor lives."""
    try:
        family, kind, number, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, kind, number)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(2048)
    except OSError as error:
        raise _taken("port", host, port, error) from None
    return listening


def _broker_ports(settings: Settings) -> dict[str, int]:
    """Return the ports of our own broker, free ones where they are 0; those that are named must be free."""
    if not settings.own_broker:
        return {}
    ports = {"broker_port": _free("broker_port", settings.broker_host, settings.broker_port)}
    if settings.broker_tls:
        ports["broker_tls_port"] = _free("broker_tls_port", settings.broker_tls_host, settings.broker_tls_port)
    return ports


def _free(name: str, host: str, port: int) -> int:
    """Return `port`, or a free one for 0: Mosquitto cannot say which one it was given."""
    try:
        family, kind, number, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, number) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            return int(probe.getsockname()[1])
    except OSError as error:
        raise _taken(name, host, port, error) from None


def _taken(name: str, host: str, port: int, error: OSError) -> WrongSetting:
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        name = name.replace("port", "host")  # it is not the port that is wrong
    return WrongSetting(
        f"setting {name}: cannot listen at {host} port {port} ({error.strerror}); allowed: an address of this machine"
        " and a port that is free, or 0"
    )
