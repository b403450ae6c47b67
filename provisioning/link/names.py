"""Short names: which names of the firmware may be replaced, and by what.

On a device each distinct name is a string on the heap. Names that only we use may be short: those of a module's top,
of the attributes of our classes, and of parameters that are never passed by keyword. What the interpreter, the wire or
the flash knows by name stays.
"""

import ast
import asyncio
import builtins
import collections
import hashlib
import io
import json
import keyword
import os
import select
import socket
import struct
import sys
import time
from collections.abc import Container, Iterable, Iterator
from itertools import product
from string import ascii_letters, digits

from provisioning.link.program import Program

ONE_BYTE = 120  # names of a file whose number takes one byte, less some that are there anyhow
SHORT = 10  # characters of a text that MicroPython keeps once, as a name
PARAMETERS = 24  # names kept for them, the most a function and those around it have
_FOREIGN: tuple[object, ...] = (
    *(str, bytes, bytearray, memoryview, list, dict, set, tuple, int, float, object, type, OSError, range),
    *((lambda: (yield))(), io.BytesIO(), io.StringIO(), collections.deque, socket.socket, asyncio.Event, asyncio.Lock),
    *(asyncio.Task, asyncio.StreamReader, asyncio.StreamWriter, asyncio.Server, asyncio, json, struct, sys),
    *(sys.implementation, StopIteration, hashlib.sha256(), os, time, select.poll(), builtins),
)


def short_names(taken: Iterable[str]) -> Iterator[str]:
    """Yield names of one letter, then two, that are not `taken` and mean nothing in Python."""
    used = {*taken, *keyword.kwlist, *dir(builtins)}
    for length in (1, 2, 3):
        for letters in product(ascii_letters, *[ascii_letters + digits] * (length - 1)):
            name = "".join(letters)
            if name not in used:
                yield name


def words(program: Program) -> set[str]:
    """Return every name that occurs in the program."""
    found = set()
    for node in _nodes(program):
        for name in ("id", "attr", "name", "asname", "arg"):
            found.add(getattr(node, name, None))
    return {one for one in found if isinstance(one, str)}


def keywords(program: Program) -> set[str]:
    """Return the names that are passed by keyword somewhere."""
    return {node.arg for node in _nodes(program) if isinstance(node, ast.keyword) and node.arg}


def attributes(program: Program, mimics: str) -> list[str]:
    """Return the attributes that are ours alone, the most frequent first.

    Args:
        program: the firmware.
        mimics: the package whose classes stand for parts of the interpreter: none of their names is ours.
    """
    defined: set[str] = set()
    foreign = {name for one in _FOREIGN for name in dir(one)}
    counts: collections.Counter[str] = collections.Counter()
    for module in program.modules.values():
        found: set[str] = set()
        for definition in module.definitions.values():
            for node in ast.walk(definition):
                if isinstance(node, ast.Attribute):
                    counts[node.attr] += 1
                    if (
                        not isinstance(node.ctx, ast.Load)
                        and isinstance(node.value, ast.Name)
                        and node.value.id == "self"
                    ):
                        found.add(node.attr)
                elif isinstance(node, ast.ClassDef):
                    found.update(_members(node))
                elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _BY_NAME:
                    foreign.update(str(one.value) for one in ast.walk(node) if isinstance(one, ast.Constant))
        (foreign if f"{module.name}.".startswith(f"{mimics}.") else defined).update(found)
    ours = {name for name in defined - foreign if not name.startswith("__")}
    return sorted(ours, key=lambda name: (-counts[name], name))


_BY_NAME = ("getattr", "setattr", "hasattr", "delattr", "namedtuple")


def _members(node: ast.ClassDef) -> Iterator[str]:
    for one in node.body:
        if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef):
            yield one.name
        elif isinstance(one, ast.Assign):
            yield from (target.id for target in one.targets if isinstance(target, ast.Name))


def _nodes(program: Program) -> Iterator[ast.AST]:
    for module in program.modules.values():
        for definition in module.definitions.values():
            yield from ast.walk(definition)


def frequent(body: list[ast.stmt], known: Container[str]) -> ast.List:
    """Return a list of the names that are used most. Standing first, they get the numbers that take one byte.

    Names by themselves count where they are `known`: the others are of variables, which need no name.
    """
    counts: collections.Counter[str] = collections.Counter()
    for node in (one for statement in body for one in ast.walk(statement)):
        if isinstance(node, ast.Attribute):
            counts[node.attr] += 1
        elif isinstance(node, ast.Name) and node.id in known:
            counts[node.id] += 1
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) <= SHORT:
            counts[node.value] += 1
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            counts[node.name] += 1
    names = sorted((name for name in counts if counts[name] > 2), key=lambda name: (-counts[name], name))
    return ast.List([ast.Constant(name) for name in names[:ONE_BYTE]], ast.Load())
