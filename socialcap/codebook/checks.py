"""Every mistake of a codebook, found at once."""

from __future__ import annotations

import keyword
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from socialcap.codebook.folding import fold
from socialcap.codebook.model import SPELLINGS, Codebook, Item, ItemType, Option, Role
from socialcap.codebook.ranges import as_number, scale_range
from socialcap.errors import Problem, nearest

_LISTED_CODES = 10


@dataclass(frozen=True)
class Places:
    """Where the parts of a codebook stand in its file: sheet names, and rows as a spreadsheet counts them.

    Rows that are not known are those that a written codebook would have.
    """

    variables: str = "variables"
    values: str = "values"
    item_rows: tuple[int, ...] = ()
    option_rows: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    def item(self, position: int, column: str, message: str, **more: str) -> Problem:
        """A problem of the item at a position of the codebook."""
        row = self.item_rows[position] if position < len(self.item_rows) else position + 2
        return Problem(message, self.variables, row, column, **more)  # type: ignore[arg-type]

    def option(
        self, book: Codebook, name: str, position: int, column: str, message: str, **more: str
    ) -> Problem:
        """A problem of the option at a position of a value list."""
        rows = self.option_rows.get(name)
        if rows is None:
            before = [values.options for values in book.value_lists.values()]
            start = list(book.value_lists).index(name)
            row = 2 + sum(map(len, before[:start])) + position
        else:
            row = rows[position]
        return Problem(message, self.values, row, column, **more)  # type: ignore[arg-type]


def check_codebook(book: Codebook, places: Places | None = None) -> list[Problem]:
    """Every problem of a codebook in the order of its rows, with severity "error" or "warning".

    Warnings are: value lists that no item uses, items of one scale with different ranges, labels that read
    as another option's code, and expansions of multiple-choice items that no formula can name.
    """
    places = places or Places()
    item_problems = [
        problem
        for check in (
            _names,
            _unique_names,
            _value_lists_known,
            _ranges,
            _missing_codes,
            _scale_ranges,
            _attention_checks,
            _skip_rules,
            _one_id,
        )
        for problem in check(book, places)
    ]
    option_problems = [*_options(book, places), *_unused_lists(book, places)]
    return [
        problem
        for problems in (item_problems, option_problems)
        for problem in sorted(problems, key=lambda p: p.row or 0)
    ]


def expanded_names(item: Item, book: Codebook) -> tuple[str, ...]:
    """The columns the item becomes: its name, or `<name>_<code>` for each answer of a multiple choice."""
    if item.type is not ItemType.MULTIPLE or item.values not in book.value_lists:
        return (item.name,)
    return tuple(f"{item.name}_{code}" for code in book.value_lists[item.values].codes)


def _is_formula_name(name: str) -> bool:
    return name.isidentifier() and not keyword.iskeyword(name) and unicodedata.normalize("NFKC", name) == name


def _names(book: Codebook, places: Places) -> Iterator[Problem]:
    for position, item in enumerate(book):
        if not item.name:
            continue
        if not _is_formula_name(item.name):
            yield places.item(
                position,
                "name",
                "a formula cannot use this name",
                value=item.name,
                expected="letters (also Chinese), digits and _, no digit first, and no word of Python",
            )
        elif item.type is ItemType.MULTIPLE:
            awkward = [name for name in expanded_names(item, book) if not _is_formula_name(name)]
            if awkward:
                yield places.item(
                    position,
                    "values",
                    f"a formula cannot name the columns {', '.join(awkward)}; give the options simpler codes",
                    severity="warning",
                )


def _unique_names(book: Codebook, places: Places) -> Iterator[Problem]:
    taken: dict[str, int] = {}
    for position, item in enumerate(book):
        if item.name in taken:
            yield places.item(
                position,
                "name",
                f"the name stands already in row {places.item(taken[item.name], '', '').row}",
                value=item.name,
            )
        elif item.name:
            taken[item.name] = position
    expansions: dict[str, str] = {}
    for position, item in enumerate(book):
        if item.type is not ItemType.MULTIPLE:
            continue
        for name in expanded_names(item, book):
            owner = expansions.get(name, "") if name not in taken else name
            if owner and owner != item.name:
                yield places.item(
                    position, "name", f"its column {name} collides with variable {owner!r}", value=item.name
                )
            expansions.setdefault(name, item.name)


def _value_lists_known(book: Codebook, places: Places) -> Iterator[Problem]:
    for position, item in enumerate(book):
        if item.values and item.values not in book.value_lists:
            hint = nearest(item.values, list(book.value_lists))
            yield places.item(
                position,
                "values",
                "unknown value list" + (f"; did you mean {hint!r}?" if hint else ""),
                value=item.values,
                expected="" if hint or not book.value_lists else "one of " + ", ".join(book.value_lists),
            )
        elif item.type is ItemType.MULTIPLE and not item.values:
            yield places.item(position, "values", "a multiple-choice item needs a value list")
        elif item.type is ItemType.ORDINAL and not item.values and None in (item.minimum, item.maximum):
            yield places.item(position, "values", "an ordinal item needs a value list, or min and max")
        elif item.type is ItemType.ORDINAL and item.values:
            worded = [c for c in book.value_lists[item.values].codes if as_number(c) is None]
            if worded:
                yield places.item(
                    position,
                    "values",
                    "an ordinal item's codes are numbers, the number of each answer: "
                    f"list {item.values!r} has {', '.join(worded[:5])}",
                )


def _ranges(book: Codebook, places: Places) -> Iterator[Problem]:
    for position, item in enumerate(book):
        low, high = item.minimum, item.maximum
        if low is not None and high is not None and low > high:
            yield places.item(position, "min", f"min {low:g} is above max {high:g}")
        elif not item.type.numeric and (low is not None or high is not None):
            yield places.item(
                position, "type", f"a {item.type} item has no min and max", value=item.type.value
            )
        elif item.type is ItemType.ORDINAL and item.values in book.value_lists:
            outside = [
                code
                for code in book.value_lists[item.values].codes
                if (number := as_number(code)) is not None
                and ((low is not None and number < low) or (high is not None and number > high))
            ]
            if outside:
                yield places.item(
                    position, "values", f"codes outside min and max: {', '.join(outside)}", value=item.values
                )
        if item.reverse and not item.type.numeric:
            yield places.item(
                position, "reverse", f"a {item.type} item cannot be reversed", value=item.type.value
            )
        elif item.reverse and scale_range(item, book) is None and item.values in ("", *book.value_lists):
            yield places.item(
                position, "reverse", "reversing needs the scale's range", expected="min and max"
            )


def _missing_codes(book: Codebook, places: Places) -> Iterator[Problem]:
    for position, item in enumerate(book):
        options = book.value_lists[item.values].options if item.values in book.value_lists else ()
        span = scale_range(item, book) if item.type.numeric else None
        inside: list[str] = []
        for code, kind in item.missing.items():
            option = next((o for o in options if _same_code(o.code, code)), None)
            number = as_number(code)
            if option is not None and option.missing is None:
                message = f"code {code} is declared missing, yet list {item.values!r} offers it as an answer"
            elif option is not None and option.missing is not kind:
                message = f"code {code} is {kind} here and {option.missing} in list {item.values!r}"
            elif option is None and span is not None and number is not None and span[0] <= number <= span[1]:
                inside.append(code)
                continue
            else:
                continue
            yield places.item(position, "missing", message, value=code)
        if inside and span is not None:
            codes = f"code {inside[0]} is" if len(inside) == 1 else f"{len(inside)} codes are"
            message = f"{codes} declared missing, yet in the range {span[0]:g} to {span[1]:g}"
            more = ", …" if len(inside) > _LISTED_CODES else ""
            yield places.item(position, "missing", message, value=", ".join(inside[:_LISTED_CODES]) + more)


def _same_code(code: str, other: str) -> bool:
    return code_key(code) == code_key(other)


def code_key(code: str) -> str | float:
    """What two codes have in common that an export would write for the same answer: 1 and 1.0 are one."""
    number = as_number(code)
    return fold(code) if number is None else number


def _scale_ranges(book: Codebook, places: Places) -> Iterator[Problem]:
    """One warning per scale, at its first item that differs from those before it."""
    scales: dict[str, dict[tuple[float, float], list[int]]] = {}
    for position, item in enumerate(book):
        span = scale_range(item, book)
        if item.scale and span is not None:
            scales.setdefault(item.scale, {}).setdefault(span, []).append(position)
    for scale, spans in scales.items():
        if len(spans) > 1:
            listed = "; ".join(
                f"{', '.join(book.items[i].name for i in positions)} {low:g} to {high:g}"
                for (low, high), positions in spans.items()
            )
            yield places.item(
                list(spans.values())[1][0],
                "scale",
                f"items of scale {scale!r} have different ranges: {listed}",
                severity="warning",
            )


def _attention_checks(book: Codebook, places: Places) -> Iterator[Problem]:
    for position, item in enumerate(book):
        if item.role is Role.ATTENTION and not item.check:
            yield places.item(position, "check", "an attention check needs the answer that it expects")
        elif item.check and item.role is not Role.ATTENTION:
            yield places.item(
                position, "check", "only an attention check has an expected answer", expected="role attention"
            )
        elif item.check and not _possible_answer(item, book):
            options = book.value_lists[item.values].options if item.values in book.value_lists else ()
            yield places.item(
                position,
                "check",
                "the expected answer is not among the answers",
                value=item.check,
                expected=", ".join(o.code for o in options),
            )


def _possible_answer(item: Item, book: Codebook) -> bool:
    if item.values and item.values not in book.value_lists:
        return True  # the unknown list is reported already
    number, span = as_number(item.check), scale_range(item, book)
    in_range = number is not None and span is not None and span[0] <= number <= span[1]
    if item.values:
        options = book.value_lists[item.values].options
        return in_range or any(
            o.missing is None and (_same_code(o.code, item.check) or fold(item.check) in map(fold, o.words))
            for o in options
        )
    return in_range or span is None


def _skip_rules(book: Codebook, places: Places) -> Iterator[Problem]:
    # The expression language needs pandas; a codebook without skip rules does not wait for it.
    rules = [(position, item) for position, item in enumerate(book) if item.skip_if]
    if not rules:
        return
    from socialcap.expressions import ExpressionError, parse, unknown_names

    known = sorted({name for item in book for name in (item.name, *expanded_names(item, book))})
    for position, item in rules:
        try:
            expression = parse(item.skip_if)
        except ExpressionError as error:
            yield places.item(position, "skip_if", f"this is no condition: {error}", value=item.skip_if)
            continue
        for name, hint in unknown_names(expression, known):
            yield places.item(
                position,
                "skip_if",
                f"unknown variable {name!r}" + (f"; did you mean {hint!r}?" if hint else ""),
                value=item.skip_if,
            )
        for literals in expression.literals:
            yield from _unknown_codes(book, places, position, literals.name, literals.codes)
        if item.name in expression.names:
            yield places.item(
                position,
                "skip_if",
                "whether a question is asked depends on its own answer",
                value=item.skip_if,
            )


def _unknown_codes(
    book: Codebook, places: Places, position: int, name: str, codes: tuple[str, ...]
) -> Iterator[Problem]:
    """Codes that a rule compares a variable with and that the variable's value list does not know."""
    values = book[name].values if name in book else ""
    if values not in book.value_lists or scale_range(book[name], book) is not None:
        return
    options = book.value_lists[values].options
    for code in codes:
        if not any(_same_code(option.code, code) for option in options):
            yield places.item(
                position,
                "skip_if",
                f"variable {name!r} has no code {code}",
                value=book.items[position].skip_if,
                expected="one of " + ", ".join(option.code for option in options),
                severity="warning",
            )


def _one_id(book: Codebook, places: Places) -> Iterator[Problem]:
    found = [(position, item) for position, item in enumerate(book) if item.role is Role.ID]
    for position, item in found[1:]:
        yield places.item(
            position,
            "role",
            f"{found[0][1].name!r} is the id already; one variable has this role",
            value=item.name,
        )


def _options(book: Codebook, places: Places) -> Iterator[Problem]:
    for name, values in book.value_lists.items():
        codes: dict[str | float, int] = {}
        for position, option in enumerate(values.options):
            key = code_key(option.code)
            if option.code and key in codes:
                both = [words[0] for words in (values.options[codes[key]].words, option.words) if words]
                hint = f": {SPELLINGS.join(both)}" if len(set(both)) > 1 else ""
                yield places.option(
                    book,
                    name,
                    position,
                    "code",
                    f"list {name!r} has this code already; spellings of one answer stand in one cell{hint}",
                    value=option.code,
                )
            codes.setdefault(key, position)
        yield from _labels(book, places, name, values.options, codes)


def _labels(
    book: Codebook, places: Places, name: str, options: tuple[Option, ...], codes: Mapping[str | float, int]
) -> Iterator[Problem]:
    labels: dict[str, int] = {}
    for position, option in enumerate(options):
        for column, label in _spelled(option):
            if labels.setdefault(fold(label), position) != position:
                yield places.option(
                    book,
                    name,
                    position,
                    column,
                    f"options {options[labels[fold(label)]].code} and {option.code} of list {name!r} "
                    "have the same label",
                    value=label,
                )
            elif codes.get(code_key(label), position) != position:
                yield places.option(
                    book,
                    name,
                    position,
                    column,
                    f"the label of option {option.code} is the code of another option of list {name!r}; "
                    "where it stands in the data it is read as the code",
                    value=label,
                    severity="warning",
                )


def _spelled(option: Option) -> Iterator[tuple[str, str]]:
    """Every spelling of an option's label with the column that it stands in."""
    for words in (option.label, *option.spellings):
        yield from (
            (column, text) for column, text in (("label_en", words.en), ("label_zh", words.zh)) if text
        )


def _unused_lists(book: Codebook, places: Places) -> Iterator[Problem]:
    used = {item.values for item in book}
    for name, values in book.value_lists.items():
        if name and name not in used and values.options:
            yield places.option(
                book, name, 0, "list", "no variable uses this list", value=name, severity="warning"
            )
