"""The controller's ingest as a process of its own, to be killed: python child.py DATABASE PORT [LARGEST_FILE]."""

import resource
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from controller.db import Database
from controller.ingest import Broker, Bus, Store
from controller.migrations import upgrade
from tests.controller.ingest.conftest import answer_births, place
from tests.controller.ingest.tally import Tally

db = Database(f"sqlite:///{sys.argv[1]}")
upgrade(db)
tally, store = Tally(), Store(db, place)
tally.create(db)
store.register(tally)
bus = Bus(Broker.of(f"mqtt://127.0.0.1:{sys.argv[2]}"), store)
answer_births(bus, store)
if len(sys.argv) > 3:
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), resource.RLIM_INFINITY))
bus.start()
bus.wait(60)
print("ready", flush=True)  # noqa: T201 - its parent reads it
for line in sys.stdin:
    if line.startswith("alarms"):
        print(*(alarm.kind for alarm in store.alarms.open()), flush=True)  # noqa: T201
threading.Event().wait()
