"""Tests of a model's assumptions: what each kind of model can be tested for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import stdtr

from socialcap.errors import NotAvailableError, UsageError
from socialcap.kernels import FloatArray
from socialcap.kernels.binary import BinaryFit, fractional_logit, logit, probit
from socialcap.kernels.brant import brant_test
from socialcap.kernels.classification import area_under_curve, calibration, hosmer_lemeshow
from socialcap.kernels.diagnostics import (
    ChiSquareTest,
    Estimated,
    FTest,
    LinkTest,
    NormalityTest,
    breusch_pagan,
    durbin_watson,
    jarque_bera,
    link_test,
    reset,
    white_test,
)
from socialcap.kernels.influence import conditioning, influence
from socialcap.kernels.ols import fit_ols
from socialcap.kernels.ordered import ordered_logit, ordered_probit
from socialcap.regression.inputs import one_index, plain_least_squares, values
from socialcap.results import RegressionResult, Text
from socialcap.results.diagnostics import (
    DIAGNOSTIC_COLUMNS,
    BinaryDiagnosticsResult,
    DiagnosticsResult,
    LinearDiagnosticsResult,
    OrderedDiagnosticsResult,
)

_BINARY: Mapping[str, Callable[..., BinaryFit]] = {"logit": logit, "probit": probit}
_ORDERED = {"ordered_logit": ordered_logit, "ordered_probit": ordered_probit}
_SINGULAR = Text("a model that it refits has no finite estimates", "其所需的重拟合模型无有限估计")
_TWO_VALUES = Text("the fitted values have too few distinct values", "拟合值的不同取值过少")
_Row = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class _Refit:
    """Coefficients (p,) and vcov (p, p) of a refit."""

    coefficients: FloatArray
    vcov: FloatArray


def diagnostics(
    result: RegressionResult,
    *,
    powers: Sequence[int] = (2, 3),
    groups: int = 10,
    cutoff: float = 0.5,
    folds: int = 10,
    seed: int = 1,
) -> DiagnosticsResult:
    """Tests of the assumptions of a fitted model.

    "ols": Breusch-Pagan in Koenker's (1981) form, White (1980), RESET with `powers` of the fitted values (R's
        default; Stata's is 2, 3, 4), Jarque-Bera, Durbin-Watson in the order of the rows, link test;
        influence and collinearity (a LinearDiagnosticsResult).
    "logit", "probit": Hosmer-Lemeshow over `groups`, link test; area under the ROC curve, calibration by
        `folds` of cross-validation (`seed`), classification at `cutoff` (a BinaryDiagnosticsResult).
    "ordered_logit": Brant's test, link test; "ordered_probit": link test (an OrderedDiagnosticsResult).
    "fractional": link test.

    Raises UsageError for options out of range, weighted models and models with absorbed effects;
    NotAvailableError for models that none of these is made for.
    """
    _require_options(powers, groups, cutoff, folds)
    if result.model == "ols":
        plain_least_squares(result, "this set of tests")
        return _linear(result, tuple(powers))
    if result.model not in (*_BINARY, *_ORDERED, "fractional"):
        raise NotAvailableError(f"there are no tests of assumptions for model={result.model!r}")
    if result.estimation.weights is not None:
        raise UsageError(f"these tests are for unweighted models; {result.name!r} has weights")
    if result.model in _BINARY:
        return _binary(result, groups, cutoff, folds, seed)
    if result.model in _ORDERED:
        return _ordered(result)
    return _fractional(result)


def _require_options(powers: Sequence[int], groups: int, cutoff: float, folds: int) -> None:
    if not powers or any(power < 2 for power in powers) or len(set(powers)) < len(powers):
        raise UsageError("powers: whole numbers from 2 on, each once")
    if groups < 3:
        raise UsageError("groups: at least three are needed for a test")
    if not 0.0 < cutoff < 1.0:
        raise UsageError(f"cutoff = {cutoff:g} is not between 0 and 1")
    if folds < 2:
        raise UsageError("folds: at least two")


def _common(result: RegressionResult) -> dict[str, Any]:
    terms = {name: term.label for name, term in result.terms.items() if not term.reference}
    return {
        "name": result.name,
        "label": result.label,
        "model": result.model,
        "n_obs": result.n_obs,
        "labels": result.labels,
        "terms": terms,
    }


def _row(test: ChiSquareTest | FTest | NormalityTest) -> _Row:
    if isinstance(test, FTest):
        return test.statistic, test.df_numerator, test.df_denominator, test.p_value
    return test.statistic, test.df, np.nan, test.p_value


def _frame(tests: Mapping[str, _Row]) -> pd.DataFrame:
    return pd.DataFrame(list(tests.values()), list(tests), list(DIAGNOSTIC_COLUMNS), dtype=float)


def _linear(result: RegressionResult, powers: tuple[int, ...]) -> LinearDiagnosticsResult:
    matrix, outcome = one_index(result)
    x, y = values(matrix), outcome.to_numpy(dtype=float)
    residuals = fit_ols(x, y).residuals
    fitted = y - residuals
    normality = jarque_bera(residuals)
    tests: dict[str, _Row] = {
        "breusch_pagan": _row(breusch_pagan(residuals, x)),
        "white": _row(white_test(residuals, x)),
    }
    without: dict[str, Text] = {}
    distinct = len(np.unique(np.round(fitted / np.abs(fitted).max(), 10)))
    key = "reset_" + "_".join(map(str, powers))
    if distinct > max(powers):
        tests[key] = _row(reset(y, x, powers))
    else:
        without[key] = _TWO_VALUES
    tests["jarque_bera"] = _row(normality)
    tests["durbin_watson"] = (durbin_watson(residuals), np.nan, np.nan, np.nan)
    if distinct > 2:
        tests["link"] = _linear_link(y, fitted)
    else:
        without["link"] = _TWO_VALUES
    pull = influence(y, x)
    bend = conditioning(x)
    names = list(matrix.columns)
    return LinearDiagnosticsResult(
        **_common(result),
        tests=_frame(tests),
        without=without,
        influence=pd.DataFrame(
            {
                "leverage": pull.leverage,
                "standardised": pull.standardised,
                "studentised": pull.studentised,
                "cooks_distance": pull.cooks_distance,
                "dffits": pull.dffits,
            },
            index=matrix.index,
        ),
        dfbetas=pd.DataFrame(pull.dfbetas, index=matrix.index, columns=names),
        collinearity=pd.DataFrame(
            {"vif": result.coefficients["vif"], "tolerance": 1.0 / result.coefficients["vif"]}
        ),
        condition_number=bend.number,
        condition=pd.DataFrame(np.column_stack([bend.indexes, bend.proportions]), columns=["index", *names]),
        skewness=normality.skewness,
        kurtosis=normality.kurtosis,
    )


def _linear_link(y: FloatArray, fitted: FloatArray) -> _Row:
    """The link test with the t distribution of least squares."""

    def refit(x: FloatArray) -> _Refit:
        fit = fit_ols(x, y)
        return _Refit(fit.coefficients, fit.sigma2 * fit.xtx_inv)

    found = link_test(refit, fitted)
    df = y.size - 3
    return found.statistic, np.nan, df, float(2.0 * stdtr(df, -abs(found.statistic)))


def _binary(
    result: RegressionResult, groups: int, cutoff: float, folds: int, seed: int
) -> BinaryDiagnosticsResult:
    matrix, outcome = one_index(result)
    x, y = values(matrix), outcome.to_numpy(dtype=float)
    fit = _BINARY[result.model]
    index = x @ result.estimation.parameters
    fitted = result.fitted.to_numpy(dtype=float)
    agreement = hosmer_lemeshow(y, fitted, groups)
    tests: dict[str, _Row] = {}
    without: dict[str, Text] = {}
    if agreement.test.df > 0:
        tests["hosmer_lemeshow"] = _row(agreement.test)
    else:
        without["hosmer_lemeshow"] = _TWO_VALUES
    _add_link(tests, without, lambda design: fit(y, design), index)
    areas = {"same rows": area_under_curve(y, fitted)}
    held_out = _held_out(y, x, fit, folds, seed)
    agreed: dict[str, float] = {}
    if held_out is not None:
        areas["cross-validated"] = area_under_curve(y, held_out)
        found = calibration(y, held_out)
        agreed = {key: value for key, value in asdict(found).items() if key != "unreliability"}
        agreed |= {
            "unreliability": found.unreliability.statistic,
            "unreliability_p": found.unreliability.p_value,
        }
    table = _classified(y, fitted, cutoff)
    return BinaryDiagnosticsResult(
        **_common(result),
        tests=_frame(tests),
        without=without,
        discrimination=pd.DataFrame([asdict(area) for area in areas.values()], index=list(areas)),
        calibration=agreed,
        groups=pd.DataFrame(asdict(agreement.groups)),
        roc=_roc(y, fitted),
        classification=table,
        rates=_rates(table),
        cutoff=cutoff,
        folds=folds,
        seed=seed,
    )


def _add_link(
    tests: dict[str, _Row],
    without: dict[str, Text],
    refit: Callable[[FloatArray], Any],
    index: FloatArray,
    constant: bool = True,
) -> None:
    """Enters the link test of a likelihood model, or why there is none."""
    if len(np.unique(np.round(index / max(np.abs(index).max(), 1e-300), 10))) <= 2:
        without["link"] = _TWO_VALUES
        return
    converged: list[bool] = []

    def fitted(design: FloatArray) -> Estimated:
        found = refit(design)
        converged.append(bool(found.converged))
        estimated: Estimated = found
        return estimated

    found: LinkTest = link_test(fitted, index, constant)
    if all(converged):
        tests["link"] = (found.statistic, np.nan, np.inf, found.p_value)
    else:
        without["link"] = _SINGULAR


def _held_out(
    y: FloatArray, x: FloatArray, fit: Callable[..., BinaryFit], folds: int, seed: int
) -> FloatArray | None:
    """Probability of each row (n,) from the model fitted without its fold; None where one cannot be fitted.

    All folds are fitted at once, the rows left out having weight zero.
    """
    order = np.random.default_rng(seed).permutation(y.size)
    fold = np.empty(y.size, dtype=np.int64)
    # folds of equal shares of each outcome
    fold[order[np.argsort(y[order], kind="stable")]] = np.arange(y.size) % folds
    kept = (fold != np.arange(folds)[:, None]).astype(float)
    found = fit(y, x, kept)
    if not found.converged.all():
        return None
    probability = found.fitted[fold, np.arange(y.size)]
    inside = (probability > 0.0) & (probability < 1.0)
    return probability if inside.all() else None


def _roc(y: FloatArray, fitted: FloatArray) -> pd.DataFrame:
    """Rates of ones and zeros at or above each fitted probability, from none to all."""
    cutoffs, place = np.unique(-fitted, return_inverse=True)
    ones = np.bincount(place, weights=y, minlength=cutoffs.size)
    zeros = np.bincount(place, weights=1.0 - y, minlength=cutoffs.size)
    return pd.DataFrame(
        {
            "cutoff": np.concatenate([[np.inf], -cutoffs]),
            "false_positive": np.concatenate([[0.0], np.cumsum(zeros) / zeros.sum()]),
            "true_positive": np.concatenate([[0.0], np.cumsum(ones) / ones.sum()]),
        }
    )


def _classified(y: FloatArray, fitted: FloatArray, cutoff: float) -> pd.DataFrame:
    """Counts by outcome and prediction, a probability at the cutoff being a one."""
    predicted = fitted >= cutoff
    counts = [
        [int(((y == value) & (predicted == guess)).sum()) for guess in (False, True)] for value in (0, 1)
    ]
    return pd.DataFrame(
        counts, index=pd.Index([0, 1], name="observed"), columns=pd.Index([0, 1], name="predicted")
    )


def _rates(table: pd.DataFrame) -> dict[str, float]:
    (true_zero, false_one), (false_zero, true_one) = table.to_numpy(dtype=float)
    total = true_zero + false_one + false_zero + true_one
    guessed = false_one + true_one
    return {
        "accuracy": (true_zero + true_one) / total,
        "sensitivity": true_one / (true_one + false_zero),
        "specificity": true_zero / (true_zero + false_one),
        "precision": true_one / guessed if guessed > 0 else np.nan,
        "no_information": max(true_zero + false_one, true_one + false_zero) / total,
    }


def _ordered(result: RegressionResult) -> OrderedDiagnosticsResult:
    matrix, outcome = one_index(result)
    x, y = values(matrix), outcome.to_numpy().astype(np.int64)
    categories = len(result.estimation.categories) or int(y.max()) + 1
    index = x @ result.estimation.parameters[: x.shape[1]]
    tests: dict[str, _Row] = {}
    without: dict[str, Text] = {}
    by_column, slopes = pd.DataFrame(), pd.DataFrame()
    if result.model == "ordered_logit":
        found = brant_test(y, x, categories)
        if found.settled.all():
            tests["brant"] = _row(found.omnibus)
            names = list(matrix.columns)
            by_column = pd.DataFrame([asdict(test) for test in found.by_column], index=names)
            slopes = pd.DataFrame(found.slopes, index=_cutpoints(result, categories), columns=names)
        else:
            without["brant"] = _SINGULAR
    fit = _ORDERED[result.model]
    _add_link(tests, without, lambda design: fit(y, design, categories), index, constant=False)
    return OrderedDiagnosticsResult(
        **_common(result), tests=_frame(tests), without=without, brant=by_column, slopes=slopes
    )


def _cutpoints(result: RegressionResult, categories: int) -> list[str]:
    named = result.estimation.categories or tuple(map(str, range(categories)))
    return [f"> {name}" for name in named[:-1]]


def _fractional(result: RegressionResult) -> DiagnosticsResult:
    matrix, outcome = one_index(result)
    y = outcome.to_numpy(dtype=float)
    tests: dict[str, _Row] = {}
    without: dict[str, Text] = {}
    index = values(matrix) @ result.estimation.parameters
    _add_link(tests, without, lambda design: fractional_logit(y, design), index)
    return DiagnosticsResult(**_common(result), tests=_frame(tests), without=without)
