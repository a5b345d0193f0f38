"""What each column of a design is: variable, level, label in both languages, reference levels included."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from socialcap.regression.formula import names_in
from socialcap.results import Term, Text
from socialcap.results.measurement import label_of

LevelLabels = Mapping[str, Mapping[str, Text]]


def terms_of(spec: Any, labels: Mapping[str, Text], level_labels: LevelLabels) -> dict[str, Term]:
    """What each column is, with the reference level of each categorical main effect before the others."""
    contrasts = {str(factor): state for factor, state in spec.factor_contrasts.items()}
    found: dict[str, Term] = {}
    for part in spec.structure:
        factors = [factor.expr for factor in part.term.factors]
        if (
            len(factors) == 1
            and factors[0] in contrasts
            and len(part.columns) < len(contrasts[factors[0]].levels)
        ):
            base = base_level(contrasts[factors[0]])
            if base is not None:
                label = _level_label(factors[0], str(base), labels, level_labels)
                found[f"{factors[0]}[{base}]"] = Term(factors[0], label, reference=True, level=str(base))
        for column in map(str, part.columns):
            label, level = _column_label(column, factors, contrasts, labels, level_labels)
            found[column] = Term(str(part.term), label, level=level)
    return found


def base_level(state: Any) -> object | None:
    """The reference level of a treatment contrast; None for contrasts that have none."""
    contrasts = state.contrasts
    if type(contrasts).__name__ != "TreatmentContrasts":
        return None
    levels: list[object] = list(state.levels)
    return next((level for level in levels if level == contrasts.base), levels[0])


def in_equation(equation: str, label: Text, terms: Mapping[str, Term]) -> dict[str, Term]:
    """The terms of one of several equations, named and labelled with it."""
    return {
        f"{equation}: {name}": Term(
            term.expression,
            Text(f"{label('en')}: {term.label('en')}", f"{label('zh')}：{term.label('zh')}"),
            term.reference,
            term.level,
            equation,
        )
        for name, term in terms.items()
    }


def _column_label(
    column: str,
    factors: list[str],
    contrasts: Mapping[str, Any],
    labels: Mapping[str, Text],
    level_labels: LevelLabels,
) -> tuple[Text, str]:
    if column == "Intercept":
        return Text("Constant", "常数项"), ""
    parts: list[Text] = []
    own: list[str] = []
    rest = column
    for factor in factors:
        rest = rest.removeprefix(":").removeprefix(factor)
        levels = [str(level) for level in contrasts[factor].levels] if factor in contrasts else []
        found = [v for v in levels for mark in (f"[T.{v}]", f"[{v}]") if rest.startswith(mark)]
        if not found:
            end = rest.find("]") + 1 if rest.startswith("[") else 0
            parts.append(_variable_label(factor, labels, rest[:end]))
            rest = rest[end:]
        else:
            level = max(found, key=len)
            parts.append(_level_label(factor, level, labels, level_labels))
            own.append(level)
            rest = rest.removeprefix(f"[T.{level}]").removeprefix(f"[{level}]")
    return Text(" × ".join(part.en for part in parts), " × ".join(part.zh for part in parts)), " × ".join(own)


def _variable_label(factor: str, labels: Mapping[str, Text], suffix: str) -> Text:
    label = label_of(labels, factor)
    return Text(label("en") + suffix, label("zh") + suffix)


def _level_label(factor: str, level: str, labels: Mapping[str, Text], level_labels: LevelLabels) -> Text:
    name = next(iter(names_in(factor)), factor) if "(" in factor else factor
    variable, value = label_of(labels, name), level_labels.get(name, {}).get(level, Text(level, level))
    return Text(f"{variable('en')}: {value('en')}", f"{variable('zh')}：{value('zh')}")
