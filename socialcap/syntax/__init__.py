"""A study's analysis as syntax for R, SPSS and Stata, so that it can be checked in another program."""

from socialcap.syntax.files import syntax_files
from socialcap.syntax.numbers import expected_numbers

__all__ = ["expected_numbers", "syntax_files"]
