"""Writes a definition anew for its linked part: names replaced, constants put in, annotations and docstrings gone."""

import ast
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass

from provisioning.link.program import Alias, Foreign, Meaning, Module, Program, Symbol
from provisioning.link.scopes import Comprehension, bound, parameters

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass(frozen=True)
class Late:
    """A name that a function imports from another part when it runs."""

    meaning: Symbol | Alias


class Answers:
    """What a rewriter asks about the whole: the linker."""

    def part(self, module: str) -> str:
        """Return the part that a module is linked into."""
        raise NotImplementedError

    def constant(self, symbol: Symbol) -> ast.expr | None:
        """Return the value to put in the place of a symbol."""
        raise NotImplementedError

    def symbol(self, symbol: Symbol, late: bool) -> str:
        """Return the linked name of a symbol, and take note that it is used."""
        raise NotImplementedError

    def foreign(self, meaning: Foreign) -> str:
        """Return the linked name of something of the interpreter's."""
        raise NotImplementedError

    def attribute(self, name: str) -> str:
        """Return the linked name of an attribute, and take note that it is used."""
        raise NotImplementedError

    def member(self, name: str) -> str:
        """Return the linked name of a class's own member."""
        raise NotImplementedError

    def parameter(self, name: str, at: int) -> str:
        """Return the linked name of the parameter that is the `at`-th of a function and those around it."""
        raise NotImplementedError


Scope = dict[str, str | Late | Symbol | Alias]


class Rewriter(ast.NodeTransformer):
    """Rewrites what stands at the top of `module`, or in a class there."""

    def __init__(self, program: Program, module: Module, answers: Answers, within: Scope | None = None) -> None:
        self._program = program
        self._module = module
        self._answers = answers
        self._scopes: list[tuple[str, Scope]] = [] if within is None else [("class", within)]
        self._parameters = 0

    # Names.

    def _meaning(self, name: str) -> str | Late | Meaning | None:
        """Return what a name means here, None where it is a built-in."""
        for depth, (kind, scope) in enumerate(reversed(self._scopes)):
            if name in scope and (kind != "class" or depth == 0):
                found = scope[name]
                return self._program.resolve(found) if isinstance(found, Symbol) else found
        if name in self._module.definitions:
            return Symbol(self._module.name, name)
        meaning = self._module.meanings.get(name)
        return None if meaning is None else self._program.resolve(meaning)

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """A name by itself."""
        meaning = self._meaning(node.id)
        if isinstance(meaning, Alias) or (isinstance(meaning, Late) and isinstance(meaning.meaning, Alias)):
            raise self._module.fail(node, f"the module {node.id} is used other than as {node.id}.name")
        return self._named(node, meaning)

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        """`module.name` becomes a name; an attribute of ours becomes shorter."""
        if isinstance(node.value, ast.Name):
            meaning = self._meaning(node.value.id)
            if isinstance(meaning, Alias):
                return self._named(node, self._program.resolve(Symbol(meaning.module, node.attr)))
            if isinstance(meaning, Late) and isinstance(meaning.meaning, Alias):
                found = self._program.resolve(Symbol(meaning.meaning.module, node.attr))
                if not isinstance(found, Symbol):
                    raise self._module.fail(node, "a module that is loaded late passes nothing on")
                if (value := self._answers.constant(found)) is not None:
                    return value
                part = ast.Name(self._answers.part(found.module), ast.Load())
                return ast.copy_location(ast.Attribute(part, self._answers.symbol(found, late=True), node.ctx), node)
        self.generic_visit(node)
        node.attr = self._answers.attribute(node.attr)
        return node

    def _named(self, node: ast.Name | ast.Attribute, meaning: str | Late | Meaning | None) -> ast.expr:
        if meaning is None:
            return node
        if isinstance(meaning, str):
            name = meaning
        elif isinstance(meaning, Late) and isinstance(meaning.meaning, Symbol):
            name = self._answers.symbol(meaning.meaning, late=True)
        elif isinstance(meaning, Symbol):
            value = self._answers.constant(meaning)
            if value is not None:
                return ast.copy_location(deepcopy(value), node)
            name = self._answers.symbol(meaning, late=False)
        elif isinstance(meaning, Foreign):
            name = self._answers.foreign(meaning)
        else:
            raise self._module.fail(node, "a module is no value")
        return ast.copy_location(ast.Name(name, node.ctx), node)

    # Scopes.

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        """A function: its parameters and locals are a scope."""
        return self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        """The same."""
        return self._function(node)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.AST:
        node.decorator_list = [self.visit(one) for one in node.decorator_list]
        node.returns = None
        if self._scopes:
            meaning = self._meaning(node.name)
            node.name = meaning if isinstance(meaning, str) else node.name
        self._enter(node, bare(node.body))
        body = self._body(bare(node.body))
        node.body = body or [ast.copy_location(ast.Pass(), node)]
        self._leave(node)
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        """A function of one expression."""
        self._enter(node, [node.body])
        node.body = self.visit(node.body)
        self._leave(node)
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        """A class within a function: no such thing here."""
        raise self._module.fail(node, "a class stands at a module's top")

    def _enter(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, body: Sequence[ast.AST]) -> None:
        node.args.defaults = [self.visit(one) for one in node.args.defaults]
        node.args.kw_defaults = [one and self.visit(one) for one in node.args.kw_defaults]
        scope: Scope = {}
        outside: set[str] = set()
        for one in (one for statement in body for one in ast.walk(statement)):
            if isinstance(one, ast.Global):
                raise self._module.fail(one, "nothing rebinds a module's names")
            if isinstance(one, ast.Nonlocal):
                outside.update(one.names)
        for name, by in bound(list(body)).items():
            if name not in outside:
                scope[name] = self._imported(name, by) if isinstance(by, ast.Import | ast.ImportFrom) else name
        for parameter in parameters(node):
            parameter.annotation = None
            scope[parameter.arg] = parameter.arg = self._answers.parameter(parameter.arg, self._parameters)
            self._parameters += 1
        self._scopes.append(("function", scope))

    def _leave(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> None:
        self._scopes.pop()
        self._parameters -= len(parameters(node))

    def visit_Nonlocal(self, node: ast.Nonlocal) -> ast.AST:
        """Names of the function around this one."""
        node.names = [one if isinstance(one, str) else name for name in node.names for one in [self._meaning(name)]]
        return node

    def _comprehension(self, node: ast.AST) -> ast.AST:
        assert isinstance(node, Comprehension)
        first = node.generators[0]
        first.iter = self.visit(first.iter)
        targets: list[ast.AST] = [one.target for one in node.generators]
        self._scopes.append(("function", {name: name for name in bound(targets)}))
        for at, one in enumerate(node.generators):
            one.target = self.visit(one.target)
            one.iter = one.iter if at == 0 else self.visit(one.iter)
            one.ifs = [self.visit(each) for each in one.ifs]
        if isinstance(node, ast.DictComp):
            node.key, node.value = self.visit(node.key), self.visit(node.value)
        else:
            node.elt = self.visit(node.elt)
        self._scopes.pop()
        return node

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _comprehension

    # Imports within functions.

    def _imported(self, name: str, node: ast.Import | ast.ImportFrom) -> str | Late | Symbol | Alias:
        meaning = self._program.imported(self._module, node)[name]
        if isinstance(meaning, Symbol):
            found = self._program.resolve(meaning)
            assert not isinstance(found, Alias)
            meaning = found
        if isinstance(meaning, Foreign):
            return name
        here = self._answers.part(self._module.name)
        return meaning if self._answers.part(meaning.module) == here else Late(meaning)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST | list[ast.stmt] | None:
        """What is in this part already needs no import; what is in another is imported from there."""
        return self._import(node)

    def visit_Import(self, node: ast.Import) -> ast.AST | list[ast.stmt] | None:
        """The same."""
        return self._import(node)

    def _import(self, node: ast.Import | ast.ImportFrom) -> ast.AST | list[ast.stmt] | None:
        made: list[ast.stmt] = []
        for alias in node.names:
            late = self._meaning(alias.asname or alias.name)
            if isinstance(late, str):
                return node
            if not isinstance(late, Late):
                continue
            part = self._answers.part(late.meaning.module)
            if isinstance(late.meaning, Alias):
                made.append(ast.Import([ast.alias(part)]))
            else:
                made.append(ast.ImportFrom(part, [ast.alias(self._answers.symbol(late.meaning, late=True))], 0))
        return [ast.copy_location(one, node) for one in made] or None

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """`give_back("module")` names the part instead."""
        if isinstance(node.func, ast.Name) and node.func.id == "give_back" and isinstance(node.args[0], ast.Constant):
            node.args[0].value = self._answers.part(str(node.args[0].value))
        return self.generic_visit(node)

    # Statements.

    def _body(self, statements: list[ast.stmt]) -> list[ast.stmt]:
        made: list[ast.stmt] = []
        for one in statements:
            new = self.visit(one)
            made += new if isinstance(new, list) else [] if new is None else [new]
        return made

    def visit_Delete(self, node: ast.Delete) -> ast.AST | None:
        """What was imported late can be let go; what is in this part stays."""
        kept: list[ast.expr] = []
        for one in node.targets:
            meaning = self._meaning(one.id) if isinstance(one, ast.Name) else ""
            if isinstance(meaning, Late) and isinstance(meaning.meaning, Alias):
                kept.append(ast.Name(self._answers.part(meaning.meaning.module), ast.Del()))
            elif isinstance(meaning, str | Late):
                kept.append(self.visit(one))
        node.targets = kept
        return node if kept else None

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
        """Annotations go."""
        if node.value is None:
            return None
        made = ast.Assign(targets=[self.visit(node.target)], value=self.visit(node.value))
        return ast.copy_location(made, node)

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        """So do docstrings of attributes."""
        return None if isinstance(node.value, ast.Constant) else self.generic_visit(node)


def bare(body: list[ast.stmt]) -> list[ast.stmt]:
    """Return a body without its docstring."""
    first = body[0]
    documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    return body[1:] if documented else body
