"""Run every benchmark, print the table, write `results.md` and `results.json` beside this file.

    python -m bench [name ...]         `memory`, which takes ten minutes, only by name

Ends with 1 where a target is missed or a benchmark fails. With names only those are run, and stand among the results of
earlier runs.
"""

import importlib
import json
import os
import platform
import sys
import time
import traceback
from datetime import UTC, datetime
from pathlib import Path

from bench.table import Row, as_markdown

LONG = {"memory": "bench.measures.memory"}  # ten minutes: only by name
MEASURES = {
    **{
        name: f"bench.measures.{name}"
        for name in ("ingest", "press", "journal", "heap", "rebuild", "update", "fleet", "devices")
    },
    "provisioning": "bench.provisioning",
}
FAILED = "{}: failed"
HERE = Path(__file__).parent


def main(names: list[str], folder: Path = HERE) -> int:
    """Run the benchmarks called `names` (all where none is named); return how many targets are missed.

    Raises KeyError for a name that there is not.
    """
    results = folder / "results.json"
    before = json.loads(results.read_text())["rows"] if names and results.exists() else []
    rows: list[Row] = []
    for name in names or MEASURES:
        print(f"{name} ...", flush=True)
        began, module = time.monotonic(), {**MEASURES, **LONG}[name]
        try:
            rows += importlib.import_module(module).measure()
        except Exception:  # the others are measured all the same
            traceback.print_exc()
            rows.append(Row(FAILED.format(name), 0, "", target="to be measured", met=False))
        print(f"  {time.monotonic() - began:.0f} s", flush=True)
    fresh = {*(row.name for row in rows), *map(FAILED.format, names)}
    rows = [*(Row(**one) for one in before if one["name"] not in fresh), *rows]
    about = {
        "taken": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "python": platform.python_version(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
    }
    results.write_text(json.dumps({"about": about, "rows": [vars(row) for row in rows]}, indent=2) + "\n")
    text = as_markdown(about, rows)
    (folder / "results.md").write_text(text)
    print(text)
    return sum(row.met is False for row in rows)


if __name__ == "__main__":
    sys.exit(1 if main(sys.argv[1:]) else 0)
