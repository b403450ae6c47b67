"""The socket of an open page: it belongs to the session that opened the page, and every event is looked at anew.

NiceGUI hands an event to whichever page it names. Here it must come by the page's own socket, that socket must have
come with the cookie the page was opened with, and that session and its right to the page must still stand.
"""

from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from socketio import AsyncServer  # type: ignore[import-untyped]
from socketio.exceptions import ConnectionRefusedError as Refused  # type: ignore[import-untyped]

from controller.accounts.deps import COOKIE
from controller.web.shell.frame import Frame


def guard(sio: AsyncServer) -> None:
    """Put our handlers before those of NiceGUI."""
    handlers = sio.handlers["/"]
    connect, handshake = handlers["connect"], handlers["handshake"]
    event, answered = handlers["event"], handlers["javascript_response"]
    handlers.pop("log", None)  # a browser has nothing to write into our log

    async def connected(sid: str, environ: dict[str, object], _auth: object = None) -> None:
        query = parse_qs(str(environ.get("QUERY_STRING", "")))
        if _own(environ, query.get("client_id", [""])[0]) is None:
            raise Refused("Implicit handshake failed")  # what the page knows: it asks for itself again
        await connect(sid, environ)

    async def shaken(sid: str, data: dict[str, object]) -> bool:
        if _own(sio.get_environ(sid), str(data.get("client_id", ""))) is None:
            return False
        return bool(await handshake(sid, data))

    async def happened(sid: str, data: dict[str, object]) -> None:
        frame = Frame.of(str(data.get("client_id", "")))
        if frame is None or frame.client.id not in sio.rooms(sid):
            return
        async with frame.turn:  # what is typed fast stays in its order
            if await frame.check():
                event(sid, data)

    async def told(sid: str, data: dict[str, object]) -> None:
        frame = Frame.of(str(data.get("client_id", "")))
        if frame is not None and frame.client.id in sio.rooms(sid):
            answered(sid, data)

    handlers.update(connect=connected, handshake=shaken, event=happened, javascript_response=told)


def _own(environ: dict[str, object] | None, client: str) -> Frame | None:
    """Return the page that a socket asks for, None where it has not come with that page's cookie."""
    frame = Frame.of(client)
    try:
        cookies = SimpleCookie(str((environ or {}).get("HTTP_COOKIE", "")))
    except CookieError:
        return None
    found = cookies.get(COOKIE)
    return frame if frame is not None and found is not None and frame.opened_with(found.value) else None
