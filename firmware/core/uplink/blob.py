"""Fetches a blob, {sha256, size}, from the controller: what is larger than a message, chunk by chunk."""

import binascii
import hashlib

CHUNK = 2_048  # bytes asked for at a time: the largest piece of heap that a chunk needs
TRIES = 4  # for one chunk


class BlobError(Exception):
    """A blob did not come, or not whole; the text says which."""


async def fetch(request, blob, take) -> None:
    """Fetch `blob` ({"sha256": hex, "size": bytes}) and hand its chunks to `take(bytes)` in their order.

    `request(op, args)` asks the controller. Raises BlobError; what was taken by then is to be thrown away.
    """
    digest = hashlib.sha256()
    size = blob["size"]
    off = 0
    while off < size:
        wanted = min(CHUNK, size - off)
        chunk = None
        for _ in range(TRIES):
            chunk = await request("blob", {"sha256": blob["sha256"], "off": off, "len": wanted})
            if isinstance(chunk, dict):
                raise BlobError("the controller refuses: %s" % chunk.get("reason"))
            if chunk is not None:
                break
        if chunk is None or len(chunk) != wanted:
            raise BlobError("a chunk did not come")
        digest.update(chunk)
        take(chunk)
        off += wanted
    if binascii.hexlify(digest.digest()).decode() != blob["sha256"]:
        raise BlobError("not the bytes that were named")
