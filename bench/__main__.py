"""Run every benchmark, print the table, write `results.md` and `results.json` beside this file.

python -m bench [name ...]
"""

import importlib
import json
import os
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path

from bench.table import Row, as_markdown

NAMES = ("ingest", "press", "journal", "heap", "rebuild")
HERE = Path(__file__).parent


def main(names: list[str]) -> int:
    """Run the benchmarks called `names` (all where none is named); return the number of targets missed."""
    results = HERE / "results.json"
    before = json.loads(results.read_text())["rows"] if names and results.exists() else []
    rows: list[Row] = []
    for name in names or NAMES:
        print(f"{name} ...", flush=True)
        rows += importlib.import_module(f"bench.{name}").measure()
    fresh = {row.name for row in rows}
    rows = [*(Row(**one) for one in before if one["name"] not in fresh), *rows]
    about = {
        "taken": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "python": platform.python_version(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
    }
    results.write_text(json.dumps({"about": about, "rows": [vars(row) for row in rows]}, indent=2) + "\n")
    text = as_markdown(about, rows)
    (HERE / "results.md").write_text(text)
    print(text)
    return sum(row.met is False for row in rows)


if __name__ == "__main__":
    sys.exit(1 if main(sys.argv[1:]) else 0)
