"""Whether a release is for this device (docs/contract.md, section 10). Pure."""

from protocol.canonical import decode
from protocol.errors import BalaiError
from protocol.releases import is_file


class UpdateError(Exception):
    """A release is not installed; `why` is a reason of the contract."""

    def __init__(self, why: str):
        super().__init__(why)
        self.why = why


def checked(text: bytes, at: int, size: int, role: str, seq: int, implementation) -> list:
    """The files [(name, bytes, SHA-256 in hex), ...] of a manifest that was signed.

    `at`: where the files begin in a bundle of `size` bytes; `seq`: of the release that runs; `implementation`: as
    `sys.implementation`. Raises UpdateError.
    """
    try:
        found = decode(text)
        files = [(str(name), int(length), str(digest)) for name, length, digest in found["files"]]
        least = tuple([int(one) for one in found["least"].split(".")])
        new, back, abi, roles = int(found["seq"]), int(found["back"]), int(found["abi"]), found["roles"]
        fits = found["v"] == 1 and isinstance(roles, list)
    except (BalaiError, KeyError, TypeError, ValueError, AttributeError):
        raise UpdateError("manifest")
    names = [name for name, _, _ in files]
    if not fits or not files or names != sorted(set(names)) or not all(is_file(name) for name in names):
        raise UpdateError("manifest")
    if any(length < 0 or len(digest) != 64 for _, length, digest in files):
        raise UpdateError("manifest")
    if abi != implementation._mpy & 0xFF:
        raise UpdateError("abi")
    if tuple(implementation.version[:3]) < least:
        raise UpdateError("least")
    if role not in roles:
        raise UpdateError("role")
    if new <= seq and not new <= seq <= back:
        raise UpdateError("older")
    if at + sum(length for _, length, _ in files) != size:
        raise UpdateError("size")
    return files
