"""Makes a folder, or an image, the flash of a freshly provisioned device: the same files that a board gets."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from provisioning.identity import encode
from provisioning.image.filesystem import BLOCK, IDENTITY, build, contents
from provisioning.image.slot import VIRTUAL, slot
from provisioning.private import write_private


def flash(folder: Path, identity: Mapping[str, object]) -> None:
    """Make `folder` the flash of a new device. `identity`: the answer to a claim, with `role`."""
    if (folder / "a").exists():
        shutil.rmtree(folder / "a")
    virtual = {f"a/{VIRTUAL}": (slot() / VIRTUAL).read_bytes()}
    for name, data in (contents(encode(identity)) | virtual).items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if name == IDENTITY:
            write_private(target, data)
        else:
            target.write_bytes(data)


def image(path: Path, identity: Mapping[str, object], blocks: int) -> None:
    """Write a littlefs of `blocks` blocks of 4 KB that holds the identity, and room for what the device keeps."""
    write_private(path, build({IDENTITY: encode(identity)}, blocks * BLOCK))
