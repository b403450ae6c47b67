"""Links the firmware: of its many modules a few parts are made, each one file of a slot.

On a device a module costs some 600 bytes of heap and a file at least 4 KB of flash, a name 20 to 40 bytes. So the
modules of a part are put into one, without what nothing reaches, with short names and with constants in their places.
What the program does stays; tests run devices that are linked.
"""

import ast
import builtins
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from itertools import islice

from provisioning.link import names
from provisioning.link.folding import Folding, is_small
from provisioning.link.program import Foreign, LinkError, Program, Symbol
from provisioning.link.rewriting import Answers, Rewriter, Scope, bare


@dataclass
class Part:
    """What goes into one file."""

    name: str
    symbols: list[Symbol] = field(default_factory=list)
    foreign: dict[str, Foreign] = field(default_factory=dict)
    needs: dict[str, set[str]] = field(default_factory=dict)  # part -> names imported from it at the top


@dataclass(frozen=True)
class Linked:
    """A part as one source, and where its lines come from: line -> (file, line)."""

    source: str
    lines: Mapping[int, tuple[str, int]]


class Linker(Answers):
    """Links `program`. `parts`: part -> modules or packages, the nearest counts; `entries` keep their names."""

    def __init__(
        self, program: Program, parts: Mapping[str, tuple[str, ...]], entries: tuple[Symbol, ...], mimics: str
    ) -> None:
        self._program = program
        self._homes = {home: part for part, homes in parts.items() for home in homes}
        self._parts = {name: Part(name) for name in parts}
        self._entries = entries
        self._now = self._parts[next(iter(parts))]  # whose definition is being written
        self._used: set[Symbol] = set()
        self._attributes: set[str] = set()
        self._todo: list[Symbol] = []
        self._constants: dict[Symbol, ast.expr | None] = {}
        taken = names.words(program) | set(parts)
        short = names.short_names(taken)
        self._keywords = names.keywords(program)
        self._of_parameters = list(islice(short, names.PARAMETERS))
        self._short = list(islice(short, 4000))
        self._of_attributes = dict(zip(names.attributes(program, mimics), self._short, strict=False))
        self._of_symbols: dict[Symbol, str] = {one: one.name for one in entries}
        self._of_foreign: dict[Foreign, str] = {}
        self._next = iter(self._short)

    def link(self) -> dict[str, Linked]:
        """Return the parts. Raises LinkError."""
        self._reach()
        return {name: self._write(part) for name, part in self._parts.items()}

    # What is reached.

    def _reach(self) -> None:
        """Find all that the entries need, members of classes by their names."""
        self._todo = list(self._entries)
        self._used.update(self._entries)
        seen: set[tuple[Symbol, str]] = set()
        while self._todo:
            while self._todo:
                self._visit(self._todo.pop(), seen)
            for symbol in [one for one in self._used if isinstance(self._definition(one), ast.ClassDef)]:
                self._visit(symbol, seen)

    def _visit(self, symbol: Symbol, seen: set[tuple[Symbol, str]]) -> None:
        node = self._definition(symbol)
        if isinstance(node, ast.ClassDef):
            if (symbol, "") not in seen:
                seen.add((symbol, ""))
                for base in node.bases:
                    self._rewriter(symbol).visit(deepcopy(base))
            for member, one in _members(node):
                if (symbol, member) not in seen and self._wanted(node, member):
                    seen.add((symbol, member))
                    self._member(symbol, node, member, deepcopy(one))
        else:
            self._rewriter(symbol).visit(deepcopy(node))

    def _wanted(self, node: ast.ClassDef, member: str) -> bool:
        """Whether a member may be used: by the interpreter, as an attribute, or by its name within the class."""
        if member not in self._of_attributes or member in self._attributes:
            return member not in ("__slots__", "__repr__")
        within = (name.id for _, one in _members(node) if isinstance(one, ast.Assign) for name in ast.walk(one.value)
                  if isinstance(name, ast.Name))  # fmt: skip
        return member in within

    def _member(self, symbol: Symbol, node: ast.ClassDef, name: str, member: ast.stmt) -> ast.stmt:
        """Write a member anew. In `X = X` the second is the module's."""
        rewriter = self._rewriter(symbol, node, name if isinstance(member, ast.Assign) else "")
        if isinstance(member, ast.Assign):
            member.value = rewriter.visit(member.value)
            member.targets = [ast.Name(self._of_attributes.get(name, name), ast.Store())]
            return member
        made = rewriter.visit(member)
        assert isinstance(made, ast.stmt)
        return made

    def _definition(self, symbol: Symbol) -> ast.stmt:
        return self._program.modules[symbol.module].definitions[symbol.name]

    def _rewriter(self, symbol: Symbol, within: ast.ClassDef | None = None, but: str = "") -> Rewriter:
        self._now = self._parts[self.part(symbol.module)]
        scope: Scope | None = None
        if within is not None:
            scope = {name: self._of_attributes.get(name, name) for name, _ in _members(within) if name != but}
        return Rewriter(self._program, self._program.modules[symbol.module], self, scope)

    # What a rewriter asks.

    def part(self, module: str) -> str:
        """Return the part whose home is nearest."""
        home = module
        while home not in self._homes:
            if "." not in home:
                raise LinkError(f"{module} is in no part")
            home = home.rpartition(".")[0]
        return self._homes[home]

    def constant(self, symbol: Symbol) -> ast.expr | None:
        """Return a number, or a short text, that a symbol always is."""
        if symbol not in self._constants:
            self._constants[symbol] = None  # it is none of its own
            node = self._definition(symbol)
            if isinstance(node, ast.Assign):
                now, module = self._now, self._program.modules[symbol.module]
                value = Folding(self._program, module, self).visit(deepcopy(node.value))
                self._now = now
                if isinstance(value, ast.Constant) and is_small(value.value):
                    self._constants[symbol] = value
        return self._constants[symbol]

    def symbol(self, symbol: Symbol, late: bool) -> str:
        """Return the name of a symbol; in the first run, note that it is needed and by which part."""
        if symbol not in self._used:
            self._used.add(symbol)
            self._todo.append(symbol)
        if symbol not in self._of_symbols:
            self._of_symbols[symbol] = next(self._next)
        name = self._of_symbols[symbol]
        home = self.part(symbol.module)
        if not late and home != self._now.name:
            self._now.needs.setdefault(home, set()).add(name)
        return name

    def foreign(self, meaning: Foreign) -> str:
        """Return the name of something of the interpreter's: a module keeps its own."""
        plain = not meaning.attribute and meaning.path == meaning.name
        if meaning not in self._of_foreign:
            same = Foreign(meaning.path, meaning.attribute, "")
            self._of_foreign[meaning] = (
                meaning.name if plain else self._of_foreign.setdefault(same, "") or next(self._next)
            )
            if not plain:
                self._of_foreign[same] = self._of_foreign[meaning]
        name = self._of_foreign[meaning]
        self._now.foreign[name] = meaning
        return name

    def attribute(self, name: str) -> str:
        """Return the short name of an attribute of ours."""
        self._attributes.add(name)
        return self._of_attributes.get(name, name)

    def parameter(self, name: str, at: int) -> str:
        """Return the short name of a parameter that nobody passes by keyword."""
        return name if name in self._keywords else self._of_parameters[at]

    # What is written.

    def _write(self, part: Part) -> Linked:
        body: list[ast.stmt] = []
        files: list[str] = []
        for module in self._in_order(part.name):
            for name in self._program.modules[module].definitions:
                symbol = Symbol(module, name)
                if symbol in self._used:
                    body.append(self._linked(symbol))
                    files.append(self._program.modules[module].file)
        head: list[ast.stmt] = []
        for name, one in sorted(part.foreign.items()):
            if one.attribute:
                head.append(ast.ImportFrom(one.path, [_alias(one.attribute, name)], 0))
            else:
                head.append(ast.Import([_alias(one.path, name)]))
        for home, needed in sorted(part.needs.items()):
            head.append(ast.ImportFrom(home, [_alias(name, name) for name in sorted(needed)], 0))
        known = {*dir(builtins), *self._of_symbols.values(), *self._of_foreign.values()}
        head.insert(0, ast.Expr(names.frequent([*head, *body], known)))
        tree = ast.fix_missing_locations(ast.Module([*head, *body], []))
        source = ast.unparse(tree) + "\n"
        lines: dict[int, tuple[str, int]] = {}
        again = ast.parse(source).body[len(head) :]
        for file, old, new in zip(files, body, again, strict=True):
            for before, after in zip(ast.walk(old), ast.walk(new), strict=True):
                if isinstance(after, ast.stmt):
                    lines.setdefault(after.lineno, (file, getattr(before, "lineno", 0)))
        return Linked(source, lines)

    def _linked(self, symbol: Symbol) -> ast.stmt:
        node = deepcopy(self._definition(symbol))
        name = self._of_symbols[symbol]
        if isinstance(node, ast.ClassDef):
            node.bases = [self._rewriter(symbol).visit(base) for base in node.bases]
            body = [
                self._member(symbol, node, member, one) for member, one in _members(node) if self._wanted(node, member)
            ]
            node.body = body or [ast.Pass()]
            node.name = name
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            node = self._rewriter(symbol).visit(node)
            node.name = name
        else:
            assert isinstance(node, ast.Assign)
            node.value = self._rewriter(symbol).visit(node.value)
            node.targets = [ast.Name(name, ast.Store())]
        return _filled(node)

    def _in_order(self, part: str) -> Iterator[str]:
        """Yield the modules of a part, each after those that it needs to start."""
        done: set[str] = set()

        def go(name: str) -> Iterator[str]:
            if name in done or name not in self._program.modules:
                return
            done.add(name)
            for other in self._program.modules[name].imports:
                yield from go(other)
            if self.part(name) == part:
                yield name

        for name in sorted(self._program.modules):
            if name not in done and self.part(name) == part:
                yield from go(name)


def _alias(name: str, as_name: str) -> ast.alias:
    return ast.alias(name, None if name == as_name else as_name)


def _members(node: ast.ClassDef) -> Iterator[tuple[str, ast.stmt]]:
    """Yield what stands in a class, by name."""
    for one in bare(node.body):
        if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef):
            yield one.name, one
        elif isinstance(one, ast.Assign) and len(one.targets) == 1 and isinstance(one.targets[0], ast.Name):
            yield one.targets[0].id, one
        elif not isinstance(one, ast.Pass):
            raise LinkError(f"line {one.lineno} of class {node.name}: members are functions and assignments")


def _filled(node: ast.stmt) -> ast.stmt:
    """Put `pass` where a body has become empty."""
    for one in ast.walk(node):
        if getattr(one, "body", None) == []:
            one.__dict__["body"] = [ast.Pass()]
    return ast.fix_missing_locations(node)
