"""What the instrument means: items, value lists, and what counts as missing."""

from socialcap.codebook.checks import check_codebook, expanded_names
from socialcap.codebook.files import read_codebook, write_codebook
from socialcap.codebook.folding import fold, tidy
from socialcap.codebook.model import Codebook, Item, ItemType, MissingKind, Option, Role, ValueList
from socialcap.codebook.ranges import as_number, scale_range
from socialcap.codebook.xlsform import write_xlsform

__all__ = [
    "Codebook",
    "Item",
    "ItemType",
    "MissingKind",
    "Option",
    "Role",
    "ValueList",
    "as_number",
    "check_codebook",
    "expanded_names",
    "fold",
    "read_codebook",
    "scale_range",
    "tidy",
    "write_codebook",
    "write_xlsform",
]
