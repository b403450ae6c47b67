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
ROUNDS = 3
HERE = Path(__file__).parent


@dataclass(frozen=True)
class Round:
    """One round: events per second, CPU seconds for a million events, most memory in use."""

    rate: float
    cpu: float
    memory: float


def round_of(kind: str, port: int, batch: int, seed: int) -> Round:
    """Let the load run against one receiver, "bare" or "ours"; both are fresh processes."""
    messages = EVENTS // batch
    with tempfile.TemporaryDirectory(dir=HERE, prefix=".ingest-") as folder:
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


def compare(batch: int) -> tuple[float, list[Round], list[Round]]:
    """Return the median of ours over bare, in events per second, and all rounds. `batch`: events a message."""
    bare, ours = [], []
    with mosquitto() as broker:
        for seed in range(ROUNDS):
            # The reference discards single-event messages, whatever we get.
            bare.append(round_of("bare", broker.port, 1, 100 * batch + seed))
            ours.append(round_of("ours", broker.port, batch, 100 * batch + seed))
            print(f"  batches of {batch}: bare {bare[-1].rate:,.0f}/s, ours {ours[-1].rate:,.0f}/s", flush=True)
    return statistics.median(o.rate / b.rate for o, b in zip(ours, bare, strict=True)), bare, ours


def measure() -> list[Row]:
    """Measure single-event messages and batches of ten."""
    rows = []
    for batch, least, name in ((1, 0.5, "single-event messages"), (10, 1.5, "batches of ten")):
        ratio, bare, ours = compare(batch)
        rate = statistics.median(one.rate for one in ours)
        reference = statistics.median(one.rate for one in bare)
        beside = f"discarding subscriber: {reference:,.0f} messages/s"
        rows.append(Row(f"durable ingest, {name}", ratio, "x", beside, f"at least {least}", ratio >= least))
        rows.append(Row(f"durable ingest, {name}: rate", rate, "events/s", beside))
        cpu = statistics.median(one.cpu for one in ours)
        theirs = statistics.median(one.cpu for one in bare)
        rows.append(Row(f"durable ingest, {name}: CPU", cpu, "s/million events", f"discarding: {theirs:.3g}"))
    return rows


if __name__ == "__main__":
    for row in measure():
        print(row)
