"""Wires to a board: a pseudo-terminal, as a driver gives one but without reset lines, and RFC 2217, which has them."""

import contextlib
import os
import pty
import select
import socket
import termios
import threading
from typing import Self

from serial import rfc2217

from tests.provisioning.chip.board import Board
from tests.provisioning.chip.loader import Unplugged

TURN_S = 0.005
SLOW = 115_200
RATES = {getattr(termios, f"B{rate}"): rate for rate in (9_600, SLOW, 230_400, 460_800, 921_600)}
KNOCK = b"\xc0\x00\x08\x24\x00"  # the beginning of SYNC


def at_rate(said: bytes, spoken: int, heard: int) -> bytes:
    """What is heard of what was said: at another rate it is noise."""
    return said if spoken == heard else bytes(one ^ 0xA5 for one in said)


class Terminal:
    """A pseudo-terminal. It has no reset lines: somebody holds BOOT when the loader is called, and presses EN when it
    is left, which shows by the rate of the line."""

    def __init__(self, board: Board) -> None:
        self.board = board
        self._master, slave = pty.openpty()
        self.name = os.ttyname(slave)
        self._slave = slave  # kept, so that the other end may come and go
        self.took = 0  # bytes
        self._ended = threading.Event()
        board.download()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Take the wire away."""
        self._ended.set()
        self._thread.join()

    def _rate(self) -> int:
        return RATES.get(termios.tcgetattr(self._slave)[5], 0)

    def _run(self) -> None:
        rate = self._rate()
        with contextlib.suppress(OSError, Unplugged):
            while not self._ended.is_set():
                before, rate = rate, self._rate()
                if self.board.downloading and before > rate == SLOW:
                    self.board.run()
                said, spoken = self.board.poll()
                if said:
                    os.write(self._master, at_rate(said, spoken, rate))
                if not select.select([self._master], [], [], TURN_S)[0]:
                    continue
                data = os.read(self._master, 65_536)
                self.took += len(data)
                if KNOCK in data and not self.board.downloading:
                    self.board.download()
                self.board.take(data, self._rate())
        for handle in (self._master, self._slave):
            with contextlib.suppress(OSError):
                os.close(handle)


class Network:
    """A serial port over the network (RFC 2217), with pyserial's own half of a server. One client at a time."""

    def __init__(self, board: Board) -> None:
        self.board = board
        self._server = socket.create_server(("127.0.0.1", 0))
        self.name = f"rfc2217://127.0.0.1:{self._server.getsockname()[1]}"
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Take the wire away."""
        self._ended.set()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def plug(self) -> None:
        """Put the cable back in."""
        self.board.gone.clear()
        self.board.loader.faults.unplugged = 0

    def _run(self) -> None:
        with self._server:
            while not self._ended.is_set():
                if not select.select([self._server], [], [], TURN_S)[0]:
                    self.board.poll()
                    continue
                client, _ = self._server.accept()
                with client, contextlib.suppress(OSError, Unplugged):
                    if not self.board.gone.is_set():
                        self._serve(client)

    def _serve(self, client: socket.socket) -> None:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        lines = _Lines(self.board)
        manager = rfc2217.PortManager(lines, _Writer(client))
        while not self._ended.is_set():
            said, rate = self.board.poll()
            if said:
                client.sendall(at_rate(said, rate, lines.baudrate).replace(b"\xff", b"\xff\xff"))
            if not select.select([client], [], [], TURN_S)[0]:
                continue
            data = client.recv(65_536)
            if not data:
                return
            plain = manager.mode == rfc2217.M_NORMAL and b"\xff" not in data
            self.board.take(data if plain else b"".join(manager.filter(data)), lines.baudrate)


class _Writer:
    def __init__(self, client: socket.socket) -> None:
        self._client = client

    def write(self, data: bytes) -> None:
        self._client.sendall(data)


class _Lines:
    """The serial port that a server of RFC 2217 steers: only its rate and its two lines matter here."""

    bytesize, parity, stopbits = 8, "N", 1
    xonxoff = rtscts = break_condition = False
    cts = dsr = ri = cd = False

    def __init__(self, board: Board) -> None:
        self._board = board
        self._dtr = self._rts = False
        self.baudrate = 115_200

    @property
    def dtr(self) -> bool:
        return self._dtr

    @dtr.setter
    def dtr(self, on: bool) -> None:
        self._dtr = on
        self._board.lines(self._dtr, self._rts)

    @property
    def rts(self) -> bool:
        return self._rts

    @rts.setter
    def rts(self, on: bool) -> None:
        self._rts = on
        self._board.lines(self._dtr, self._rts)

    def reset_input_buffer(self) -> None:
        """There is none."""

    def reset_output_buffer(self) -> None:
        """There is none."""
