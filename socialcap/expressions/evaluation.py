"""The values of a checked tree, row by row of a frame."""

from __future__ import annotations

import ast
from collections import Counter
from unicodedata import normalize

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from socialcap.errors import nearest
from socialcap.expressions.functions import FUNCTIONS
from socialcap.expressions.parts import FloatArray, Node, code_of
from socialcap.expressions.values import BINARY, COMPARE, Values, blank, truth


class Run(Node):
    """Evaluates a checked tree over the rows of a frame, counting operations that had no result."""

    def __init__(self, text: str, frame: pd.DataFrame) -> None:
        self.text = text
        self.frame = frame
        self.undefined: Counter[str] = Counter()
        # Python's parser writes names in NFKC: full-width letters in a column name must still be found.
        self.columns = {normalize("NFKC", str(name)): name for name in frame.columns}

    def value(self, node: ast.expr) -> Values:
        match node:
            case ast.Name():
                return self._column(node)
            case ast.Constant(value=str()):
                return Values("text", np.array(node.value, dtype=object))
            case ast.Constant():
                return Values("number", np.array(float(node.value)))  # type: ignore[arg-type]
            case ast.UnaryOp(op=ast.Not()):
                operand = self.number(node.operand)
                return truth(operand == 0, np.isnan(operand))
            case ast.UnaryOp():
                operand = self.number(node.operand)
                return Values("number", -operand if isinstance(node.op, ast.USub) else operand)
            case ast.BinOp():
                return self._arithmetic(node)
            case ast.BoolOp():
                return self._logic(node)
            case ast.Compare():
                return self._comparison(node)
            case ast.IfExp():
                return self._choice(node)
            case ast.Call(func=ast.Name(id=name)):
                return FUNCTIONS[name].apply(self, node)
        raise self.error("this is not part of the language", node)

    def number(self, node: ast.expr) -> FloatArray:
        """The node's values, which must be numbers."""
        return self.numeric(self.value(node), node)

    def numeric(self, found: Values, node: ast.expr) -> FloatArray:
        """The values of a node that was evaluated already, which must be numbers."""
        if found.kind != "number":
            raise self.error(f"a number is needed here, this is a {found.kind}", node)
        return found.numbers

    def defined(self, operation: str, result: FloatArray, *inputs: FloatArray) -> Values:
        """The result with infinities and NaN made missing; those not due to a missing input are counted."""
        bad = ~np.isfinite(result)
        known = np.ones(result.shape, dtype=bool)
        for array in inputs:
            known = known & ~np.isnan(array)
        count = int((np.broadcast_to(bad, self.shape(bad)) & known).sum())
        if count:
            self.undefined[operation] += count
        return Values("number", np.where(bad, np.nan, result))

    def shape(self, array: NDArray[np.generic]) -> tuple[int, ...]:
        return array.shape or (len(self.frame),)

    def _column(self, node: ast.Name) -> Values:
        if node.id not in self.columns:
            raise self.error(
                f"there is no variable {node.id}",
                node,
                nearest(node.id, [str(c) for c in self.frame.columns]),
            )
        series = self.frame[self.columns[node.id]]
        if pd.api.types.is_datetime64_any_dtype(series.dtype):
            return Values("date", series.to_numpy())
        if pd.api.types.is_numeric_dtype(series.dtype):
            return Values("number", series.to_numpy(dtype=np.float64, na_value=np.nan))
        texts = series.astype(object)
        return Values("text", texts.where(texts.notna(), None).to_numpy(dtype=object))

    def _arithmetic(self, node: ast.BinOp) -> Values:
        left, right = self.value(node.left), self.value(node.right)
        if left.kind == right.kind == "date" and isinstance(node.op, ast.Sub):
            days = (left.array - right.array) / np.timedelta64(1, "D")  # type: ignore[operator]
            return Values("number", days)
        a, b = self.numeric(left, node.left), self.numeric(right, node.right)
        name, operation = BINARY[type(node.op)]
        with np.errstate(all="ignore"):
            return self.defined(name, np.asarray(operation(a, b)), a, b)

    def _logic(self, node: ast.BoolOp) -> Values:
        settles = 0.0 if isinstance(node.op, ast.And) else 1.0
        truths = []
        for value in node.values:
            number = self.number(value)
            truths.append(np.where(np.isnan(number), np.nan, (number != 0).astype(np.float64)))
        stacked = np.stack(np.broadcast_arrays(*truths))
        settled = (stacked == settles).any(axis=0)
        unknown = np.isnan(stacked).any(axis=0)
        return Values("number", np.where(settled, settles, np.where(unknown, np.nan, 1.0 - settles)))

    def _comparison(self, node: ast.Compare) -> Values:
        result: Values | None = None
        left_node = node.left
        for op, right_node in zip(node.ops, node.comparators, strict=True):
            one = (
                self._member(left_node, op, right_node)
                if isinstance(op, ast.In | ast.NotIn)
                else (self._pair(left_node, op, right_node))
            )
            if result is None:
                result = one
            else:
                a, b = result.numbers, one.numbers
                no = (a == 0) | (b == 0)
                result = Values("number", np.where(no, 0.0, np.where(np.isnan(a + b), np.nan, 1.0)))
            left_node = right_node
        assert result is not None
        return result

    def _member(self, left_node: ast.expr, op: ast.cmpop, right_node: ast.expr) -> Values:
        left = self.value(left_node)
        flags = np.zeros(left.array.shape, dtype=bool)
        assert isinstance(right_node, ast.List | ast.Tuple)
        for member in right_node.elts:
            a, b = self.alike(left, self.value(member), member)
            flags = flags | np.asarray(a.array == b.array).astype(bool)
        return truth(~flags if isinstance(op, ast.NotIn) else flags, left.missing)

    def _pair(self, left_node: ast.expr, op: ast.cmpop, right_node: ast.expr) -> Values:
        left, right = self.alike(self.value(left_node), self.value(right_node), right_node)
        sign, compare = COMPARE[type(op)]
        missing = np.asarray(left.missing | right.missing)
        if left.kind == "text":
            if sign not in ("==", "!="):
                raise self.error(f"texts are compared by == and !=, not by {sign}", right_node)
            equal = np.asarray(left.array == right.array).astype(bool)
            return truth(equal if sign == "==" else ~equal, missing)
        return truth(np.asarray(compare(left.array, right.array)), missing)

    def alike(self, left: Values, right: Values, node: ast.expr) -> tuple[Values, Values]:
        """Both sides in one kind: a literal is read as what stands on the other side."""
        if left.kind == right.kind:
            return left, right
        if not right.array.shape and right.kind != "date":
            return left, self._literal_as(left.kind, right, node)
        if not left.array.shape and left.kind != "date":
            return self._literal_as(right.kind, left, node), right
        raise self.error(f"a {left.kind} cannot be compared with a {right.kind}", node)

    def _literal_as(self, kind: str, literal: Values, node: ast.expr) -> Values:
        value = literal.array.item()
        if kind == "text":
            return Values("text", np.array(code_of(value), dtype=object))
        try:
            if kind == "number":
                return Values("number", np.array(float(value)))
            return Values("date", np.array(np.datetime64(value, "us")))
        except (TypeError, ValueError):
            raise self.error(f"a {kind} cannot be compared with {value!r}", node) from None

    def _choice(self, node: ast.IfExp) -> Values:
        test = self.number(node.test)
        yes, no = self.alike(self.value(node.body), self.value(node.orelse), node.orelse)
        picked = np.where(test != 0, yes.array, no.array)
        return Values(yes.kind, blank(picked, np.isnan(test), yes.kind))
