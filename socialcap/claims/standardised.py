"""Coefficients in standard deviations: what one unit of the raw coefficient is worth."""

from __future__ import annotations

import math

import numpy as np

from socialcap.kernels import FloatArray
from socialcap.results import PipelineResult, RegressionResult, Text

_LINEAR = ("ols", "iv", "mixed")
_LATENT_VARIANCE = {
    "logit": math.pi**2 / 3.0,
    "firth": math.pi**2 / 3.0,
    "ordered_logit": math.pi**2 / 3.0,
    "probit": 1.0,
    "ordered_probit": 1.0,
}
STANDARD_DEVIATIONS = Text("standard deviations", "标准差")
LATENT_DEVIATIONS = Text("standard deviations, latent outcome", "标准差（潜变量）")
AS_ESTIMATED = Text("the model's own units", "模型原单位")


def scale(model: RegressionResult, term: str, pipeline: PipelineResult | None = None) -> float | None:
    """sd(regressor) / sd(outcome), by which a coefficient is multiplied to be in standard deviations.

    With the coefficients of a `pipeline` the deviations of scores are of its own scores: these are made on the
    firms of the regression alone, those of the model perhaps on more.

    Linear models: of the sample, weighted where the model is. Logit, probit and ordered models: the outcome is
    the latent one, whose variance is that of the index plus π²/3 or 1; Tobit: plus σ² (McKelvey and Zavoina
    1975). The deviations define the unit, as those of the firms analysed: they are not counted as uncertain.
    A regressor of two values has the standard deviation of its column. None for the constant and for models
    whose outcome has no such scale (counts, fractions, several outcomes or equations).
    """
    equation = model.estimation.equations[0].matrix
    if term not in equation.columns:
        return None
    weights = None if model.estimation.weights is None else model.estimation.weights.to_numpy(dtype=float)
    own = _score_deviation(pipeline, term)
    if own is None:
        own = _deviation(equation[term].to_numpy(dtype=float), weights)
    if own <= 0.0 or term == "Intercept":
        return None
    if model.model in _LINEAR:
        spread = _score_deviation(pipeline, model.outcome)
        if spread is None:
            spread = _deviation(model.estimation.outcome.to_numpy(dtype=float), weights)
    else:
        own_variance = _latent_variance(model)
        if own_variance is None:
            return None
        slopes = model.coefficients.loc[list(equation.columns), "estimate"].to_numpy(dtype=float)
        index = equation.to_numpy(dtype=float) @ slopes
        spread = math.sqrt(_deviation(index, weights) ** 2 + own_variance)
    return own / spread


def _score_deviation(pipeline: PipelineResult | None, name: str) -> float | None:
    """The standard deviation of a factor's or composite's scores in the pipeline; None for other variables."""
    if pipeline is None:
        return None
    if pipeline.composite is not None and name == pipeline.composite.name:
        return _deviation(pipeline.composite.scores.to_numpy(dtype=float), None)
    scores = pipeline.factors.scores
    if scores is None or name not in scores.columns:
        return None
    return _deviation(scores[name].to_numpy(dtype=float), None)


def _latent_variance(model: RegressionResult) -> float | None:
    """The variance of the latent outcome about its index."""
    if model.model == "tobit":
        return model.fit["sigma"] ** 2
    return _LATENT_VARIANCE.get(model.model)


def unit(model: RegressionResult) -> Text:
    """What a scaled coefficient of the model is measured in."""
    return STANDARD_DEVIATIONS if model.model in _LINEAR else LATENT_DEVIATIONS


def _deviation(values: FloatArray, weights: FloatArray | None) -> float:
    return float(np.sqrt(np.cov(values, aweights=weights)))
