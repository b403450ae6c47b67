"""The power goes at every flash write of an update: the device always boots one of the two versions, and goes on."""

import json
import subprocess
from pathlib import Path

import pytest

from provisioning.release import keys
from provisioning.release.bundle import Bundle
from provisioning.release.manifest import manifest

CUTS = Path(__file__).with_name("cuts.py")
ROOT = Path(__file__).resolve().parents[4]
ABI = 6


def bundle(version: str, key, sizes: dict[str, int], **more: object) -> Bundle:
    """Return a signed release of files that hold nothing."""
    files = {name: (version + name).encode() * (size // len(version + name) + 1) for name, size in sizes.items()}
    text = manifest(files, version, ABI, **more)
    return Bundle(text, keys.sign(key, text), files)


@pytest.fixture
def cut(micropython, tmp_path):
    """Cut everywhere; what the script counted."""

    def go(how: str) -> dict[str, int]:
        made, public = keys.make()
        (tmp_path / "key").write_bytes(made)
        key = keys.private(tmp_path / "key")
        (tmp_path / "old").write_bytes(bundle("0.1.0", key, {"node.mpy": 9_000, "gone.mpy": 700}).data())
        sizes = {"chip.mpy": 2_800, "kiosk.mpy": 4_100, "node.mpy": 20_000, "tiny.mpy": 9}
        (tmp_path / "new").write_bytes(bundle("0.2.0", key, sizes).data())
        (tmp_path / "modulus").write_text(keys.public(public))
        run = subprocess.run(
            [micropython, "-X", "heapsize=64m", CUTS, tmp_path / "old", tmp_path / "new", tmp_path / "modulus", how],
            capture_output=True, text=True, check=False, cwd=ROOT,
        )  # fmt: skip
        assert run.returncode == 0, run.stdout[-2000:] + run.stderr
        return json.loads(run.stdout.splitlines()[-1])

    return go


def test_a_cut_during_an_update_leaves_one_version_or_the_other_and_the_update_goes_on(cut):
    done = cut("some")
    assert done["operations"] > 200
    assert done["resumed"] > 20
    assert done["spared"] > 0, "what was there already was fetched again"


@pytest.mark.soak
def test_a_cut_at_every_write_of_an_update_in_every_way(cut):
    done = cut("every")
    assert done["cuts"] == 3 * done["operations"]
