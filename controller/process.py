"""The application's process: started by the supervisor, which hands it its settings, its socket and an ear.

It reads the settings from standard input, serves on a socket that is open already, so that nobody is turned away while
it is started again, and tells the supervisor how far it is, one JSON object a line:

    {"prepared": true}              a broker of our own may be started
    {"admin": [name, password]}     the first admin has just been made
    {"ready": true}                 it serves
    {"wrong": "..."}                it cannot work like this, and starting it again would not help
"""

import asyncio
import gc
import json
import os
import socket
import sys

import uvicorn
from fastapi import FastAPI
from sqlalchemy.exc import DBAPIError

from controller import log
from controller.app import create_app
from controller.broker.vault import VaultError
from controller.db import Busy, DatabaseError
from controller.folder import FolderError
from controller.settings import Settings

GRACE_S = 2  # for requests that do not end: event streams
BROKER_S = 5.0  # how long the broker is waited for before saying that we serve
SWITCH_S = 0.0005  # a thread that answers a device waits this long, not 5 ms, for one that stores events
NEW_OBJECTS = (
    50_000  # between two looks for cyclic garbage: what a few groups of events are made of, some 10 MB at most
)
WRONG = 78  # EX_CONFIG of sysexits.h
AWAY = 75  # EX_TEMPFAIL: the database cannot be reached now


class Ear:
    """Tells the supervisor, by the file descriptor `handle`."""

    def __init__(self, handle: int) -> None:
        self._out = os.fdopen(handle, "w", encoding="utf-8", buffering=1)

    def tell(self, **what: object) -> None:
        """Say one thing."""
        self._out.write(json.dumps(what) + "\n")


class Server(uvicorn.Server):
    """uvicorn, which tells when it serves."""

    def __init__(self, app: FastAPI, config: uvicorn.Config, ear: Ear) -> None:
        super().__init__(config)
        self._state = app.state
        self._ear = ear

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to serve, and say so."""
        await super().startup(sockets)
        await asyncio.to_thread(self._state.parts.bus.wait, BROKER_S)
        self._ear.tell(ready=True)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop to serve; whoever follows a board is told at once rather than waited for."""
        self._state.parts.stopping.set()
        self._state.parts.queue.boards.end()
        await super().shutdown(sockets)


def tune() -> None:
    """Set this process up for many events.

    A group of them is tens of thousands of objects without a cycle among them, which all die together. Looking for
    cycles at every 700th new object, as Python does by default, took a fifth of the time of ingest.
    """
    sys.setswitchinterval(SWITCH_S)
    gc.set_threshold(NEW_OBJECTS, *gc.get_threshold()[1:])


def main(listening: int, ear: Ear) -> int:
    """Serve on the socket `listening` until told to stop; return the exit code."""
    tune()
    settings = Settings.model_validate(json.load(sys.stdin))
    log.set_up(settings)
    try:
        app = create_app(settings, lambda: ear.tell(prepared=True))
    except (DatabaseError, VaultError, FolderError, DBAPIError) as error:
        ear.tell(wrong=f"the database cannot be used: {error.orig}" if isinstance(error, DBAPIError) else str(error))
        return AWAY if isinstance(error, Busy) else WRONG
    if app.state.first_admin:
        ear.tell(admin=app.state.first_admin)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="on",
        ws="websockets-sansio",
        ws_max_size=1 << 20,
        timeout_graceful_shutdown=GRACE_S,
        proxy_headers=bool(settings.proxies),
        forwarded_allow_ips=list(settings.proxies),
        ssl_certfile=settings.tls_cert,
        ssl_keyfile=settings.tls_key,
    )
    Server(app, config, ear).run([socket.socket(fileno=listening)])
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), Ear(int(sys.argv[2]))))
