"""What comes down to the device: acks, configurations, commands, answers, boards. Rubbish is counted, no more."""

import asyncio
import binascii
import os

from firmware.core.clock import CONTROLLER, TRUSTED
from firmware.core.console import ALL, NEWS, console
from firmware.core.flash.settings import ConfigError
from firmware.core.uplink import shapes
from protocol import topics
from protocol.canonical import decode
from protocol.errors import BadMessage, BalaiError

REQUEST_MS = 3_000
CHUNK = b"\x01"  # begins a chunk of a blob, where other messages begin with "{"
WAITING = 4  # requests that may wait for their answer at a time


class Inbox:
    """Dispatches messages. `handlers` has:

    `command(op, args, answer)` carries out a fleet command, and calls `answer(outcome, reason, result)` then or later;
    `queue(command) -> outcome` where this device may lead, else None;
    `lead(id, args)` is told of a grant, and answers it itself;
    `configure(doc)` takes over a configuration that was checked;
    `board(board, retained)`; `line(up)`; `timed()` after the time was told; `note(kind, data)`; `settings`.
    """

    def __init__(self, link, identity, journal, clock, handlers):
        self._link = link
        self._identity = identity
        self._clock = clock
        self._handlers = handlers
        self._requests = {}  # id -> [event, response]
        self._board = topics.board(identity.site)
        self._down = topics.down(identity.device, "")
        self._sid = ""  # the controller's
        self.refused = 0  # messages that made no sense
        self._told = []  # of which kinds the console has heard

    def take(self, topic: str, payload: bytes, retained: bool) -> None:
        """Take one message."""
        console.say(ALL, topic)
        try:
            if payload[:1] == CHUNK and topic == self._down + "response":
                return self._chunk(payload)
            body = decode(payload)
            if topic == self._board:
                self._take(body, shapes.BOARD, lambda board: self._handlers.board(board, retained))
            elif topic == topics.CONTROLLER_STATE:
                self._take(body, shapes.PRESENCE, self._presence)
            elif topic.startswith(self._down):
                what = topic[len(self._down) :]
                if what == "ack":
                    self._take(body, shapes.ACK, self._ack)
                elif retained:
                    self._refuse(what, "retained")  # nothing but boards and presence ever is
                elif what == "config":
                    self._take(body, shapes.CONFIG, self._config)
                elif what == "command":
                    self._take(body, shapes.COMMAND, self._command)
                elif what == "response":
                    self._take(body, shapes.RESPONSE, self._response)
        except (BalaiError, KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
            self._refuse(topic.split("/")[-1], error.__class__.__name__)

    def _take(self, body, shape, act):
        if not shapes.fits(body, shape):
            raise BadMessage("not of the contract")
        act(body)

    def _refuse(self, what, why):
        """Count what made no sense; the console tells each kind once."""
        self.refused += 1
        if what not in self._told:
            self._told.append(what)
            console.say(NEWS, "refused: %s: %s" % (what, why))

    def lost(self) -> None:
        """The session has ended: what waits is unknown, and so is the board's truth."""
        for waiting in self._requests.values():
            waiting[0].set()
        self._handlers.line(False)

    async def request(self, op: str, args):
        """Ask the controller; the response's body or the chunk of a blob, None where none came."""
        if not self._link.welcome or len(self._requests) >= WAITING:
            return None
        id = binascii.hexlify(os.urandom(6)).decode()
        waiting = [asyncio.Event(), None]
        self._requests[id] = waiting
        try:
            self._link.send("request", {"id": id, "op": op, "args": args})
            await asyncio.wait_for_ms(waiting[0].wait(), REQUEST_MS)
        except asyncio.TimeoutError:
            pass
        finally:
            del self._requests[id]
        return waiting[1]

    def _ack(self, body):
        if body["now"] and (self._clock.set(body["now"], CONTROLLER) or self._clock.q >= TRUSTED):
            self._handlers.timed()
        self._link.acked(body["log"], body["seq"], body["rate"])
        self._handlers.line(True)

    def _presence(self, body):
        sid = body["sid"]
        if body["online"]:
            if sid != self._sid:
                self._sid = sid
                self._link.controller(True)
        elif sid == self._sid or not self._sid:
            self._sid = ""  # should the same come back, it has missed what was said meanwhile
            self._link.controller(False)
            self._handlers.line(False)

    def _config(self, body):
        settings = self._handlers.settings
        hash = body["hash"]
        reply = {"id": hash, "outcome": "done"}
        if hash != settings.config:
            try:
                settings.apply(hash, body["doc"], self._handlers.configure)
                self._handlers.note("config.applied", {"hash": hash})
            except ConfigError as error:
                reply["outcome"], reply["reason"] = "refused", str(error)[:200]
                self._handlers.note("config.rejected", {"hash": hash, "why": reply["reason"]})
            except OSError as error:
                reply["outcome"], reply["reason"] = "failed", str(error)[:200]
            self._link.rebirth()
        self._link.send("reply", reply)

    def _command(self, body):
        id, op, args = body["id"], body["op"], body["args"]
        if not self._link.welcome:
            return
        if self._clock.q >= CONTROLLER and body["expires"] < self._clock.now()[0]:
            self._link.send("reply", {"id": id, "outcome": "refused", "reason": "expired"})
            return
        if op == "queue":
            outcome = self._handlers.queue(args)
            if outcome is None:
                self._link.send("reply", {"id": id, "outcome": "refused", "reason": "not_leader"})
            else:
                self._link.send("reply", {"id": id, "outcome": outcome["outcome"], "result": outcome})
        elif op == "lead":
            self._take(args, shapes.GRANT, lambda grant: self._handlers.lead(id, grant))
        else:
            self._carry_out(id, op, args)

    def _carry_out(self, id, op, args):
        """A fleet command: once, whatever becomes of the power."""

        def answer(outcome, reason="", result=None):
            body = {"id": id, "outcome": outcome, "reason": reason}
            if result is not None:
                body["result"] = result
            self._link.send("reply", body)

        try:
            if not self._handlers.settings.saw(id):
                self._handlers.command(op, args, answer)
        except OSError as error:
            answer("failed", str(error)[:200])

    def _response(self, body):
        self._answered(body["id"], body)

    def _chunk(self, payload):
        """A chunk of a blob: 1, the length of the request's id, the id, the bytes."""
        end = 2 + payload[1]
        self._answered(payload[2:end].decode(), payload[end:])

    def _answered(self, id, answer):
        waiting = self._requests.get(id)
        if waiting is not None:
            waiting[1] = answer
            waiting[0].set()
