"""The same measurement by other people's libraries: factor_analyzer and pingouin, for what they do right."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pandas as pd

from socialcap.kernels import FloatArray
from socialcap.kernels.reliability import alpha, covariance
from socialcap.measurement.adequacy import adequacy
from socialcap.measurement.items import complete_rows, item_values
from socialcap.results import FactorResult, Opinion, SecondOpinionResult, Text

_METHODS = {"principal": "principal", "minres": "minres", "uls": "minres", "ml": "ml"}
# closed forms must agree to rounding; factor_analyzer's randomised components and its optimisers' default stopping
# rules leave communalities up to some 1e-4 from the optimum
_CLOSED, _ITERATED = 1e-8, 1e-3


def second_opinion(
    frame: pd.DataFrame, factors: FactorResult, scales: Mapping[str, Sequence[str]] | None = None
) -> SecondOpinionResult:
    """Adequacy, communalities and alpha of the items of `factors` in `frame` (n, p), computed again elsewhere.

    factor_analyzer gives KMO, Bartlett's χ² and the communalities of principal components, minres and ML
    (which no rotation changes); pingouin gives alpha of each scale over its complete rows. What these
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
        found += _communalities(factors, kept)
    for scale, members in (scales or {}).items():
        if len(members) > 1:
            found.append(_alpha(frame, scale, members))
    return SecondOpinionResult(tuple(found))


def _adequacy(frame: pd.DataFrame, names: Sequence[str], kept: FloatArray) -> Iterator[Opinion]:
    from factor_analyzer import calculate_bartlett_sphericity, calculate_kmo

    ours = adequacy(frame, names)
    with _quiet():
        _, kmo = calculate_kmo(kept)
        chi2, _ = calculate_bartlett_sphericity(kept)
    yield Opinion(Text("KMO", "KMO"), "factor_analyzer", ours.kmo, float(kmo), _CLOSED)
    label = Text("Bartlett's χ²", "Bartlett 球形检验 χ²")
    yield Opinion(label, "factor_analyzer", ours.bartlett_chi2, float(chi2), _CLOSED * ours.bartlett_chi2)


def _communalities(factors: FactorResult, kept: FloatArray) -> Iterator[Opinion]:
    """Communalities do not depend on the rotation, whose stopping rules differ."""
    if factors.extraction not in _METHODS:
        return
    ours = factors.communalities.to_numpy()
    theirs = _their_communalities(kept, factors)
    at = int(np.argmax(np.abs(ours - theirs)))
    label = Text("Communality that differs most ({item})", "差异最大的共同度（{item}）")
    named = label.format(item=factors.communalities.index[at])
    yield Opinion(named, "factor_analyzer", float(ours[at]), float(theirs[at]), _ITERATED)


def _their_communalities(kept: FloatArray, factors: FactorResult) -> FloatArray:
    """factor_analyzer's communalities (p,), through an adaptor where scikit-learn has renamed an argument."""
    from factor_analyzer import FactorAnalyzer

    with _quiet(), _renamed_argument():
        model = FactorAnalyzer(
            n_factors=len(factors.names),
            rotation=None,
            method=_METHODS[factors.extraction],
            use_smc=True,
        )
        return np.asarray(model.fit(kept).get_communalities(), dtype=float)


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
