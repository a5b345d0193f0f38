"""A small safe language for derived variables, skip rules and conditions: parsed and checked, never executed.

Values are columns of numbers (truth is 1 or 0), of text (codes) or of dates; an answer that is missing stays
missing in whatever is computed from it, except where a rule of three-valued logic settles the matter
(`False and missing` is false, `True or missing` is true).
"""

from socialcap.expressions.functions import FUNCTIONS
from socialcap.expressions.parsing import Evaluation, Expression, parse, unknown_names
from socialcap.expressions.parts import ExpressionError, Literals

__all__ = ["FUNCTIONS", "Evaluation", "Expression", "ExpressionError", "Literals", "parse", "unknown_names"]
