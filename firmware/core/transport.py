"""A byte stream to the broker, over TCP or over TLS with the fleet's CA. Thin: no MQTT in here."""

import asyncio
import gc

import tls

CONNECT_S = 20  # a handshake on silicon takes one to two seconds
CHUNK = 1_024


class TransportError(Exception):
    """No stream; `certificate` is true where the other end's certificate was refused."""

    def __init__(self, text: str, certificate: bool = False):
        super().__init__(text)
        self.certificate = certificate


def context(ca: bytes):
    """A TLS context that trusts `ca` (PEM or DER) and nothing else."""
    made = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
    made.verify_mode = tls.CERT_REQUIRED  # pyright: ignore
    made.load_verify_locations(ca)
    return made


class Transport:
    """One connection; `await open()` before anything else, `await close()` after everything."""

    def __init__(self):
        self._reader = self._writer = None

    async def open(self, host: str, port: int, security, name: str = "") -> None:
        """Connect; `security` is a TLS context or None, `name` the host that the certificate must be for.

        Raises TransportError. What a failed handshake holds is given back before it does.
        """
        try:
            opening = asyncio.open_connection(host, port, security, name or host if security else None)  # pyright: ignore
            self._reader, self._writer = await asyncio.wait_for(opening, CONNECT_S)
            if security:
                # The handshake runs with the first write; an empty one makes a bad certificate show here.
                self._writer.write(b"")
                await asyncio.wait_for(self._writer.drain(), CONNECT_S)
        except (OSError, ValueError, asyncio.TimeoutError) as error:
            await self.close()
            raise _explained(error)

    async def read(self) -> bytes:
        """Some bytes. Raises TransportError at the end of the stream."""
        try:
            data = await self._reader.read(CHUNK)  # pyright: ignore
        except (OSError, ValueError) as error:
            raise _explained(error)
        if not data:
            raise TransportError("closed by the other end")
        return data

    async def write(self, data: bytes) -> None:
        """Write all of `data`. Raises TransportError."""
        try:
            self._writer.write(data)  # pyright: ignore
            await self._writer.drain()  # pyright: ignore
        except (OSError, ValueError, AttributeError) as error:
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
    text = str(error)
    bad = "CERT" in text or "X509" in text or "x509" in text
    return TransportError(text or type(error).__name__, bad)
