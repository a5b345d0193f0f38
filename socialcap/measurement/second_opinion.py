"""The same measurement by other people's libraries: factor_analyzer and pingouin, for what they do right."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment

from socialcap.kernels import FloatArray
from socialcap.kernels.reliability import alpha, covariance
from socialcap.measurement.adequacy import adequacy
from socialcap.measurement.items import complete_rows, item_values
from socialcap.results import FactorResult, Opinion, ProfileResult, SecondOpinionResult, Text

_METHODS = {"principal": "principal", "minres": "minres", "uls": "minres", "ml": "ml"}
# rotations that factor_analyzer makes as they are defined; its others rescale, ignore gamma or start elsewhere
_ROTATIONS = ("varimax",)
# closed forms must agree to rounding; factor_analyzer's randomised components and its optimisers' default stopping
# rules leave communalities and loadings up to some 1e-4 from the optimum
_CLOSED, _ITERATED = 1e-8, 1e-3


def second_opinion(
    frame: pd.DataFrame, factors: FactorResult, scales: Mapping[str, Sequence[str]] | None = None
) -> SecondOpinionResult:
    """Adequacy, factors and alpha of the items of `factors` in `frame` (n, p), computed again elsewhere.

    factor_analyzer gives KMO, Bartlett's χ², and of principal components, minres and ML the eigenvalues, the
    communalities (which no rotation changes) and varimax loadings; pingouin gives alpha of each scale over its complete rows. What these
    libraries cannot do or do differently (polychorics, pairwise deletion, principal axes, its oblique
    rotations) is left out. Each row states the difference and the tolerance that it is held against.

    Raises what `adequacy` raises for the same items.
    """
    names = list(factors.loadings.index)
    found: list[Opinion] = []
    if factors.correlation.kind == "pearson" and factors.correlation.missing == "listwise":
        _, values = item_values(frame, names)
        kept, _ = complete_rows(names, values, frame.index)
        found += _adequacy(frame, names, kept)
        found += _solution(factors, kept)
    for scale, members in (scales or {}).items():
        if len(members) > 1:
            found.append(_alpha(frame, scale, members))
    return SecondOpinionResult(tuple(found))


def correlation_opinion(frame: pd.DataFrame, profile: ProfileResult) -> SecondOpinionResult:
    """The pair of variables whose correlation in `profile` differs most from pandas' on `frame` (n, ...)."""
    if profile.correlations is None or len(profile.correlations) < 2:
        return SecondOpinionResult(())
    ours = profile.correlations.to_numpy(dtype=float)
    names = list(map(str, profile.correlations.columns))
    theirs = frame[names].corr().to_numpy()
    lower = np.tril_indices(len(names), -1)
    gaps = np.abs(ours - theirs)[lower]
    # a correlation that exists on one side alone differs; one that exists on neither is no number
    gaps[np.isnan(ours[lower]) & np.isnan(theirs[lower])] = 0.0
    at = int(np.argmax(np.where(np.isnan(gaps), np.inf, gaps)))
    i, j = lower[0][at], lower[1][at]
    label = Text("Correlation that differs most ({pair})", "差异最大的相关系数（{pair}）")
    named = label.format(pair=f"{names[i]}, {names[j]}")
    one = Opinion(named, "pandas", float(ours[i, j]), float(theirs[i, j]), _CLOSED)
    return SecondOpinionResult((one,))


def _adequacy(frame: pd.DataFrame, names: Sequence[str], kept: FloatArray) -> Iterator[Opinion]:
    from factor_analyzer import calculate_bartlett_sphericity, calculate_kmo

    ours = adequacy(frame, names)
    with _quiet():
        _, kmo = calculate_kmo(kept)
        chi2, _ = calculate_bartlett_sphericity(kept)
    yield Opinion(Text("KMO", "KMO"), "factor_analyzer", ours.kmo, float(kmo), _CLOSED)
    label = Text("Bartlett's χ²", "Bartlett 球形检验 χ²")
    yield Opinion(label, "factor_analyzer", ours.bartlett_chi2, float(chi2), _CLOSED * ours.bartlett_chi2)


def _solution(factors: FactorResult, kept: FloatArray) -> Iterator[Opinion]:
    """Eigenvalues, communalities (which no rotation changes), and loadings where the rotation is right."""
    if factors.extraction not in _METHODS:
        return
    their_eigenvalues, unrotated = _their_solution(kept, factors)
    ours = factors.eigenvalues.to_numpy()
    yield _worst(
        Text("Eigenvalue that differs most ({item})", "差异最大的特征值（{item}）"),
        [str(i) for i in range(1, len(ours) + 1)],
        ours,
        their_eigenvalues,
        _CLOSED,
    )
    yield _worst(
        Text("Communality that differs most ({item})", "差异最大的共同度（{item}）"),
        list(factors.communalities.index),
        factors.communalities.to_numpy(),
        np.sum(unrotated**2, axis=1),
        _ITERATED,
    )
    if factors.rotation in _ROTATIONS and len(factors.names) > 1:
        theirs = _matched(_their_rotation(unrotated, factors), factors.loadings.to_numpy())
        yield _worst(
            Text("Rotated loading that differs most ({item})", "差异最大的旋转载荷（{item}）"),
            [f"{item}, {name}" for item in factors.loadings.index for name in factors.names],
            factors.loadings.to_numpy().ravel(),
            theirs.ravel(),
            _ITERATED,
        )


def _worst(
    label: Text, names: Sequence[str], ours: FloatArray, theirs: FloatArray, tolerance: float
) -> Opinion:
    """The number of several that differs most."""
    at = int(np.argmax(np.abs(ours - theirs)))
    named = label.format(item=names[at])
    return Opinion(named, "factor_analyzer", float(ours[at]), float(theirs[at]), tolerance)


def _their_solution(kept: FloatArray, factors: FactorResult) -> tuple[FloatArray, FloatArray]:
    """factor_analyzer's eigenvalues (p,) of the correlations and unrotated loadings (p, k), through an
    adaptor where scikit-learn has renamed an argument.
    """
    from factor_analyzer import FactorAnalyzer

    with _quiet(), _renamed_argument():
        model = FactorAnalyzer(
            n_factors=len(factors.names),
            rotation=None,
            method=_METHODS[factors.extraction],
            use_smc=True,
        )
        model.fit(kept)
        eigenvalues, _ = model.get_eigenvalues()
    return np.asarray(eigenvalues, dtype=float), np.asarray(model.loadings_, dtype=float)


def _their_rotation(unrotated: FloatArray, factors: FactorResult) -> FloatArray:
    """factor_analyzer's rotation (p, k); its stopping rule is tightened, for it stops early by default."""
    from factor_analyzer import Rotator

    rotator = Rotator(method=factors.rotation, normalize=factors.kaiser, tol=1e-12, max_iter=5000)
    with _quiet():
        return np.asarray(rotator.fit_transform(unrotated), dtype=float)


def _matched(theirs: FloatArray, ours: FloatArray) -> FloatArray:
    """Their columns in our order, with our signs: the assignment that agrees best."""
    cross = theirs.T @ ours
    rows, columns = linear_sum_assignment(-np.abs(cross))
    order = rows[np.argsort(columns)]
    return np.asarray(theirs[:, order] * np.sign(cross[order, np.arange(ours.shape[1])]))


@contextmanager
def _renamed_argument() -> Iterator[None]:
    """scikit-learn 1.8 dropped `force_all_finite`, which factor_analyzer still passes on."""
    from factor_analyzer import factor_analyzer as module

    original = module.check_array

    def check_array(*values: Any, **options: Any) -> Any:
        if "force_all_finite" in options:
            options["ensure_all_finite"] = options.pop("force_all_finite")
        return original(*values, **options)

    module.check_array = check_array
    try:
        yield
    finally:
        module.check_array = original


def _alpha(frame: pd.DataFrame, scale: str, members: Sequence[str]) -> Opinion:
    import pingouin

    names, values = item_values(frame, members)
    kept, _ = complete_rows(names, values, frame.index)
    with _quiet():
        theirs, _ = pingouin.cronbach_alpha(pd.DataFrame(kept, columns=names))
    label = Text("Cronbach's α: {scale}", "Cronbach α：{scale}").format(scale=scale)
    return Opinion(label, "pingouin", float(alpha(covariance(kept))), float(theirs), _CLOSED)


@contextmanager
def _quiet() -> Iterator[None]:
    """Deprecations inside other libraries are not the user's."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
