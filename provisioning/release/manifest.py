"""What a slot holds: its files by size and SHA-256, and for which devices it is (docs/contract.md, section 10)."""

import ast
import hashlib
from collections.abc import Mapping
from pathlib import Path

from protocol import releases
from protocol.canonical import encode
from provisioning.errors import BuildError

NAME = "manifest"
LEAST = "1.25.0"  # MicroPython
ROLES = ("counter", "display", "kiosk")


def sequence(version: str) -> int:
    """Return what orders versions. Raises BuildError where it is none."""
    found = releases.sequence(version)
    if found < 0:
        raise BuildError(f"{version} is no version: write three numbers below 1000, like 0.2.0")
    return found


def version_of(root: Path) -> str:
    """Return the version of the firmware below `root`."""
    tree = ast.parse((root / "firmware" / "__init__.py").read_text())
    [node] = [one for one in tree.body if isinstance(one, ast.Assign) and ast.unparse(one.targets[0]) == "VERSION"]
    return str(ast.literal_eval(node.value))


def manifest(files: Mapping[str, bytes], version: str, abi: int, back: int = 0) -> bytes:
    """Return the manifest of compiled parts. `back`: the highest seq that may be replaced by this older release."""
    made = {
        "v": 1,
        "fw": version,
        "seq": sequence(version),
        "abi": abi,
        "least": LEAST,
        "roles": list(ROLES),
        "back": back,
        "files": [[name, len(files[name]), hashlib.sha256(files[name]).hexdigest()] for name in sorted(files)],
    }
    return encode(made, releases.LONGEST)
