"""The page's small HTTP server: few connections, short requests, and nothing that a phone sends can hurt the hall.

Phones look whether they are online by asking for a known page (Android /generate_204, iOS /hotspot-detect.html, Windows
/connecttest.txt): every host and path that is not ours is redirected to the page, and they open it.
"""

import asyncio
import json

from firmware.core.broker.offer import is_network
from firmware.setup import page
from firmware.setup.requests import BadRequest, parse

MOST = 3  # connections at a time
TIME_S = 15  # for a request and its answer, with a look round for networks
PIECE = 512  # bytes read at a time
LINGER_MS = 300


class Portal:
    """`site` is our address as it stands in a URL, `name` the access point's."""

    def __init__(self, wlan, name: str, site: str):
        self._wlan = wlan
        self._name = name
        self._site = site
        self._networks = []  # as last seen
        self._invalid = ""
        self._connections = 0
        self.uses = 0  # requests of a person

    async def look(self) -> None:
        """Look round for networks."""
        try:
            self._networks = await self._wlan.scan()
        except OSError:
            pass  # what was seen before is better than nothing

    async def serve(self, reader, writer) -> None:
        """Answer one request; for `asyncio.start_server`."""
        self._connections += 1
        try:
            if self._connections <= MOST:
                await asyncio.wait_for(self._serve(reader, writer), TIME_S)
        except (OSError, asyncio.TimeoutError):
            pass
        finally:
            self._connections -= 1
            writer.close()
            await writer.wait_closed()

    async def _serve(self, reader, writer):
        data = b""
        try:
            request = None
            while request is None:
                piece = await reader.read(PIECE)
                if not piece:
                    return
                data += piece
                request = parse(data)
            await self._answer(request, writer)
        except BadRequest as error:
            await _say(writer, error.status, "text/plain", error.status)
            try:  # a socket that is closed over unread bytes takes the answer with it
                await asyncio.wait_for_ms(_pass_over(reader), LINGER_MS)
            except asyncio.TimeoutError:
                pass

    async def _answer(self, request, writer):
        asked = (request.method, request.path)
        if request.host not in ("", self._site):
            await self._redirect(writer)
        elif asked == ("GET", "/"):
            self.uses += 1
            if request.query or not self._networks:
                await self.look()
            result = self._wlan.result()
            if self._invalid:
                result, self._invalid = {"state": "failed", "ssid": self._invalid, "reason": "invalid"}, ""
            await _say(writer, "200 OK", "text/html; charset=utf-8", *page.render(self._name, result, self._networks))
        elif asked == ("GET", "/networks"):
            self.uses += 1
            await self.look()
            await _say(writer, "200 OK", "application/json", json.dumps(self._networks))
        elif asked == ("GET", "/result"):
            await _say(writer, "200 OK", "application/json", json.dumps(self._wlan.result()))
        elif asked == ("POST", "/network"):
            self.uses += 1
            await self._choose(request, writer)
        else:
            await self._redirect(writer)

    async def _choose(self, request, writer):
        fields = request.fields()
        ssid, password = fields.get("other") or fields.get("ssid", ""), fields.get("password", "")
        right = is_network(ssid, password)
        if right:
            self._wlan.choose(ssid, password)
        if request.form:
            self._invalid = "" if right else ssid or "?"
            await self._redirect(writer)
        elif right:
            await _say(writer, "202 Accepted", "application/json", json.dumps(self._wlan.result()))
        else:
            raise BadRequest("422 Unprocessable Content")

    async def _redirect(self, writer):
        await _say(writer, "302 Found", "text/plain", "", location="http://%s/" % self._site)


async def _pass_over(reader):
    while await reader.read(PIECE):
        pass


async def _say(writer, status, kind, *pieces, location=""):
    writer.write(b"HTTP/1.1 %s\r\nContent-Type: %s\r\n" % (status.encode(), kind.encode()))
    if location:
        writer.write(b"Location: %s\r\n" % location.encode())
    writer.write(b"Cache-Control: no-store\r\nConnection: close\r\n\r\n")
    for piece in pieces:
        writer.write(piece.encode())
        await writer.drain()
