"""What a study claims, and what its data say of it."""

from socialcap.claims.checking import Model, Vocabulary, claim_problems
from socialcap.claims.evidence import Evidence, pattern, percent_variables
from socialcap.claims.grammar import parse_test
from socialcap.claims.judging import judge
from socialcap.claims.references import read_references

__all__ = [
    "Evidence",
    "Model",
    "Vocabulary",
    "claim_problems",
    "judge",
    "parse_test",
    "pattern",
    "percent_variables",
    "read_references",
]
