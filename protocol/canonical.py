"""The one encoder of the wire: JSON with sorted keys, no spaces, UTF-8, integers only.

The same value gives the same bytes on CPython and on MicroPython, whose own encoder neither sorts nor agrees on
escapes. Only `"`, `\\` and control characters are escaped; everything else stands as UTF-8.
"""

import json
import sys

from protocol.errors import BadMessage

LIMIT = 4096  # bytes of a message
DEPTH = 12  # nested lists and objects
BITS = 63  # integers lie in -2**63 .. 2**63 - 1

_LOW = -(1 << BITS)
_HIGH = (1 << BITS) - 1
_SHORT = {8: "\\b", 9: "\\t", 10: "\\n", 12: "\\f", 13: "\\r", 34: '\\"', 92: "\\\\"}
_FAST = sys.implementation.name == "cpython"


def encode(value, limit: int = LIMIT) -> bytes:
    """The canonical bytes of `value`. Raises BadMessage for what has none, or where they exceed `limit` bytes."""
    parts: list[str] = []
    _check(value, DEPTH) if _FAST else _write(parts.append, value, DEPTH)
    if _FAST:
        text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)  # pyright: ignore[reportCallIssue]
        # CPython leaves DEL alone and escapes controls as \u00xx, as we do.
        try:
            made = text.encode()
        except UnicodeError:
            raise BadMessage("a text is not UTF-8")
    else:
        made = "".join(parts).encode()
    if len(made) > limit:
        raise BadMessage("larger than %d bytes" % limit)
    return made


def decode(data, limit: int = LIMIT):
    """The value of JSON bytes, canonical or not. Raises BadMessage for anything that is not of the contract.

    Of what is not canonical MicroPython's parser takes more than CPython's ("[1 2]"), and no surrogate pairs.
    """
    if len(data) > limit:
        raise BadMessage("larger than %d bytes" % limit)
    try:
        text = str(data, "utf-8")  # CPython's parser would also take UTF-16
        # Only what CPython also refuses: NaN and Infinity, and floats, which it would round.
        if _FAST:  # noqa: SIM108
            value = json.loads(text, parse_float=_refuse, parse_constant=_refuse)  # pyright: ignore[reportCallIssue]
        else:
            value = json.loads(text)
    except (ValueError, UnicodeError, RuntimeError):  # RuntimeError: nested too deep
        raise BadMessage("not JSON")
    if not _FAST:
        _check_ends(text.strip(" \t\r\n"))
    _check(value, DEPTH)
    if "\\u" in text:
        _check_texts(value)
    return value


def _refuse(text):
    raise ValueError(text)


def _check(value, depth: int) -> None:
    """Raise BadMessage where `value` is not made of objects, lists, texts, integers, true, false and null."""
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return
    if kind is int:
        if not _LOW <= value <= _HIGH:
            raise BadMessage("an integer exceeds 64 bits")
        return
    if depth == 0:
        raise BadMessage("nested too deeply")
    if kind is dict:
        for key in value:
            if type(key) is not str:
                raise BadMessage("a key is not a text")
            _check(value[key], depth - 1)
    elif kind is list or kind is tuple:
        for one in value:
            _check(one, depth - 1)
    else:
        raise BadMessage("neither text nor integer")


def _check_ends(text: str) -> None:
    """Raise BadMessage for what MicroPython's parser takes as an end: a missing bracket, the other one, a NUL."""
    if "\0" in text or {"{": "}", "[": "]"}.get(text[0], text[-1]) != text[-1]:
        raise BadMessage("not JSON")


def _check_texts(value) -> None:
    """Raise BadMessage where an escape has made half of a surrogate pair, which has no UTF-8."""
    kind = type(value)
    if kind is str:
        for letter in value:
            if 0xD800 <= ord(letter) <= 0xDFFF:
                raise BadMessage("a text is not UTF-8")
    elif kind is dict:
        for key in value:
            _check_texts(key)
            _check_texts(value[key])
    elif kind is list:
        for one in value:
            _check_texts(one)


def _write(put, value, depth: int) -> None:
    """Write `value` piece by piece through `put`."""
    kind = type(value)
    if kind is str:
        put(_quoted(value))
    elif value is None:
        put("null")
    elif kind is bool:
        put("true" if value else "false")
    elif kind is int:
        if not _LOW <= value <= _HIGH:
            raise BadMessage("an integer exceeds 64 bits")
        put(str(value))
    elif depth == 0:
        raise BadMessage("nested too deeply")
    elif kind is dict:
        put("{")
        first = True
        try:
            keys = sorted(value)
        except TypeError:
            raise BadMessage("a key is not a text")
        for key in keys:
            if type(key) is not str:
                raise BadMessage("a key is not a text")
            put(("" if first else ",") + _quoted(key) + ":")
            _write(put, value[key], depth - 1)
            first = False
        put("}")
    elif kind is list or kind is tuple:
        put("[")
        first = True
        for one in value:
            if not first:
                put(",")
            _write(put, one, depth - 1)
            first = False
        put("]")
    else:
        raise BadMessage("neither text nor integer")


def _quoted(text: str) -> str:
    for letter in text:
        if letter < " " or letter in '"\\':
            break
    else:
        return '"' + text + '"'
    made = ""
    for letter in text:
        code = ord(letter)
        if code in _SHORT:
            made += _SHORT[code]
        elif code < 32:
            made += "\\u%04x" % code
        else:
            made += letter
    return '"' + made + '"'
