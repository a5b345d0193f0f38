"""Synthetic answers of a population: typed, true, complete but for questions that are not asked."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import betainc, betaincinv, gammaln, ndtr, ndtri

from socialcap.errors import UsageError
from socialcap.kernels import FloatArray
from socialcap.simulation.model import (
    SURVEY_YEAR,
    Composition,
    Condition,
    Count,
    Drawn,
    Linear,
    LogNormal,
    Measured,
    Multiple,
    Nominal,
    Normal,
    Ordinal,
    Percentage,
    Population,
)
from socialcap.simulation.paths import Equation, equations, indicator

COUNT_TAIL = 1e-12
Answers = NDArray[np.float64] | NDArray[np.object_]
Columns = Mapping[str, Answers]


def simulate(population: Population, n: int = 200, seed: int = 1) -> pd.DataFrame:
    """Answers of `n` firms: one column per variable (per option, per part), rows independent of each other.

    Ordinal answers, counts and measurements are floats, nominal ones text codes; a question that was not
    asked is missing. Every variable has its own random stream, made from the seed and its name: the first
    rows of a longer draw are those of a shorter one, and a variable added to the file moves no other.
    Raises UsageError for n < 1.
    """
    if n < 1:
        raise UsageError(f"a survey needs at least one firm, not {n}")
    return _values(population, normal_scores(population, n, seed), n)


def normal_scores(population: Population, n: int, seed: int) -> dict[str, FloatArray]:
    """Normal scores (n,) of latents and drawn variables by name, with the indicators of nominal sources."""
    factor = np.linalg.cholesky(population.phi) if population.latent else np.zeros((0, 0))
    names = [part.name for part in population.latent]
    raw = np.array([stream(seed, name).standard_normal(n) for name in names]).reshape(len(names), n)
    scores: dict[str, FloatArray] = dict(zip(names, factor @ raw, strict=True))
    nominal = {part.name: part for part in population.variable if isinstance(part, Nominal)}
    for name, equation in equations(population).items():
        scores[name] = _score(equation, scores, stream(seed, name).standard_normal(n))
        if name in nominal:
            place = np.searchsorted(_cuts(nominal[name].shares), scores[name])
            for k, code in enumerate(nominal[name].codes):
                scores[indicator(name, code)] = (place == k).astype(np.float64)
    return scores


def stream(seed: int, name: str) -> np.random.Generator:
    """The random stream of one variable."""
    digest = hashlib.sha256(name.encode()).digest()
    return np.random.default_rng([seed, *np.frombuffer(digest[:16], dtype="<u4").tolist()])


def _score(equation: Equation, scores: Mapping[str, FloatArray], noise: FloatArray) -> FloatArray:
    z = equation.shift + equation.residual_sd * noise
    for source, weight in equation.weights.items():
        z = z + weight * scores[source]
    return z


def _values(population: Population, scores: Mapping[str, FloatArray], n: int) -> pd.DataFrame:
    columns: dict[str, Answers] = {}
    for variable in population.variable:
        if isinstance(variable, Linear):
            columns[variable.name] = _linear(variable, columns, population.population.survey_year, n)
        elif isinstance(variable, Multiple):
            columns |= _multiple(variable, scores)
        elif isinstance(variable, Composition):
            columns |= _composition(variable, scores, columns)
        else:
            value = _value(variable, scores[variable.name], columns)
            if variable.asked_if:
                value[~_all_hold(variable.asked_if, columns)] = np.nan if value.dtype.kind == "f" else None
            columns[variable.name] = value
    return pd.DataFrame(columns)


def _value(variable: Drawn, z: FloatArray, columns: Columns) -> Answers:
    match variable:
        case Ordinal():
            return variable.first + _category(variable, z, columns).astype(np.float64)
        case Nominal():
            return np.array(variable.codes, dtype=object)[_category(variable, z, columns)]
        case Count():
            return _count(variable, z)
        case Measured():
            value = _measured(variable, z)
            if variable.at_most:
                bound = np.asarray(columns[variable.at_most.variable], dtype=np.float64)
                value = np.minimum(value, bound + variable.at_most.offset)
            return value
    raise AssertionError(f"no distribution for {type(variable).__name__}")


def _cuts(shares: Sequence[float]) -> FloatArray:
    """Thresholds (k - 1,) on the normal score that give k categories these shares."""
    return np.asarray(ndtri(np.clip(np.cumsum(shares)[:-1], 0.0, 1.0)))


def _category(
    variable: Ordinal | Nominal,
    z: FloatArray,
    columns: Columns,
) -> NDArray[np.int64]:
    place = np.searchsorted(_cuts(variable.shares), z)
    for case in variable.cases:
        place = np.where(_holds(case, columns), np.searchsorted(_cuts(case.shares), z), place)
    return place.astype(np.int64)


def _holds(condition: Condition, columns: Columns) -> NDArray[np.bool_]:
    values = columns[condition.variable]
    hold = np.zeros(len(values), dtype=bool)
    for code in condition.codes:
        hold |= values == (code if isinstance(code, str) else float(code))
    return hold


def _all_hold(conditions: Sequence[Condition], columns: Columns) -> NDArray[np.bool_]:
    return np.asarray(np.logical_and.reduce([_holds(condition, columns) for condition in conditions]))


def _count(variable: Count, z: FloatArray) -> FloatArray:
    """Quantiles by a table of the distribution function, cut at `maximum` by conditioning on it."""
    spread = np.sqrt(variable.mean + (variable.mean**2 / variable.size if variable.size else 0.0))
    top = variable.maximum or int(np.ceil(variable.mean + 60 * spread + 60))
    k = np.arange(top + 1, dtype=np.float64)
    if variable.size:
        r, p = variable.size, variable.size / (variable.size + variable.mean)
        log_pmf = gammaln(k + r) - gammaln(r) - gammaln(k + 1) + r * np.log(p) + k * np.log1p(-p)
    else:
        log_pmf = k * np.log(variable.mean) - variable.mean - gammaln(k + 1)
    cdf = np.cumsum(np.exp(log_pmf))
    # beyond the tail the table's end would count, which is a limit of memory and not of the distribution
    u = np.minimum(np.asarray(ndtr(z)), 1 - COUNT_TAIL)
    return np.asarray(np.searchsorted(cdf[:-1] / cdf[-1], u), dtype=np.float64)


def _measured(variable: Measured, z: FloatArray) -> FloatArray:
    """Quantiles of the truncated distribution: the standing of z is squeezed between those of the bounds."""
    low, high = variable.minimum, variable.maximum
    u = np.asarray(ndtr(z))
    if low is not None or high is not None:
        bottom = 0.0 if low is None else _standing(variable, low)
        top = 1.0 if high is None else _standing(variable, high)
        u = bottom + u * (top - bottom)
    value = _quantile(variable, u)
    if variable.round_to:
        value = np.round(np.round(value / variable.round_to) * variable.round_to, 10)
    return np.clip(value, low, high) if (low is not None or high is not None) else value


def _beta(variable: Percentage) -> tuple[float, float]:
    mean, variance = variable.mean / 100, (variable.sd / 100) ** 2
    total = mean * (1 - mean) / variance - 1
    return mean * total, (1 - mean) * total


def _standing(variable: Measured, value: float) -> float:
    """The distribution function before truncation."""
    match variable:
        case Normal():
            return float(ndtr((value - variable.mean) / variable.sd))
        case LogNormal():
            return float(ndtr(np.log(value / variable.median) / variable.sd_log)) if value > 0 else 0.0
        case Percentage():
            return float(betainc(*_beta(variable), np.clip(value / 100, 0.0, 1.0)))
    raise AssertionError(f"no distribution for {type(variable).__name__}")


def _quantile(variable: Measured, u: FloatArray) -> FloatArray:
    match variable:
        case Normal():
            return np.asarray(variable.mean + variable.sd * ndtri(u))
        case LogNormal():
            return np.asarray(variable.median * np.exp(variable.sd_log * ndtri(u)))
        case Percentage():
            return np.asarray(100 * betaincinv(*_beta(variable), u))
    raise AssertionError(f"no distribution for {type(variable).__name__}")


def _linear(
    variable: Linear,
    columns: Columns,
    survey_year: int,
    n: int,
) -> FloatArray:
    value = np.full(n, variable.constant)
    for name, coefficient in variable.terms.items():
        term = survey_year if name == SURVEY_YEAR else np.asarray(columns[name], dtype=np.float64)
        value = value + coefficient * term
    return value


def _multiple(variable: Multiple, scores: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    ticked = {}
    for option in variable.options:
        name = f"{variable.name}_{option.code}"
        ticked[name] = (scores[name] > ndtri(1 - option.share)).astype(np.float64)
    if variable.none:
        nothing = np.max(list(ticked.values()), axis=0) == 0
        ticked[f"{variable.name}_{variable.none}"] = nothing.astype(np.float64)
    return ticked


def _composition(
    variable: Composition,
    scores: Mapping[str, FloatArray],
    columns: Columns,
) -> dict[str, FloatArray]:
    """Shares in steps of `round_to` by largest remainders, so that each row sums to exactly 100."""
    weights = []
    for part in variable.parts:
        weight = part.weight * np.exp(part.sd * scores[part.name])
        weights.append(np.where(_all_hold(part.only_if, columns), weight, 0.0) if part.only_if else weight)
    stacked = np.array(weights)
    steps = stacked / stacked.sum(axis=0) * (100 / variable.round_to)
    whole = np.floor(steps)
    lacking = np.round(100 / variable.round_to - whole.sum(axis=0))
    rank = np.argsort(np.argsort(-(steps - whole), axis=0, kind="stable"), axis=0)
    shares = (whole + (rank < lacking)) * variable.round_to
    return {part.name: row for part, row in zip(variable.parts, shares, strict=True)}
