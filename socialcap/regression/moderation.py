"""How a slope changes with a moderator: the interaction, simple slopes, and where they differ from zero."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy.special import stdtr, stdtrit

from socialcap.kernels import FloatArray
from socialcap.kernels.moderation import conditional_slope, johnson_neyman
from socialcap.regression.inputs import (
    as_term,
    moderator_levels,
    numbers,
    one_index,
    quoted,
    require_columns,
    require_level,
    require_one_of,
    require_variation,
    values,
)
from socialcap.regression.models import Covariance, regress
from socialcap.regression.sample import Columns
from socialcap.regression.terms import LevelLabels
from socialcap.results import RegressionResult, Text
from socialcap.results.moderation import ModerationResult

Center = Literal["mean", "none"]
_GRID = 101
_LINE = 25


@dataclass(frozen=True)
class _Fit:
    """The model with the interaction, cause and moderator less `means`; `used`: its rows, uncentred."""

    model: RegressionResult
    x: str
    w: str
    used: pd.DataFrame
    means: pd.Series
    level: float

    @property
    def pair(self) -> list[str]:
        """Names of the coefficients of the cause and of its product with the moderator."""
        return [self.x, f"{self.x}:{self.w}"]


def moderation(
    data: pd.DataFrame,
    *,
    y: str,
    x: str,
    w: str,
    covariates: Sequence[str] = (),
    cov: Covariance | None = None,
    clusters: Columns = None,
    center: Center = "mean",
    levels: Sequence[float] | None = None,
    level: float = 0.95,
    labels: Mapping[str, Text] | None = None,
    level_labels: LevelLabels | None = None,
) -> ModerationResult:
    """The slope of `x` on `y` as a linear function of the moderator `w`, by least squares.

    covariates: columns or formula terms, such as "C(trade)". center: "mean" subtracts the means of `x` and
    `w` over the rows used before the product is taken, which changes the two lower-order coefficients (each
    is then the slope at the other's mean) and neither the interaction, nor the simple slopes, nor the
    regions. levels: of the moderator at which simple slopes are shown, in its own units; by default its two
    values, or its mean and one standard deviation (ddof 1) either side. cov and clusters as
    in `regress`, so that cov=None is HC3, with clusters CR2; confidence `level`.

    Simple slopes b1 + b3 w (Aiken and West 1991); regions of significance from the exact roots of the
    quadratic (Johnson and Neyman 1936; Bauer and Curran 2005), pointwise at the level, with the degrees of
    freedom of the interaction, and none for a moderator with two values. ΔR² and Cohen's f² are of the
    interaction, against the model without it.

    Raises UsageError for unknown (nearest name), repeated or non-numeric variables and bad options;
    EstimationError for variables without variation and collinear regressors.
    """
    require_one_of("center", center, ("mean", "none"))
    require_level(level)
    roles = {"x": x, "w": w, "y": y}
    require_columns(data, roles)
    frame = numbers(data, [x, w, y])
    require_variation(frame, roles)
    words = {"labels": labels or {}, "level_labels": level_labels}
    settings: dict[str, Any] = {"cov": cov, "clusters": clusters, **words}
    additive = " + ".join([quoted(x), quoted(w), *(as_term(part, data) for part in covariates)])
    without = regress(f"{quoted(y)} ~ {additive}", frame, **settings)
    used = frame.loc[one_index(without)[0].index]
    means = used[[x, w]].mean() if center == "mean" else pd.Series(0.0, [x, w])
    centred = frame.assign(**{name: frame[name] - means[name] for name in (x, w)})
    model = regress(
        f"{quoted(y)} ~ {additive} + {quoted(x)}:{quoted(w)}", centred, name="moderation", **settings
    )
    fit = _Fit(model, x, w, used, means, level)
    at = moderator_levels(used[w], levels)
    two_valued = bool(used[w].nunique() == 2)
    regions = [] if two_valued else _regions(fit)
    delta_r2 = model.fit["r2"] - without.fit["r2"]
    return ModerationResult(
        y=y,
        x=x,
        w=w,
        model=model,
        interaction=fit.pair[1],
        slopes=_slopes(fit, at),
        regions=_region_frame(regions, used[w]),
        roots=_root_frame(regions, used[w]),
        slope_curve=_slopes(fit, np.linspace(used[w].min(), used[w].max(), _GRID)),
        lines=_lines(fit, at),
        delta_r2=delta_r2,
        f2=delta_r2 / (1.0 - model.fit["r2"]),
        center=center,
        means={name: float(used[name].mean()) for name in (x, w)},
        w_range=(float(used[w].min()), float(used[w].max())),
        two_valued=two_valued,
        n_obs=model.n_obs,
        dropped=model.dropped,
        level=level,
        labels=labels or {},
    )


def _pair(fit: _Fit) -> tuple[FloatArray, FloatArray]:
    """Coefficients (2,) of cause and product, and their covariance (2, 2)."""
    estimates = values(fit.model.coefficients.loc[fit.pair, ["estimate"]])[:, 0]
    return estimates, values(fit.model.vcov.loc[fit.pair, fit.pair])


def _df(fit: _Fit, contrasts: pd.DataFrame) -> FloatArray:
    """Degrees of freedom (m,) of combinations (m, named coefficients) of the coefficients."""
    every = contrasts.reindex(columns=fit.model.coefficients.index, fill_value=0.0)
    return np.asarray(fit.model.estimation.df(values(every)), dtype=float)


def _slopes(fit: _Fit, at: FloatArray) -> pd.DataFrame:
    """Slope with error, t, p and interval at values (L,) of the moderator, in its own units."""
    centred = at - float(fit.means[fit.w])
    found = conditional_slope(*_pair(fit), centred)
    df = _df(fit, pd.DataFrame(np.column_stack([np.ones_like(centred), centred]), columns=fit.pair))
    reach = stdtrit(df, 0.5 + 0.5 * fit.level) * found.std_error
    statistic = found.slope / found.std_error
    return pd.DataFrame(
        {
            "level": at,
            "slope": found.slope,
            "std_error": found.std_error,
            "statistic": statistic,
            "p_value": 2.0 * stdtr(df, -np.abs(statistic)),
            "ci_low": found.slope - reach,
            "ci_high": found.slope + reach,
        }
    )


def _regions(fit: _Fit) -> list[tuple[float, float]]:
    """Intervals of the moderator, in its own units, in which the slope differs from zero."""
    df = _df(fit, pd.DataFrame([[0.0, 1.0]], columns=fit.pair))
    critical = float(stdtrit(df, 0.5 + 0.5 * fit.level)[0])
    mean = float(fit.means[fit.w])
    return [(low + mean, high + mean) for low, high in johnson_neyman(*_pair(fit), critical)]


def _region_frame(regions: Sequence[tuple[float, float]], moderator: pd.Series) -> pd.DataFrame:
    """Regions of significance, the part of each within the data, and the share of rows there."""
    least, most = float(moderator.min()), float(moderator.max())
    rows = []
    for low, high in regions:
        seen = (max(low, least), min(high, most)) if low < most and high > least else (np.nan, np.nan)
        rows.append((low, high, *seen, float(((moderator > low) & (moderator < high)).mean())))
    return pd.DataFrame(rows, columns=["low", "high", "seen_low", "seen_high", "share"], dtype=float)


def _root_frame(regions: Sequence[tuple[float, float]], moderator: pd.Series) -> pd.DataFrame:
    """Finite ends of the regions, whether each lies within the data, and the share of rows below it."""
    ends = sorted({end for region in regions for end in region if np.isfinite(end)})
    return pd.DataFrame(
        {
            "root": pd.Series(ends, dtype=float),
            "within_data": pd.Series([moderator.min() <= end <= moderator.max() for end in ends], dtype=bool),
            "share_below": pd.Series([float((moderator < end).mean()) for end in ends], dtype=float),
        }
    )


def _lines(fit: _Fit, at: FloatArray) -> pd.DataFrame:
    """Expected outcome with its interval over the range of the cause at each level, covariates at means."""
    x, w = fit.x, fit.w
    matrix, _ = one_index(fit.model)
    grid = np.linspace(fit.used[x].min(), fit.used[x].max(), _LINE)
    cause, moderator = np.tile(grid, len(at)), np.repeat(at, _LINE)
    rows = pd.DataFrame(np.tile(values(matrix).mean(axis=0), (len(cause), 1)), columns=matrix.columns)
    rows[x], rows[w] = cause - float(fit.means[x]), moderator - float(fit.means[w])
    rows[fit.pair[1]] = rows[x] * rows[w]
    design = values(rows)
    names = list(matrix.columns)
    expected = design @ values(fit.model.coefficients.loc[names, ["estimate"]])[:, 0]
    error = np.sqrt(np.einsum("ij,jk,ik->i", design, values(fit.model.vcov.loc[names, names]), design))
    reach = stdtrit(_df(fit, rows), 0.5 + 0.5 * fit.level) * error
    return pd.DataFrame(
        {
            "x": cause,
            "level": moderator,
            "expected": expected,
            "ci_low": expected - reach,
            "ci_high": expected + reach,
        }
    )
