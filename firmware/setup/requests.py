"""HTTP requests of the access point's page: bytes in, a request out, nothing larger than 2 kB (RFC 9112)."""

import json

MOST = 2_048  # bytes of a request with its body


class BadRequest(Exception):
    """Not a request that is answered here; `status` says why."""

    def __init__(self, status: str):
        super().__init__(status)
        self.status = status


class Request:
    """`method`, `path`, `query`, `host` (lower case, "" for none), `form` (whether the body is one), `body`."""

    def __init__(self, method: str, target: str, headers, body: bytes):
        self.method = method
        self.host = headers.get("host", "")
        if target.startswith("http://"):  # as to a proxy
            self.host, _, target = target[7:].partition("/")
            target = "/" + target
        self.host = self.host.lower()
        self.path, _, self.query = target.partition("?")
        self.form = headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
        self.body = body

    def fields(self) -> dict:
        """The body's fields, texts by name. Raises BadRequest."""
        try:
            text = self.body.decode()
            found = unquoted(text) if self.form else json.loads(text)
        except ValueError:  # UnicodeError is one
            raise BadRequest("400 Bad Request")
        if type(found) is not dict or not all(type(found[name]) is str for name in found):
            raise BadRequest("422 Unprocessable Content")
        return found


def parse(data: bytes):
    """The request that `data` begins with, None where it is not whole yet. Raises BadRequest."""
    head, end, body = data.partition(b"\r\n\r\n")
    if not end:
        if len(data) >= MOST:
            raise BadRequest("431 Request Header Fields Too Large")
        return None
    try:
        lines = head.decode().split("\r\n")
    except ValueError:
        raise BadRequest("400 Bad Request")
    words = lines[0].split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1.") or words[1][:1] not in ("/", "h"):
        raise BadRequest("400 Bad Request")
    headers = {}
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if colon:
            headers[name.strip().lower()] = value.strip()
    length = headers.get("content-length", "0")
    if not length.isdigit() or "transfer-encoding" in headers:
        raise BadRequest("400 Bad Request")
    if len(length) > 4 or len(head) + 4 + int(length) > MOST:
        raise BadRequest("413 Content Too Large")
    if len(body) < int(length):
        return None
    return Request(words[0], words[1], headers, body[: int(length)])


def unquoted(text: str) -> dict:
    """The fields of a form. Raises ValueError for what is not one in UTF-8."""
    found = {}
    for part in text.split("&"):
        name, _, value = part.partition("=")
        found[_plain(name)] = _plain(value)
    return found


def _plain(text):
    pieces = text.replace("+", " ").encode().split(b"%")
    whole = bytearray(pieces[0])
    for piece in pieces[1:]:
        if len(piece) < 2 or piece[:2].strip(b"0123456789abcdefABCDEF"):
            raise ValueError("not two digits")
        whole.append(int(piece[:2], 16))
        whole.extend(piece[2:])
    return bytes(whole).decode()
