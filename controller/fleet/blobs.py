"""Blobs: what is larger than a message, fetched by devices in chunks under the SHA-256 of the whole."""

import asyncio
import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable

from protocol.errors import Refused

LARGEST_CHUNK = 3_584  # bytes, so that a chunk with its head stays within a message
KEPT = 256  # blobs, those asked for last
DIGITS = 64  # of a SHA-256 in hex

Json = dict[str, object]


class Blobs:
    """Keeps blobs in memory and answers devices' requests `blob`.

    `source(sha256)` is asked, on a thread, for a blob that is not in memory; None where it does not know it either.
    """

    def __init__(self, source: Callable[[str], bytes | None] = lambda _sha256: None) -> None:
        self._source = source
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def put(self, data: bytes) -> Json:
        """Keep a blob; return {sha256, size}, by which a device asks for it."""
        name = hashlib.sha256(data).hexdigest()
        self._keep(name, data)
        return {"sha256": name, "size": len(data)}

    def drop(self, name: str) -> None:
        """Forget a blob that is not to be had any more."""
        with self._lock:
            self._kept.pop(name, None)

    async def answer(self, _device: str, args: Json) -> bytes:
        """Return `len` bytes from `off` of the blob `sha256`. Raises Refused: "bad_request", "no_blob"."""
        name, off, size = args.get("sha256"), args.get("off"), args.get("len")
        if not isinstance(name, str) or type(off) is not int or type(size) is not int:
            raise Refused("bad_request")
        if off < 0 or not 0 < size <= LARGEST_CHUNK:
            raise Refused("bad_request")
        data = self._known(name)
        if data is None and len(name) == DIGITS:
            data = await asyncio.to_thread(self._source, name)
            if data is not None:
                self._keep(name, data)
        if data is None:
            raise Refused("no_blob")
        return data[off : off + size]

    def _known(self, name: str) -> bytes | None:
        with self._lock:
            if name in self._kept:
                self._kept.move_to_end(name)
            return self._kept.get(name)

    def _keep(self, name: str, data: bytes) -> None:
        with self._lock:
            self._kept[name] = data
            self._kept.move_to_end(name)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
