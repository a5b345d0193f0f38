"""What the language allows: a tree walked once, its names and literals collected."""

from __future__ import annotations

import ast

from socialcap.errors import nearest
from socialcap.expressions.functions import FUNCTIONS
from socialcap.expressions.parts import Literals, Node, code_of, is_finite, literal_of
from socialcap.expressions.values import BINARY, COMPARE

DEEPEST = 100


class Check(Node):
    """Walks a tree once: refuses what the language does not have, collects names and literals."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.names: dict[str, None] = {}
        self.literals: list[Literals] = []
        self.sample_dependent = False
        self.depth = 0

    def visit(self, node: ast.expr) -> None:
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.error(f"the expression is nested more than {DEEPEST} deep", node)
        self._visit(node)
        self.depth -= 1

    def _visit(self, node: ast.expr) -> None:
        match node:
            case ast.Name():
                self.names[node.id] = None
            case ast.Constant():
                self._constant(node)
            case ast.BinOp() if type(node.op) in BINARY:
                self.visit(node.left)
                self.visit(node.right)
            case ast.UnaryOp(op=ast.Not() | ast.USub() | ast.UAdd()):
                self.visit(node.operand)
            case ast.BoolOp():
                for value in node.values:
                    self.visit(value)
            case ast.Compare():
                self._compare(node)
            case ast.IfExp():
                for part in (node.test, node.body, node.orelse):
                    self.visit(part)
            case ast.Call():
                self._call(node)
            case ast.List() | ast.Tuple():
                raise self.error("a list stands only after `in`", node)
            case _:
                raise self.error(f"{_describe(node)} is not part of the language", node)

    def _constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, bool | str):
            return
        if isinstance(node.value, int | float):
            if not is_finite(node.value):
                raise self.error("the number is too large", node)
            return
        if node.value is None:
            raise self.error("None is not a value here; write is_missing(x)", node)
        raise self.error("only numbers and texts in quotes are values", node)

    def _compare(self, node: ast.Compare) -> None:
        self.visit(node.left)
        left = node.left
        for op, right in zip(node.ops, node.comparators, strict=True):
            if isinstance(op, ast.In | ast.NotIn):
                self._members(right)
            elif type(op) in COMPARE:
                self.visit(right)
            else:
                raise self.error("`is` is not part of the language; write == or is_missing(x)", right)
            if isinstance(op, ast.In | ast.NotIn | ast.Eq | ast.NotEq):
                self._note_literals(left, right)
                self._note_literals(right, left)
            left = right

    def _members(self, node: ast.expr) -> None:
        if not isinstance(node, ast.List | ast.Tuple) or not node.elts:
            raise self.error('after `in` stands a list such as ["a", "b"]', node)
        for member in node.elts:
            if literal_of(member) is None:
                raise self.error("a list holds only numbers and texts in quotes", member)
            if isinstance(member, ast.Constant):
                self._constant(member)

    def _note_literals(self, name: ast.expr, other: ast.expr) -> None:
        if not isinstance(name, ast.Name):
            return
        members = other.elts if isinstance(other, ast.List | ast.Tuple) else [other]
        codes = [code_of(value) for value in map(literal_of, members) if value is not None]
        if codes:
            position = len(self.text.encode()[: other.col_offset].decode(errors="ignore"))
            self.literals.append(Literals(name.id, tuple(codes), position))

    def _call(self, node: ast.Call) -> None:
        if not isinstance(node.func, ast.Name):
            raise self.error("only the functions of the language can be called", node)
        function = FUNCTIONS.get(node.func.id)
        if function is None:
            raise self.error(
                f"there is no function {node.func.id}", node.func, nearest(node.func.id, list(FUNCTIONS))
            )
        function.check(node, self)
        for argument in node.args:
            self.visit(argument)
        self.sample_dependent |= function.sample_dependent
        if function.name == "dummy":
            self._note_literals(node.args[0], node.args[1])


def _describe(node: ast.expr) -> str:
    described = {
        ast.Attribute: "a dot after a name",
        ast.Subscript: "an index in square brackets",
        ast.Lambda: "lambda",
        ast.JoinedStr: "an f-string",
        ast.NamedExpr: ":=",
        ast.Dict: "a dictionary",
        ast.Set: "a set",
        ast.Starred: "a star before an argument",
        ast.BinOp: "this operator",
        ast.UnaryOp: "this operator",
    }
    return described.get(type(node), "this")
