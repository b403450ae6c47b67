"""DNS of the access point (RFC 1035): every name is this device, so that a phone finds the page."""

import asyncio
import socket

TTL = 5  # seconds: the phone goes back to its own network soon
LONGEST = 512  # bytes of a message over UDP (section 4.2.1)
LOOK_MS = 50
A, ANY, IN = 1, 255, 1


def answer(query: bytes, address: bytes):
    """The answer to one question: `address` (four bytes) for an A record, nothing for others; None for what is no
    question."""
    if len(query) < 17 or query[2] & 0xF8 or query[4:6] != b"\0\1":
        return None  # an answer itself, no standard query, or not one question
    at = 12
    while at < len(query) and query[at]:
        if query[at] > 63:
            return None
        at += 1 + query[at]
    end = at + 5
    if end > len(query):
        return None
    kind, sort = query[at + 1] << 8 | query[at + 2], query[at + 3] << 8 | query[at + 4]
    found = sort == IN and kind in (A, ANY)
    head = query[:2] + bytes((0x84 | query[2] & 1, 0)) + b"\0\1\0" + bytes((found,)) + b"\0\0\0\0"
    if not found:
        return head + query[12:end]
    return head + query[12:end] + b"\xc0\x0c\0\1\0\1" + bytes((0, 0, 0, TTL, 0, 4)) + address


async def serve(address: str, port: int) -> None:
    """Answer questions at `address` until cancelled. Raises OSError where the port is taken."""
    here = bytes([int(part) for part in address.split(".")])
    asked = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        asked.setblocking(False)
        asked.bind(socket.getaddrinfo(address, port)[0][-1])
        while True:
            try:
                query, whence = asked.recvfrom(LONGEST)
                said = answer(query, here)
                if said:
                    asked.sendto(said, whence)
            except OSError:  # nobody asks
                await asyncio.sleep_ms(LOOK_MS)
    finally:
        asked.close()
