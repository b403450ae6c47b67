"""SLIP, RFC 1055, as the ROM loader uses it: a 0xC0 at both ends."""

END, ESC = b"\xc0", b"\xdb"


def wrap(packet: bytes) -> bytes:
    """A packet as it goes over the wire."""
    return END + packet.replace(ESC, b"\xdb\xdd").replace(END, b"\xdb\xdc") + END


class Unwrap:
    """Takes bytes off the wire; what lies outside of packets is kept in `stray`."""

    def __init__(self) -> None:
        self._packet: bytearray | None = None
        self._rest = bytearray()
        self.stray = b""

    def take(self, data: bytes) -> list[bytes]:
        """The packets that are whole now."""
        whole = []
        self._rest += data
        while self._rest:
            at = self._rest.find(END)
            if self._packet is None:
                if at < 0:
                    self.stray += bytes(self._rest)
                    self._rest.clear()
                    break
                self.stray += bytes(self._rest[:at])
                del self._rest[: at + 1]
                self._packet = bytearray()
                continue
            if at < 0:
                self._packet += self._rest
                self._rest.clear()
                break
            self._packet += self._rest[:at]
            del self._rest[: at + 1]
            if self._packet:  # two ENDs in a row begin a packet once
                whole.append(bytes(self._packet).replace(b"\xdb\xdc", END).replace(b"\xdb\xdd", ESC))
                self._packet = None
        return whole
