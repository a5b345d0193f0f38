"""The firms of a study and the variables of its models, before any model."""

from __future__ import annotations

import re

import pandas as pd

from socialcap.codebook import ItemType
from socialcap.codebook.checks import expanded_names
from socialcap.measurement import profile
from socialcap.plan import ProfilePart
from socialcap.regression.formula import read_formula
from socialcap.results import MeasurementResult, ProfileResult, Text
from socialcap.study.setting import Setting
from socialcap.survey.numeric import is_numeric

_COUNTED = (ItemType.NOMINAL, ItemType.ORDINAL, ItemType.MULTIPLE)


def describe(
    setting: Setting, part: ProfilePart, data: pd.DataFrame, measured: MeasurementResult | None
) -> ProfileResult | None:
    """Sample profile, structure of funding, descriptive statistics and correlations of `data`, which holds the
    scores; None where there is nothing to describe, or it cannot be, which the problems then say.
    """
    described = part.describe
    if described is None:
        described = tuple(model_variables(setting, data, measured))
    if not (part.variables or part.funding or described):
        return None
    setting.progress("profile of the firms")
    several = {
        name: dict(zip(setting.levels[name], expanded_names(setting.book[name], setting.book), strict=True))
        for name in part.variables
        if name in setting.book and setting.book[name].type is ItemType.MULTIPLE
    }
    return setting.attempt(
        "profile",
        lambda: profile(
            data,
            part.variables,
            funding=part.funding,
            describe=described,
            multiple=several,
            labels={**{str(name): setting.survey.label(str(name)) for name in data}, **setting.labels},
            level_labels=_counted_levels(setting),
        ),
    )


def _counted_levels(setting: Setting) -> dict[str, dict[str, Text]]:
    """The levels of variables that are counted, without options that stand for a missing answer."""
    book = setting.book
    answers = {
        item.name: [option.code for option in book.options(item) if option.missing is None]
        for item in book
        if item.type in _COUNTED and item.values
    }
    return {name: {code: setting.levels[name][code] for code in codes} for name, codes in answers.items()}


def model_variables(setting: Setting, data: pd.DataFrame, measured: MeasurementResult | None) -> list[str]:
    """The numeric variables of all regressions, outcomes first, then the factors and the composite."""
    columns = [str(name) for name in data.columns]
    outcomes: list[str] = []
    regressors: list[str] = []
    for regression in setting.plan.regression:
        read = read_formula(regression.formula, columns)
        explaining = read.regressor_variables()
        for name in sorted(read.variables(), key=lambda name: _place(name, regression.formula)):
            (regressors if name in explaining else outcomes).append(name)
    factors = (
        [*measured.factors.names, setting.plan.factors.composite_name]
        if measured and setting.plan.factors
        else []
    )
    names = dict.fromkeys([*outcomes, *regressors, *map(str, factors)])
    return [name for name in names if is_numeric(data[name]) and data[name].notna().any()]


def _place(name: str, formula: str) -> int:
    """Where a variable stands in a formula."""
    found = re.search(rf"(?<!\w){re.escape(name)}(?!\w)", formula)
    return found.start() if found else len(formula)
