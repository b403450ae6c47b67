"""The two who receive in the ingest benchmark, each in a process of its own.

    python -m bench.subscribers bare PORT MESSAGES          a paho client that discards what it gets
    python -m bench.subscribers ours PORT EVENTS FOLDER     the controller's ingest with the queue's projection

Prints "ready", then, when everything has been received (ours: committed and acknowledged), {"end", "cpu", "memory"}.
"""

import json
import resource
import sys
import threading
import time
from pathlib import Path

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from bench.load import site_of
from controller.db import Database
from controller.ingest import Broker, Bus, Place, Store
from controller.migrations import upgrade
from controller.process import tune
from controller.queue.projector import QueueProjector


def bare(port: int, messages: int) -> None:
    """Receive at QoS 1 and discard."""
    done = threading.Event()
    count, end, began = 0, 0.0, 0.0

    def on_message(_client: paho.Client, _data: object, _message: paho.MQTTMessage) -> None:
        nonlocal count, end, began
        if not count:
            began = time.process_time()
        count += 1
        if count == messages:
            end = time.time()
            done.set()

    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.on_message = on_message
    client.on_connect = lambda *_: client.subscribe("balai/1/+/up/event", 1)
    client.on_subscribe = lambda *_: print("ready", flush=True)
    client.connect("127.0.0.1", port)
    client.loop_start()
    done.wait()
    report(end, time.process_time() - began)
    client.disconnect()
    client.loop_stop()


def ours(port: int, events: int, folder: Path) -> None:
    """Check, store, project, commit, acknowledge; set up as the application's process is."""
    tune()
    db = Database(f"sqlite:///{folder}/balai.db")
    upgrade(db)
    place = {f"24dcc3{number:06x}": Place(site_of(number), "kiosk-1") for number in range(2000)}
    store = Store(db, place.get)
    store.register(QueueProjector())
    bus = Bus(Broker.of(f"mqtt://127.0.0.1:{port}"), store)
    bus.start()
    bus.wait(30)
    began = time.process_time()
    print("ready", flush=True)
    while store.stored < events:
        time.sleep(0.005)
    report(time.time(), time.process_time() - began)
    if store.refusals.counts:
        print(store.refusals.counts, file=sys.stderr)
    bus.stop()
    db.close()


def report(end: float, cpu: float) -> None:
    """Print what the one who waits wants to know."""
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"end": end, "cpu": cpu, "memory": memory}), flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "bare":
        bare(int(sys.argv[2]), int(sys.argv[3]))
    else:
        ours(int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
