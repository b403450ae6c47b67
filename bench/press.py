"""From a press to a display: kiosk, broker, controller, broker, display, over the round trip of one bare message.

A citizen's press at the kiosk becomes a ticket; the number of people waiting changes on the keypad's display. The time
runs from the moment at which the bench closes the contact to the last pulse on the wires of the display: debouncing,
flash, TLS, the controller's commit and the display's driver are in it, printing is not.
"""

import asyncio
import socket
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

PRESSES = 300
TURNS = 1000
QUIET_S = 0.05  # between two presses: people are no load test


def percentile(values: list[float], part: float) -> float:
    """Return the value below which `part` of the values lie."""
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


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


async def presses(folder: Path) -> list[float]:
    """Return how long each press took (ms) to be seen on the keypad's display."""
    stage = Stage(folder)
    made = []
    try:
        await stage.open()
        assert stage.api is not None
        await stage.api.patch(f"/sites/{SITE}", {"paper": 0})
        kiosk, counter = stage.device("kiosk"), stage.device("counter")
        await counter.wait(lambda: counter.digits == "N  0")
        for count in range(1, PRESSES + 1):
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
    return made


def measure() -> list[Row]:
    """Measure both in one run."""
    reference = bare()
    with tempfile.TemporaryDirectory() as folder:
        ours = asyncio.run(presses(Path(folder)))
    beside = f"bare round trip: median {percentile(reference, 0.5):.2g} ms, p99 {percentile(reference, 0.99):.2g} ms"
    p99 = percentile(ours, 0.99)
    return [
        Row("press to display, median", percentile(ours, 0.5), "ms", beside),
        Row("press to display, p99", p99, "ms", beside, "at most 50 ms", p99 <= 50),
    ]


if __name__ == "__main__":
    for row in measure():
        print(row)
