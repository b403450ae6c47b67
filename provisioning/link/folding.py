"""The value of an assignment at a module's top, where it can be put in the place of its name."""

import ast
import operator
from collections.abc import Callable, Mapping

from provisioning.link.names import SHORT
from provisioning.link.rewriting import Rewriter

_OPERATORS: Mapping[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.LShift: operator.lshift,
}


class Folding(Rewriter):
    """Works out the value of an assignment at a module's top, where it is one of numbers."""

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        """Numbers become one number."""
        node.left, node.right = self.visit(node.left), self.visit(node.right)
        work_out = _OPERATORS.get(type(node.op))
        if work_out and isinstance(node.left, ast.Constant) and isinstance(node.right, ast.Constant):
            left, right = node.left.value, node.right.value
            if type(left) is int and type(right) is int:
                return ast.copy_location(ast.Constant(work_out(left, right)), node)
        return node


def is_small(value: object) -> bool:
    """Return whether a value may stand in several places."""
    return value is None or isinstance(value, bool | int) or (isinstance(value, str) and len(value) <= SHORT)
