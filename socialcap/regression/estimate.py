"""What every estimator hands to the covariance and to the labelled result."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from socialcap.kernels import FloatArray, IntArray
from socialcap.kernels.iv import IvFit
from socialcap.kernels.ols import OlsFit
from socialcap.kernels.working import WorkingFit
from socialcap.regression.design import Outcome
from socialcap.results import Table, Term, Text
from socialcap.results.regression import Equation

NullScores = Callable[[int], tuple[FloatArray, FloatArray]]


@dataclass(frozen=True)
class Estimate:
    """A fitted model before its covariance is chosen; P parameters, n rows.

    parameters (P,) with `names` (P,); `terms` in display order. `linear`: the fit that linear covariances
    read; `scores` (n, P) and `hessian` (P, P): what likelihood covariances read; `working`: the weighted
    regression that a model of one index is at its maximum; `vcov` (P, P): the model's own covariance.
    `slopes`: the parameters whose joint test says whether the model explains anything;
    `untested`: those for which zero is no hypothesis. `null_scores(j)`: scores and Hessian with parameter j
    held at zero and the others estimated again. `exact`: statistic, p_value, ci_low, ci_high by another way
    than the covariance, described by `exact_reference`. `loglik_comparable`: whether likelihood-ratio tests
    against smaller models are valid; `lr_null`: whether one is against the model of a constant alone.
    `quasi`: why the model has no covariance of its own.
    """

    parameters: FloatArray
    names: list[str]
    terms: Mapping[str, Term]
    outcome: Outcome
    equations: tuple[Equation, ...]
    n_obs: int
    df_resid: float
    fit: dict[str, float]
    fitted: pd.Series
    residuals: pd.Series
    estimator: Text
    slopes: list[int]
    linear: OlsFit | IvFit | None = None
    scores: FloatArray | None = None
    hessian: FloatArray | None = None
    working: WorkingFit | None = None
    vcov: FloatArray | None = None
    own_factor: str = "1"
    own_label: Text = field(default_factory=Text)
    n_absorbed: int = 0
    absorbed: tuple[IntArray, ...] = ()
    null_scores: NullScores | None = None
    response: Callable[[FloatArray, FloatArray], Any] | None = None
    outcomes: tuple[str, ...] = ()
    no_response: str = ""
    untested: frozenset[str] = frozenset()
    exact: pd.DataFrame | None = None
    exact_reference: Text = field(default_factory=Text)
    effect_sizes: pd.DataFrame | None = None
    loglik_comparable: bool = False
    lr_null: bool = False
    quasi: str = ""
    remarks: tuple[Text, ...] = ()
    tables: tuple[Table, ...] = ()
    data: pd.DataFrame | None = None
    weights: pd.Series | None = None
