"""Compares the stored vectors with what the code gives now: `python -m tests.protocol.vectors [--write]`.

Golden vectors are kept for ever: what `--write` changes in an old one is a change of the contract.
"""

import difflib
import json
import sys
from pathlib import Path

from protocol.canonical import encode
from tests.protocol.vectors.run import RUNNERS, carry_out

HERE = Path(__file__).parent


def text(vectors: list[dict]) -> str:
    """A file of vectors as it is stored: readable, the same each time."""
    return json.dumps(vectors, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def main(write: bool) -> int:
    """Print the differences; write them where asked to. Return 1 where there are some that are not written."""
    stale = False
    for name in RUNNERS:
        path = HERE / f"{name}.json"
        stored = path.read_text()
        vectors = json.loads(stored)
        for entry in vectors:
            entry["out"] = json.loads(encode(carry_out(name, entry["in"]), 1 << 20))
        made = text(vectors)
        sys.stdout.writelines(difflib.unified_diff(stored.splitlines(True), made.splitlines(True), path.name, "now"))
        if made != stored:
            stale = True
            if write:
                path.write_text(made)
    return int(stale and not write)


if __name__ == "__main__":
    sys.exit(main("--write" in sys.argv[1:]))
