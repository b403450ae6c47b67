"""A byte stream to the broker, over TCP or over TLS with the fleet's CA. Thin: no MQTT in here."""

import asyncio
import gc

import tls

CONNECT_S = 20  # for a connection, and for a write, the first of which makes the handshake (1 to 2 s on silicon)
CHUNK = 1_024


class TransportError(Exception):
    """No stream; `certificate` is true where the other end's certificate was refused."""

    def __init__(self, text: str, certificate: bool = False):
        super().__init__(text)
        self.certificate = certificate


def context(certificates):
    """A TLS context that trusts these certificates and nothing else: each one DER, or PEM with several in it.

    Raises ValueError for what is none. (Of several DER in one piece mbedTLS would read the first alone.)
    """
    made = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
    made.verify_mode = tls.CERT_REQUIRED  # pyright: ignore
    for one in certificates:
        made.load_verify_locations(one)
    return made


class Transport:
    """One connection; `await open()` before anything else, `await close()` after everything."""

    def __init__(self):
        self._reader = self._writer = None

    async def open(self, host: str, port: int, security, name: str = "") -> None:
        """Connect; `security` is a TLS context or None, `name` the host that the certificate must be for.

        Raises TransportError. A TLS handshake is made by the first write, and fails there.
        """
        try:
            opening = asyncio.open_connection(host, port, security, name or host if security else None)  # pyright: ignore
            self._reader, self._writer = await asyncio.wait_for(opening, CONNECT_S)
        except (OSError, ValueError, asyncio.TimeoutError) as error:
            await self.close()
            raise _explained(error)

    async def read(self) -> bytes:
        """Some bytes. Raises TransportError at the end of the stream."""
        if self._reader is None:
            raise TransportError("closed")
        try:
            data = await self._reader.read(CHUNK)
        except (OSError, ValueError) as error:
            raise _explained(error)
        if not data:
            raise TransportError("closed by the other end")
        return data

    async def write(self, data: bytes) -> None:
        """Write all of `data`. Raises TransportError, also where the other end does not take it in time."""
        if self._writer is None:
            raise TransportError("closed")
        try:
            self._writer.write(data)
            await asyncio.wait_for(self._writer.drain(), CONNECT_S)
        except (OSError, ValueError, asyncio.TimeoutError) as error:
            raise _explained(error)

    async def close(self) -> None:
        """Give everything back; a second call does nothing."""
        writer, self._reader, self._writer = self._writer, None, None
        if writer is not None:
            try:
                writer.close()
                await writer.wait_closed()
            except (OSError, ValueError):
                pass
        del writer
        gc.collect()  # a failed TLS connection holds 30 kB until its socket is collected


def _explained(error):
    """The TLS module tells of a certificate that it refuses by ValueError, or by an OSError that names it."""
    text = str(error).strip()
    return TransportError(text or type(error).__name__, isinstance(error, ValueError) or "X509" in text)
