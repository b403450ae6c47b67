"""Which names a function, a class or a comprehension binds itself."""

import ast

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


def parameters(function: Function) -> list[ast.arg]:
    """Return all parameters in their order."""
    found = function.args
    more = [one for one in (found.vararg, found.kwarg) if one is not None]
    return [*found.posonlyargs, *found.args, *found.kwonlyargs, *more]


def bound(nodes: list[ast.AST]) -> dict[str, ast.AST]:
    """Return what `nodes` bind in their own scope, with the node that does it first."""
    found: dict[str, ast.AST] = {}
    todo = list(reversed(nodes))
    while todo:
        node = todo.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.setdefault(node.name, node)
            continue
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            found.setdefault(node.id, node)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            found.setdefault(node.name, node)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                found.setdefault(alias.asname or alias.name, node)
        if isinstance(node, ast.Lambda | Comprehension):
            todo.extend(one for one in ast.walk(node) if isinstance(one, ast.NamedExpr))
            continue
        todo.extend(reversed(list(ast.iter_child_nodes(node))))
    return found
