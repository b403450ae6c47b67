"""Durable ingest over a subscriber that discards: same broker, same messages, rounds in turn, in one run."""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from bench.broker import mosquitto
from bench.table import Row

DEVICES = 200
WINDOW = 20
EVENTS = 60_000  # a round
ROUNDS = 5
TARGETS = {1: (0.5, "single-event messages"), 10: (1.5, "batches of ten")}  # by events a message: least ratio, name
BENCH = Path(__file__).parents[1]


@dataclass(frozen=True)
class Round:
    """One round: events per second, CPU seconds for a million events, most memory in use."""

    rate: float
    cpu: float
    memory: float


def round_of(kind: str, port: int, batch: int, seed: int) -> Round:
    """Let the load run against one receiver, "bare" or "ours"; both are fresh processes."""
    messages = EVENTS // batch
    with tempfile.TemporaryDirectory(dir=BENCH, prefix=".ingest-") as folder:
        receiver = start("bench.subscribers", kind, str(port), str(EVENTS if kind == "ours" else messages), folder)
        load = start("bench.load")
        order = {"port": port, "devices": DEVICES, "messages": messages, "batch": batch, "window": WINDOW, "seed": seed}
        tell(load, json.dumps(order))
        hear(receiver)
        hear(load)
        began = time.time()
        tell(load, "go")
        result = json.loads(hear(receiver))
        hear(load)
        for process in (load, receiver):
            assert process.stdin is not None
            process.stdin.close()
            process.wait()
    return Round(EVENTS / (result["end"] - began), result["cpu"] / EVENTS * 1e6, result["memory"])


def start(module: str, *arguments: str) -> subprocess.Popen[str]:
    """Start a module of the benchmark as a process that talks in lines."""
    return subprocess.Popen(
        [sys.executable, "-m", module, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def tell(process: subprocess.Popen[str], line: str) -> None:
    """Write a line to a process."""
    assert process.stdin is not None
    process.stdin.write(line + "\n")
    process.stdin.flush()


def hear(process: subprocess.Popen[str]) -> str:
    """Read a line from a process."""
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(f"{process.args} ended early")
    return line


def measure() -> list[Row]:
    """Measure single-event messages and batches of ten; what we do is divided by what the reference did just before."""
    bare: list[Round] = []
    ours: dict[int, list[Round]] = {batch: [] for batch in TARGETS}
    with mosquitto() as broker:
        for seed in range(ROUNDS):
            # The reference discards single-event messages, whatever we get.
            bare.append(round_of("bare", broker.port, 1, seed))
            said = f"  discarding {bare[-1].rate:,.0f} messages/s"
            for batch, made in ours.items():
                made.append(round_of("ours", broker.port, batch, 1000 * batch + seed))
                said += f", durable in batches of {batch} {made[-1].rate:,.0f} events/s"
            print(said, flush=True)
    reference = statistics.median(one.rate for one in bare)
    theirs = statistics.median(one.cpu for one in bare)
    beside = f"discarding subscriber: {reference:,.0f} messages/s"
    rows = []
    for batch, (least, name) in TARGETS.items():
        made = ours[batch]
        ratio = statistics.median(o.rate / b.rate for o, b in zip(made, bare, strict=True))
        rate = statistics.median(one.rate for one in made)
        cpu = statistics.median(one.cpu for one in made)
        rows += [
            Row(f"durable ingest, {name}", ratio, "x", beside, f"at least {least}", ratio >= least),
            Row(f"durable ingest, {name}: rate", rate, "events/s", beside),
            Row(f"durable ingest, {name}: CPU", cpu, "s/million events", f"discarding: {theirs:.3g}"),
        ]
    return rows
