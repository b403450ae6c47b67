"""The firmware's modules as a linker sees them: what each defines at its top, and what a name there means.

The firmware is written so that this can be told from its text: a module's top holds imports, functions, classes and
assignments, a module is used only as `module.name`, and nothing rebinds another module's names. What is otherwise is a
LinkError that names the file and the line.
"""

import ast
from dataclasses import dataclass, field
from pathlib import Path

from provisioning.errors import BuildError

OURS = ("firmware", "protocol")
Function = ast.FunctionDef | ast.AsyncFunctionDef


class LinkError(BuildError):
    """The firmware cannot be linked: `str()` says where and why."""


@dataclass(frozen=True)
class Symbol:
    """A name at the top of one of our modules."""

    module: str
    name: str


@dataclass(frozen=True)
class Alias:
    """A name that stands for one of our modules."""

    module: str


@dataclass(frozen=True)
class Foreign:
    """A name that is the interpreter's: `import path as name`, or `from path import attribute`."""

    path: str
    attribute: str
    name: str


Meaning = Symbol | Alias | Foreign


@dataclass
class Module:
    """One source file."""

    name: str
    file: str
    definitions: dict[str, ast.stmt] = field(default_factory=dict)  # in the order of the file
    meanings: dict[str, Meaning] = field(default_factory=dict)  # what the imports at its top bind
    imports: list[str] = field(default_factory=list)  # our modules that it needs to start

    def fail(self, node: ast.AST, why: str) -> LinkError:
        """Return the error that names the place of `node`."""
        return LinkError(f"{self.file}:{getattr(node, 'lineno', 0)}: {why}")


class Program:
    """All modules by name; packages are modules too."""

    def __init__(self, root: Path, files: list[Path]) -> None:
        self.modules: dict[str, Module] = {}
        trees = {}
        for file in files:
            parts = file.with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            self.modules[name] = Module(name, file.as_posix())
            try:
                trees[name] = ast.parse((root / file).read_text(), file.as_posix())
            except SyntaxError as error:
                raise LinkError(f"{file.as_posix()}:{error.lineno}: does not compile: {error.msg}") from error
        for name, tree in trees.items():
            self._read(self.modules[name], tree)

    def imported(self, module: Module, node: ast.Import | ast.ImportFrom) -> dict[str, Meaning]:
        """Return what an import binds. Raises LinkError for a form that is not understood."""
        found: dict[str, Meaning] = {}
        for alias in node.names:
            name = alias.asname or alias.name
            if isinstance(node, ast.Import):
                if alias.name.split(".")[0] in OURS:
                    raise module.fail(node, "import a module of ours as `from package import module`")
                if "." in name:
                    raise module.fail(node, "name a submodule with `as`")
                found[name] = Foreign(alias.name, "", name)
            elif node.module is None or node.level:
                raise module.fail(node, "relative imports are not linked")
            elif node.module.split(".")[0] in OURS:
                within = f"{node.module}.{alias.name}"
                found[name] = Alias(within) if within in self.modules else Symbol(node.module, alias.name)
                if within not in self.modules and node.module not in self.modules:
                    raise module.fail(node, f"there is no module {node.module}")
            else:
                found[name] = Foreign(node.module, alias.name, name)
        return found

    def resolve(self, meaning: Meaning) -> Meaning:
        """Return what a name means in the end: a module may pass on what it imports."""
        while isinstance(meaning, Symbol):
            module = self.modules[meaning.module]
            if meaning.name in module.definitions:
                return meaning
            if meaning.name not in module.meanings:
                raise LinkError(f"{module.file} has no {meaning.name}")
            meaning = module.meanings[meaning.name]
        return meaning

    def _read(self, module: Module, tree: ast.Module) -> None:
        for node in tree.body:
            if isinstance(node, ast.Import | ast.ImportFrom):
                found = self.imported(module, node)
                module.meanings.update(found)
                module.imports += [one.module for one in found.values() if not isinstance(one, Foreign)]
            elif isinstance(node, Function | ast.ClassDef):
                self._define(module, node, node.name)
            elif isinstance(node, ast.Assign | ast.AnnAssign):
                self._assigned(module, node)
            elif not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
                raise module.fail(node, "a module's top holds imports, definitions and assignments")

    def _assigned(self, module: Module, node: ast.Assign | ast.AnnAssign) -> None:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        if node.value is None:
            return
        if len(targets) == 1 and isinstance(targets[0], ast.Name):
            one = ast.Assign(targets=[targets[0]], value=node.value)
            self._define(module, ast.copy_location(one, node), targets[0].id)
        elif len(targets) == 1 and isinstance(targets[0], ast.Tuple):
            values = _several(node.value)
            names = [target.id for target in targets[0].elts if isinstance(target, ast.Name)]
            if values is None or len(values) != len(targets[0].elts) or len(names) != len(values):
                raise module.fail(node, "only a tuple or a range is taken apart at a module's top")
            for target, value in zip(targets[0].elts, values, strict=True):
                one = ast.Assign(targets=[target], value=value)
                self._define(module, ast.fix_missing_locations(ast.copy_location(one, node)), ast.unparse(target))
        else:
            raise module.fail(node, "one name to an assignment at a module's top")

    def _define(self, module: Module, node: ast.stmt, name: str) -> None:
        if name in module.definitions:
            raise module.fail(node, f"{name} is defined twice")
        module.definitions[name] = node


def _several(value: ast.expr) -> list[ast.expr] | None:
    if isinstance(value, ast.Tuple):
        return value.elts
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "range":
        return [ast.Constant(one) for one in range(*(ast.literal_eval(each) for each in value.args))]
    return None
