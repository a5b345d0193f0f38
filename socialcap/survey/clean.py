"""From an export's text to typed answers: cells read, routing applied, scales turned, people excluded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from unicodedata import normalize

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from socialcap.codebook import Codebook, Item, ItemType, MissingKind, Role, scale_range
from socialcap.errors import CodebookError, Problem, StudyError
from socialcap.expressions import ExpressionError, parse, unknown_names
from socialcap.plan import DerivedPart, ExcludePart, QualityPart
from socialcap.results import Text
from socialcap.survey.columns import KIND_DTYPE, BoolArray, CleanColumn
from socialcap.survey.derive import Derivations, plan_derivations, without_result
from socialcap.survey.flow import FLAG_REASONS, Exclusion, excluded, exclusion_list
from socialcap.survey.ledger import LedgerBuilder
from socialcap.survey.match import Matches, match
from socialcap.survey.multiple import extra_column, read_block, read_list, unknown_parts
from socialcap.survey.quality import QualityResult, quality_flags
from socialcap.survey.raw import RawColumn, RawSurvey
from socialcap.survey.survey import Survey
from socialcap.survey.values import ValueReader, label_like

NO_QUALITY = QualityPart()

MOST_NEAR_MISSES = 500
"""Unknown answers of one variable that are compared with the options' words."""


def clean(
    raw: RawSurvey,
    book: Codebook,
    *,
    derive: Mapping[str, DerivedPart] = MappingProxyType({}),
    quality: QualityPart = NO_QUALITY,
    exclude: Sequence[ExcludePart] = (),
    keep_personal: bool = False,
) -> Survey:
    """The survey that an export holds by its codebook, with a ledger of every changed cell.

    Cells are read as their declared type; values outside the range become missing; an item's `skip_if` is
    evaluated on the variables before it, on answers as given (before reverse-coding), and what stands in a
    cell that was not to be answered becomes missing (a condition that is itself missing skips nothing); then
    items marked `reverse` are turned round by the codebook's range. Derived variables follow, ranks and
    z-scores over the analysed respondents in `responses` and over all received rows in `cleaned`.

    Raises CodebookError where codebook and export do not fit, StudyError for faulty expressions or
    exclusions: each with every fault found.
    """
    matches = match(raw, book)
    errors = [problem for problem in matches.problems if problem.severity == "error"]
    errors += [
        Problem("reversing needs the scale's range", "variables", column="reverse", value=item.name)
        for item in book
        if item.reverse and (scale_range(item, book) is None or not item.type.numeric)
    ]
    if errors:
        raise CodebookError("the codebook does not fit the export", errors)
    index, respondent_rows = _row_labels(raw)
    columns = _route(_read_items(raw, book, matches), book, len(raw.cells))
    personal = [c.name for c in columns if c.item.personal] if not keep_personal else []
    public = [column for column in columns if column.name not in personal]
    plan = plan_derivations(derive, exclude, [c.name for c in public], personal, book)

    everything = _frame(columns, index)
    kinds = _kinds(columns, index)
    flags = quality_flags(everything, book, quality, missing=kinds)
    respondents = _respondents(everything, book, respondent_rows, set(personal))
    ledger = LedgerBuilder()
    for column in public:
        column.record(ledger)
    names = [column.name for column in public]
    typed = _with_source(everything[names], raw, matches)
    cleaned, problems = plan.add_to(typed)
    rules = _exclusions(exclude, plan, cleaned, flags, problems)
    gone = excluded(rules, len(index))
    return Survey(
        responses=_responses(typed, cleaned, plan, ~gone),
        cleaned=cleaned,
        raw=pd.DataFrame({c.name: c.raw.array for c in public}, index=index, copy=False),
        ledger=ledger.build(index.to_numpy(), respondents),
        exclusions=exclusion_list(rules, index, respondents),
        missing=kinds[names] if personal else kinds,
        flags=flags,
        codebook=book,
        platform=raw.platform,
        files=raw.files,
        unknown_columns=_unknown_columns(raw, matches),
        near_misses=_near_misses(public, book, raw),
        derived=dict(derive),
        rules=tuple(rules),
        problems=(*matches.problems, *_personal_columns(raw, book, matches), *problems),
        notes=raw.notes,
    )


def _row_labels(raw: RawSurvey) -> tuple[pd.Index, NDArray[np.object_]]:
    """The index of all frames, and the name of each row for respondents without an id."""
    numbers = np.asarray(raw.row_numbers, dtype=np.int64)
    unique = len(np.unique(numbers)) == len(numbers)
    labels = numbers if unique else np.arange(1, len(numbers) + 1, dtype=np.int64)
    return pd.Index(labels, name="row"), labels.astype(str).astype(object)


def _read_items(raw: RawSurvey, book: Codebook, matches: Matches) -> list[CleanColumn]:
    """Every variable of the codebook that the export holds, in the codebook's order, its cells read."""
    by_key = {column.key: column for column in raw.columns}
    found: list[CleanColumn] = []
    for item in book:
        sources = [by_key[key] for key in matches.columns.get(item.name, ())]
        if not sources:
            continue
        readers = [_reader(item, book, raw, source) for source in sources]
        if item.type is ItemType.MULTIPLE and sources[0].key in matches.options:
            options = {option.code: option for option in book.options(item)}
            block = [
                (options[matches.options[source.key]], source, reader)
                for source, reader in zip(sources, readers, strict=True)
            ]
            found += read_block(item, raw, block)
        elif item.type is ItemType.MULTIPLE:
            found += read_list(item, book, raw, sources[0], readers[0])
        else:
            found += _read_single(item, raw, sources[0], readers[0])
    return found


def _reader(item: Item, book: Codebook, raw: RawSurvey, source: RawColumn) -> ValueReader:
    return ValueReader(
        item,
        book,
        markers=raw.markers if source.marked else {},
        declared=source.missing,
        labels=source.value_labels,
        extras=raw.extras,
    )


def _read_single(item: Item, raw: RawSurvey, source: RawColumn, reader: ValueReader) -> list[CleanColumn]:
    cells = raw.cells[source.key]
    codes, uniques = pd.factorize(cells)
    texts = list(uniques)
    readings = [reader.read(text) for text in texts]
    found = [CleanColumn(item.name, item, item.type, cells, codes, texts, readings)]
    extras = [reading.extra for reading in readings]
    if any(extras):
        found.append(extra_column(item, cells, codes, texts, extras, reader))
    return found


def _route(columns: list[CleanColumn], book: Codebook, rows: int) -> list[CleanColumn]:
    """Applies every item's skip rule, in the order of the questionnaire, to the columns in place."""
    problems: list[Problem] = []
    before: dict[str, CleanColumn] = {}
    by_item: dict[str, list[CleanColumn]] = {}
    for column in columns:
        by_item.setdefault(column.item.name, []).append(column)
    for item in book:
        own = by_item.get(item.name, [])
        if item.skip_if and own:
            try:
                skipped = _not_asked(item.skip_if, before, rows)
            except ExpressionError as error:
                problems.append(Problem(str(error), "variables", column="skip_if", value=item.name))
                continue
            for column in own:
                column.skip(skipped, item.skip_if)
        before |= {normalize("NFKC", column.name): column for column in own}
    if problems:
        raise CodebookError("skip rules cannot be applied", problems)
    return columns


def _not_asked(condition: str, before: Mapping[str, CleanColumn], rows: int) -> BoolArray:
    """The rows (n,) in which a condition on the answers given to earlier questions holds."""
    rule = parse(condition)
    for name, hint in unknown_names(rule, list(before)):
        raise ExpressionError(f"no variable {name} stands before this one", condition, hint=hint)
    given = {name: before[name].given() for name in rule.names}
    return np.asarray(rule.evaluate(pd.DataFrame(given, index=range(rows))).to_numpy() == 1)


def _frame(columns: Iterable[CleanColumn], index: pd.Index) -> pd.DataFrame:
    return pd.DataFrame({column.name: column.values() for column in columns}, index=index, copy=False)


def _kinds(columns: Iterable[CleanColumn], index: pd.Index) -> pd.DataFrame:
    found = {
        column.name: pd.Categorical.from_codes(column.kind_codes(), dtype=KIND_DTYPE, validate=False)
        for column in columns
    }
    return pd.DataFrame(found, index=index, copy=False)


def _respondents(
    frame: pd.DataFrame, book: Codebook, rows: NDArray[np.object_], personal: set[str]
) -> NDArray[np.object_]:
    """Each row's id where the codebook has one that may be shown, else its row."""
    ids = [item.name for item in book.with_role(Role.ID) if item.name in frame and item.name not in personal]
    if not ids:
        return rows
    values = frame[ids[0]]
    texts = values.astype("str") if values.dtype != np.float64 else values.map("{:.15g}".format)
    return np.where(values.notna().to_numpy(), texts.to_numpy(dtype=object), rows)


def _exclusions(
    exclude: Sequence[ExcludePart],
    plan: Derivations,
    cleaned: pd.DataFrame,
    flags: QualityResult,
    problems: list[Problem],
) -> list[Exclusion]:
    """The rules of the study file with the rows that each hits; a missing condition excludes nobody."""
    faults: list[Problem] = []
    rules = []
    for number, part in enumerate(exclude, start=1):
        where = f"exclude[{number}]"
        if part.flag is not None:
            if part.flag in flags.unavailable:
                why = flags.unavailable[part.flag].en
                problems.append(
                    Problem(f"the flag {part.flag} hits nobody: {why}", where, severity="warning")
                )
            elif flags.thresholds.get(part.flag) is None:
                faults.append(Problem(f"[quality] sets no threshold for the flag {part.flag}", where))
            hits = flags.flags[part.flag].to_numpy(dtype=bool)
            rules.append(Exclusion(part.flag, part.reason or FLAG_REASONS[part.flag], hits))
            continue
        try:
            found = plan.conditions[part.when].trace(cleaned)
        except ExpressionError as error:
            faults.append(Problem(str(error), where))
            continue
        problems += without_result(found.undefined, where, plan.conditions[part.when])
        hits = found.values.to_numpy() == 1
        rules.append(Exclusion(part.when, part.reason or Text(part.when, part.when), hits))
    if faults:
        raise StudyError("exclusions cannot be applied", faults)
    return rules


def _responses(
    typed: pd.DataFrame, cleaned: pd.DataFrame, plan: Derivations, stay: BoolArray
) -> pd.DataFrame:
    """The analysed rows; what depends on the sample is computed over them alone."""
    if stay.all():
        return cleaned
    if plan.sample_dependent:
        return plan.add_to(typed.loc[stay])[0]
    return cleaned.loc[stay]


def _with_source(typed: pd.DataFrame, raw: RawSurvey, matches: Matches) -> pd.DataFrame:
    """The answers, with the file that each row came from where several are stacked."""
    last = raw.columns[-1] if raw.columns else None
    if len(raw.files) < 2 or last is None or last.header or last.key not in matches.unknown:
        return typed
    return typed.assign(**{last.key: raw.cells[last.key].array})


def _personal_columns(raw: RawSurvey, book: Codebook, matches: Matches) -> list[Problem]:
    """Variables that the platform's grammar knows to be personal, but the codebook does not call so."""
    personal = {column.key for column in raw.columns if column.personal}
    return [
        Problem(
            "the column looks personal; pii = yes keeps it out of every output",
            "variables",
            column="pii",
            value=item.name,
            severity="warning",
        )
        for item in book
        if not item.personal and personal & set(matches.columns.get(item.name, ()))
    ]


def _unknown_columns(raw: RawSurvey, matches: Matches) -> tuple[str, ...]:
    """Columns of the files that no variable claims; the one that names the file of each row is none."""
    added = {column.key for column in raw.columns if not column.header and len(raw.files) > 1}
    return tuple(key for key in matches.unknown if key not in added)


def _near_misses(columns: Sequence[CleanColumn], book: Codebook, raw: RawSurvey) -> pd.DataFrame:
    """Answers that name no option but look like one: variable, text, count, nearest (never accepted)."""
    unread: dict[str, dict[tuple[int, str], int]] = {}
    items: dict[str, CleanColumn] = {}
    for column in columns:
        bad = [at for at, r in enumerate(column.readings) if r.kind is MissingKind.UNREADABLE]
        if bad and book.options(column.item):
            counts = np.bincount(column.codes, minlength=len(column.texts))
            items.setdefault(column.item.name, column)
            # The options of a list read the same cells: each cell counts once.
            cells = {(id(column.codes), column.texts[at]): int(counts[at]) for at in bad}
            unread.setdefault(column.item.name, {}).update(cells)
    lines = []
    for name, cells in unread.items():
        reader = ValueReader(items[name].item, book, extras=raw.extras)
        answers: Counter[str] = Counter()
        for (_, text), count in cells.items():
            for words in unknown_parts(text, items[name].kind, raw, reader):
                answers[words] += count
        for words, count in answers.most_common(MOST_NEAR_MISSES):
            near = reader.options.nearest(reader.without_extra(words)[0])
            if near is not None:
                lines.append((name, words, count, label_like(near, words)))
    return pd.DataFrame(lines, columns=["variable", "text", "count", "nearest"])
