"""Fetches a blob, {sha256, size}, from the controller: what is larger than a message, chunk by chunk."""

import binascii
import hashlib

CHUNK = 2_048  # bytes asked for at a time: the largest piece of heap that a chunk needs
TRIES = 4  # for one chunk


class BlobError(Exception):
    """A blob did not come, or not whole; the text says which, `reason` why the controller refuses it."""

    reason = ""


async def fetch(request, blob, take) -> None:
    """Fetch `blob` ({"sha256": hex, "size": bytes}) and hand its chunks to `take(bytes)` in their order.

    `request(op, args)` asks the controller. Raises BlobError; what was taken by then is to be thrown away.
    """
    digest = hashlib.sha256()
    size = blob["size"]
    off = 0
    while off < size:
        data = await chunk(request, blob, off, min(CHUNK, size - off))
        digest.update(data)
        take(data)
        off += len(data)
    if binascii.hexlify(digest.digest()).decode() != blob["sha256"]:
        raise BlobError("not the bytes that were named")


async def chunk(request, blob, off: int, size: int) -> bytes:
    """`size` bytes from `off` of a blob. Raises BlobError."""
    for _ in range(TRIES):
        found = await request("blob", {"sha256": blob["sha256"], "off": off, "len": size})
        if isinstance(found, dict):
            error = BlobError("the controller refuses: %s" % found.get("reason"))
            error.reason = str(found.get("reason"))
            raise error
        if found is not None:
            if len(found) == size:
                return found
            break
    raise BlobError("a chunk did not come")
