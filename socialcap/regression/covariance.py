"""Which covariance a model gets: by name, with its small-sample factor and degrees of freedom."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import special

from socialcap.errors import EstimationError, UsageError
from socialcap.kernels import FloatArray, IntArray
from socialcap.kernels.cluster_adjustment import cr2, cr3, satterthwaite_df
from socialcap.kernels.iv import IvFit
from socialcap.kernels.ols import OlsFit
from socialcap.kernels.sandwich import (
    ClusterFactor,
    Covariance,
    CrKind,
    HcKind,
    RowFactor,
    cluster_robust,
    heteroskedastic,
    likelihood_clustered,
    likelihood_robust,
    nonrobust,
    two_way,
)
from socialcap.kernels.survey_design import SurveyDesign, linearised, linearised_likelihood, survey_design
from socialcap.regression.estimate import Estimate
from socialcap.regression.sample import Sample
from socialcap.regression.small_sample import LABELS, NO_LEVERAGES, REMARKS, SMALL_SAMPLE, small_sample
from socialcap.regression.wild import WildOptions, bootstrapped, is_nested, require_nested
from socialcap.results import Text
from socialcap.results.regression import NORMAL, CovarianceNote

COVARIANCES = (
    *("nonrobust", "HC0", "HC1", "HC2", "HC3", "HC4"),
    *("CR0", "CR1", "CR2", "CR3", "two_way", "wild", "linearised"),
)
_CLUSTERED = ("CR0", "CR1", "CR2", "CR3", "two_way", "wild")
_LIKELIHOOD = ("nonrobust", "HC0", "HC1", "CR0", "CR1", "two_way", "wild", "linearised")
_IV = ("nonrobust", "HC0", "HC1", "CR0", "CR1")
_LEVEL = 0.95

_LABELS = {
    "nonrobust": Text("Classical", "经典"),
    **{name: Text(f"{name} robust", f"{name} 稳健") for name in ("HC0", "HC1", "HC2", "HC3", "HC4")},
    **{name: Text(f"{name} cluster-robust", f"{name} 聚类稳健") for name in ("CR0", "CR1", "CR2", "CR3")},
    "two_way": Text("Two-way cluster-robust (V₁ + V₂ − V₁₂)", "双向聚类稳健（V₁ + V₂ − V₁₂）"),
    "wild": Text("CR1 cluster-robust", "CR1 聚类稳健"),
    "linearised": Text("Linearised survey", "抽样设计线性化"),
}
_WILD_BOOTSTRAP = Text("wild cluster bootstrap", "野聚类自助法")
_SCORE_BOOTSTRAP = Text("wild score bootstrap", "野得分自助法")


@dataclass(frozen=True)
class Inference:
    """A covariance (P, P) with what is made of it: `table` has std_error, statistic, p_value, ci_low, ci_high
    and df of each parameter; `df`: degrees of freedom (m,) of contrasts (m, P).
    """

    vcov: FloatArray
    table: pd.DataFrame
    note: CovarianceNote
    df: Callable[[FloatArray], FloatArray]
    joint_df: float
    remarks: tuple[Text, ...] = ()


def infer(estimate: Estimate, kind: str, sample: Sample, wild: WildOptions) -> Inference:
    """The covariance `kind` of an estimate, with tests and intervals.

    Raises UsageError for a covariance that the model does not have or that needs clusters which are not
    given; EstimationError for a single cluster and for strata of one unit.
    """
    clusters = _clusters(kind, sample)
    _require_available(estimate, kind)
    if estimate.linear is not None:
        found = _linear(estimate, estimate.linear, kind, clusters, sample)
    else:
        found = _likelihood(estimate, kind, clusters, sample)
    errors = _errors(found.vcov, estimate.names)
    table = _wald(estimate, errors, found.df)
    remarks: tuple[Text, ...] = ()
    reference = _reference(found.df)
    if kind == "wild":
        table, remark = bootstrapped(estimate, table, clusters[0], wild)
        remarks = (remark,)
        reference = _SCORE_BOOTSTRAP if estimate.linear is None else _WILD_BOOTSTRAP
    if estimate.exact is not None:
        table = table.assign(**{str(name): estimate.exact[name] for name in estimate.exact})
        reference = estimate.exact_reference
    label = estimate.own_label if kind == "nonrobust" and estimate.own_label else _LABELS[kind]
    if estimate.linear is None and kind in SMALL_SAMPLE:
        label, remarks = LABELS[kind], (REMARKS[kind],)
    groups = found.n_clusters if clusters else ()
    note = CovarianceNote(kind, label, found.factor, reference, groups)
    return Inference(
        found.vcov, table, note, _contrast_df(estimate, found, kind, clusters), _joint(found, kind), remarks
    )


def _clusters(kind: str, sample: Sample) -> tuple[IntArray, ...]:
    """Codes of the clusters that `kind` needs."""
    codes = sample.codes("clusters")
    if kind in _CLUSTERED and not codes:
        raise UsageError(f"cov={kind!r} needs clusters=, the variable that says which rows belong together")
    if kind == "two_way" and len(codes) != 2:
        raise UsageError(f"cov='two_way' needs two variables in clusters=, not {len(codes)}")
    if kind in _CLUSTERED and kind != "two_way" and len(codes) > 1:
        raise UsageError(f"cov={kind!r} takes one variable in clusters=; for two use cov='two_way'")
    if codes and kind not in (*_CLUSTERED, "linearised"):
        raise UsageError(
            f"clusters are given, but cov={kind!r} takes no account of them; CR0 to CR3, wild or two_way do"
        )
    for name, code in zip(sample.names("clusters"), codes, strict=True):
        if len(np.unique(code)) < 2:
            raise EstimationError(
                f"all rows are in one cluster of {name}: its variance cannot be seen from a single cluster"
            )
    return codes


def _require_available(estimate: Estimate, kind: str) -> None:
    if kind == "nonrobust" and estimate.quasi:
        raise UsageError(f"cov='nonrobust' is no covariance here: {estimate.quasi}; use HC0 or CR1")
    reason = ""
    if isinstance(estimate.linear, IvFit):
        valid: tuple[str, ...] = _IV
    elif estimate.linear is not None:
        valid = COVARIANCES
    elif estimate.scores is None or estimate.exact is not None:
        valid = ("nonrobust",)
    elif estimate.working is None:
        valid, reason = _LIKELIHOOD, NO_LEVERAGES if kind in SMALL_SAMPLE else ""
    else:
        valid = COVARIANCES
    if kind not in valid:
        because = f": {reason}" if reason else ""
        raise UsageError(
            f"cov={kind!r} is not available for {estimate.estimator('en')}{because}; available are "
            f"{', '.join(valid)}"
        )
    if kind == "wild" and estimate.linear is None and estimate.null_scores is None:
        raise UsageError(
            f"cov='wild' needs a model of one index with two regressors or more, which "
            f"{estimate.estimator('en')} here is not"
        )


def _linear(
    estimate: Estimate,
    fit: OlsFit | IvFit,
    kind: str,
    clusters: tuple[IntArray, ...],
    sample: Sample,
) -> Covariance:
    """Covariance of a linear fit."""
    if kind == "nonrobust":
        return nonrobust(fit)
    if kind == "linearised":
        return linearised(fit, _design(sample))
    if kind.startswith("HC"):
        return heteroskedastic(fit, _hc(kind))
    parameters = _counted_parameters(estimate, fit, clusters)
    if kind == "two_way":
        return two_way(fit, (clusters[0], clusters[1]), "CR1", n_parameters=parameters)
    if kind in ("CR0", "CR1", "wild"):
        return cluster_robust(fit, clusters[0], _cr(kind), n_parameters=parameters)
    require_nested(estimate, kind, clusters[0])
    return cr2(fit, clusters[0]) if kind == "CR2" else cr3(fit, clusters[0], "1")


def _hc(kind: str) -> HcKind:
    kinds: dict[str, HcKind] = {"HC0": "HC0", "HC1": "HC1", "HC2": "HC2", "HC3": "HC3", "HC4": "HC4"}
    return kinds[kind]


def _cr(kind: str) -> CrKind:
    return "CR0" if kind == "CR0" else "CR1"


def _counted_parameters(
    estimate: Estimate, fit: OlsFit | IvFit, clusters: tuple[IntArray, ...]
) -> float | None:
    """Parameters in the factor (n-1)/(n-k): levels nested in the clusters count as one (Stata, fixest)."""
    if not estimate.absorbed or len(clusters) != 1:
        return None
    nested = [is_nested(levels, clusters[0]) for levels in estimate.absorbed]
    if not all(nested):
        return None
    return float(fit.x.shape[-1] + 1)


def _likelihood(estimate: Estimate, kind: str, clusters: tuple[IntArray, ...], sample: Sample) -> Covariance:
    """Covariance of a likelihood fit."""
    if kind == "nonrobust":
        assert estimate.vcov is not None  # estimators without a covariance of their own say so in `quasi`
        infinite = np.full(len(estimate.names), np.inf)
        return Covariance(estimate.vcov, infinite, estimate.own_factor)
    if kind in SMALL_SAMPLE:
        assert estimate.working is not None  # checked before
        return small_sample(estimate.working, kind, clusters)
    assert estimate.scores is not None and estimate.hessian is not None
    if kind == "linearised":
        return linearised_likelihood(estimate.scores, estimate.hessian, _design(sample))
    if kind.startswith("HC"):
        factor: RowFactor = "n/(n-k)" if kind == "HC1" else "1"
        return likelihood_robust(estimate.scores, estimate.hessian, factor)
    scale: ClusterFactor = "1" if kind == "CR0" else "G/(G-1)"
    return likelihood_clustered(estimate.scores, estimate.hessian, clusters, scale)


def _design(sample: Sample) -> SurveyDesign:
    """The survey design of the sample; EstimationError for strata of a single unit."""
    strata, clusters = sample.codes("strata"), sample.codes("clusters")
    if len(strata) > 1 or len(clusters) > 1:
        raise UsageError("cov='linearised' takes one variable in strata= and one in clusters=")
    found = survey_design(
        len(sample.data),
        strata=strata[0] if strata else None,
        clusters=clusters[0] if clusters else None,
    )
    lonely = found.lonely_strata
    if len(lonely):
        values = sample.roles["strata"].iloc[:, 0] if strata else pd.Series(dtype=object)
        names = [str(pd.unique(values)[i]) for i in lonely]
        raise EstimationError(
            f"strata of a single unit show no variance: {', '.join(names)}; join them with others"
        )
    return found


def _errors(vcov: FloatArray, names: list[str]) -> FloatArray:
    """Standard errors; EstimationError for a variance that came out negative, as two-way ones can."""
    variances = np.diag(vcov)
    negative = [name for name, value in zip(names, variances, strict=True) if value < 0]
    if negative:
        raise EstimationError(
            f"the two-way clustered variance of {', '.join(negative)} is negative: these data do not "
            "carry it; cluster one way"
        )
    return np.sqrt(variances)


def _wald(estimate: Estimate, errors: FloatArray, df: FloatArray) -> pd.DataFrame:
    """Estimates over their errors, referred to t(df)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = estimate.parameters / errors
    tested = np.array([name not in estimate.untested for name in estimate.names])
    width = quantile(df) * errors
    return pd.DataFrame(
        {
            "std_error": errors,
            "statistic": np.where(tested, statistic, np.nan),
            "p_value": np.where(tested, two_sided_p(statistic, df), np.nan),
            "ci_low": estimate.parameters - width,
            "ci_high": estimate.parameters + width,
            "df": df,
        },
        index=estimate.names,
    )


def two_sided_p(statistic: FloatArray, df: FloatArray) -> FloatArray:
    """P(|T| > |t|) under t(df), the normal where df is infinite."""
    size = -np.abs(statistic)
    finite = np.where(np.isinf(df), 1.0, df)
    return np.asarray(2.0 * np.where(np.isinf(df), special.ndtr(size), special.stdtr(finite, size)))


def quantile(df: FloatArray, level: float = _LEVEL) -> FloatArray:
    """Half-width in standard errors of an interval at `level` under t(df)."""
    p = 0.5 * (1.0 + level)
    finite = np.where(np.isinf(df), 1.0, df)
    return np.asarray(np.where(np.isinf(df), special.ndtri(p), special.stdtrit(finite, p)))


def _reference(df: FloatArray) -> Text:
    """The distribution that the estimates are referred to."""
    if np.isinf(df).all():
        return NORMAL
    if np.ptp(df) == 0:
        return Text(f"t distribution with {df[0]:.0f} degrees of freedom", f"t 分布自由度 {df[0]:.0f}")
    low, high = df.min(), df.max()
    return Text(
        f"t distributions with Satterthwaite degrees of freedom ({low:.1f} to {high:.1f})",
        f"t 分布，Satterthwaite 自由度（{low:.1f} 至 {high:.1f}）",
    )


def _contrast_df(
    estimate: Estimate, found: Covariance, kind: str, clusters: tuple[IntArray, ...]
) -> Callable[[FloatArray], FloatArray]:
    """Degrees of freedom of any linear combination of the parameters."""
    fit, working = estimate.linear, estimate.working
    if kind == "CR2" and fit is not None:
        code = clusters[0]
        return lambda contrasts: satterthwaite_df(fit, code, contrasts)
    if kind == "CR2" and working is not None:
        code = clusters[0]
        return lambda contrasts: satterthwaite_df(working, code, contrasts, working.variances)
    df = float(found.df[0])
    return lambda contrasts: np.full(contrasts.shape[0], df)


def _joint(found: Covariance, kind: str) -> float:
    """Denominator degrees of freedom of a joint test: those of the t tests; G - 1 under CR2."""
    return found.n_clusters[0] - 1.0 if kind == "CR2" else float(found.df[0])


def joint_test(inference: Inference, parameters: FloatArray, tested: list[int]) -> tuple[float, float, float]:
    """Wald statistic b'V^-1 b of the parameters `tested`, their number, and its p-value.

    Referred to F(m, joint df) where those are finite, the chi-squared otherwise; NaN where the block of the
    covariance is singular, as with fewer clusters than coefficients.
    """
    m = len(tested)
    if m == 0:
        return np.nan, 0.0, np.nan
    block = inference.vcov[np.ix_(tested, tested)]
    scale = np.sqrt(np.diag(block))
    scaled = block / np.outer(scale, scale)
    if np.linalg.cond(scaled) > 1e12 or np.linalg.eigvalsh(scaled)[0] <= 0:
        return np.nan, float(m), np.nan
    b = parameters[tested] / scale
    statistic = float(b @ np.linalg.solve(scaled, b))
    df = inference.joint_df
    if np.isinf(df):
        return statistic, float(m), float(special.chdtrc(m, statistic))
    return statistic, float(m), float(special.fdtrc(m, df, statistic / m))
