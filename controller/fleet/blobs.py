"""Blobs: what is larger than a message, fetched by devices in chunks under the SHA-256 of the whole."""

import hashlib
import threading
from collections import OrderedDict

from protocol.errors import Refused

LARGEST_CHUNK = 3_584  # bytes, so that a chunk with its head stays within a message
KEPT = 256  # blobs, those asked for last

Json = dict[str, object]


class Blobs:
    """Keeps blobs in memory and answers devices' requests `blob`."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def put(self, data: bytes) -> Json:
        """Keep a blob; return {sha256, size}, by which a device asks for it."""
        name = hashlib.sha256(data).hexdigest()
        with self._lock:
            self._kept[name] = data
            self._kept.move_to_end(name)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return {"sha256": name, "size": len(data)}

    async def answer(self, _device: str, args: Json) -> bytes:
        """Return `len` bytes from `off` of the blob `sha256`. Raises Refused: "bad_request", "no_blob"."""
        name, off, size = args.get("sha256"), args.get("off"), args.get("len")
        if not isinstance(name, str) or type(off) is not int or type(size) is not int:
            raise Refused("bad_request")
        if off < 0 or not 0 < size <= LARGEST_CHUNK:
            raise Refused("bad_request")
        with self._lock:
            data = self._kept.get(name)
            if data is None:
                raise Refused("no_blob")
            self._kept.move_to_end(name)
        return data[off : off + size]
