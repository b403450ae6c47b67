"""From a press to a display: kiosk, broker, controller, broker, display, over the round trip of one bare message.

A citizen's press at the kiosk becomes a ticket; the number of people waiting changes on the keypad's display. The time
runs from the moment at which the bench closes the contact to the last pulse on the wires of the display: debouncing,
flash, TLS, the controller's commit and the display's driver are in it, printing is not.
"""

import asyncio
import math
import socket
import statistics
import tempfile
import threading
import time
from pathlib import Path

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from bench.broker import mosquitto
from bench.table import Row
from hil.demo.hall import SITE
from hil.demo.stage import READY, Stage

ROUNDS = 3
PRESSES = 100  # a round
TURNS = 500  # likewise
MOST_MS = 50
QUIET_S = 0.05  # between two presses: people are no load test


def percentile(values: list[float], part: float) -> float:
    """Return the least of the values that `part` of them do not exceed (nearest rank)."""
    return sorted(values)[math.ceil(len(values) * part) - 1]


def bare(size: int = 60) -> list[float]:
    """Return round trips (ms) of one QoS 1 message of `size` bytes through a Mosquitto without anything else."""
    turned = threading.Event()
    made = []
    with mosquitto() as broker:
        client = paho.Client(CallbackAPIVersion.VERSION2)
        client.on_message = lambda *_: turned.set()
        client.on_connect = lambda *_: client.subscribe("turn", 1)
        client.on_subscribe = lambda *_: turned.set()
        client.on_socket_open = lambda _c, _d, sock: sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.connect("127.0.0.1", broker.port)
        client.loop_start()
        turned.wait()
        for _ in range(TURNS):
            turned.clear()
            began = time.perf_counter()
            client.publish("turn", b"x" * size, 1)
            turned.wait()
            made.append((time.perf_counter() - began) * 1000)
        client.disconnect()
        client.loop_stop()
    return made


async def presses(folder: Path) -> list[list[float]]:
    """Return for each round how long each press took (ms) to be seen on the keypad's display."""
    stage = Stage(folder)
    made: list[float] = []
    try:
        await stage.open()
        assert stage.api is not None
        await stage.api.patch(f"/sites/{SITE}", {"paper": 0})
        kiosk, counter = stage.device("kiosk"), stage.device("counter")
        await counter.wait(lambda: counter.digits == "N  0")
        for count in range(1, ROUNDS * PRESSES + 1):
            await kiosk.wait(lambda: kiosk.digits == READY)
            await asyncio.sleep(QUIET_S)
            began = time.perf_counter()
            kiosk.press("A")
            await counter.wait(lambda count=count: counter.digits == f"N{count:3d}")
            made.append((time.perf_counter() - began) * 1000)
            await kiosk.wait(lambda count=count: kiosk.digits.endswith(str(count)))
            await kiosk.released("A")
            kiosk.press("A")  # the citizen has read the number
            await kiosk.released("A")
    finally:
        await stage.close()
    return [made[first : first + PRESSES] for first in range(0, len(made), PRESSES)]


def measure() -> list[Row]:
    """Measure both in one run, and take of each figure the middle one of the rounds."""
    with tempfile.TemporaryDirectory() as folder:
        ours = asyncio.run(presses(Path(folder)))
    theirs = [bare() for _ in range(ROUNDS)]

    def middle(rounds: list[list[float]], part: float) -> float:
        return statistics.median(percentile(one, part) for one in rounds)

    beside = f"bare round trip: median {middle(theirs, 0.5):.2g} ms, p99 {middle(theirs, 0.99):.2g} ms"
    p99 = middle(ours, 0.99)
    print("  p99 of the rounds: " + ", ".join(f"{percentile(one, 0.99):.0f} ms" for one in ours), flush=True)
    return [
        Row("press to display, median", middle(ours, 0.5), "ms", beside),
        Row("press to display, p99", p99, "ms", beside, f"at most {MOST_MS} ms", p99 <= MOST_MS),
    ]
