"""How many factors: what each rule says, and the number recommended with the rule that chose it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from socialcap.errors import UsageError
from socialcap.kernels import FloatArray
from socialcap.kernels import parallel_analysis as parallel
from socialcap.kernels import retention as kernels
from socialcap.kernels.comparison_data import comparison_data
from socialcap.kernels.correlation import listwise, smooth
from socialcap.kernels.polyserial import mixed
from socialcap.kernels.threads import single_thread
from socialcap.measurement.correlation import (
    Kind,
    MissingRule,
    as_correlation,
    require_factorable,
)
from socialcap.measurement.items import item_values, ordinal_codes, ordinal_items
from socialcap.results import CorrelationResult, NFactorsResult, Rule
from socialcap.results.retention import VOTERS

_PARALLEL: dict[str, parallel.Reduction] = {
    "parallel_components": "components",
    "parallel_factors": "smc",
    "parallel_factors_psych": "one_factor",
}
_MIXED_SETS_PER_BLOCK = 50


def n_factors(
    data: pd.DataFrame | CorrelationResult,
    items: Sequence[str] | None = None,
    *,
    correlations: Kind = "pearson",
    missing: MissingRule = "listwise",
    n_obs: int | None = None,
    most: int | None = None,
    n_sets: int = 1000,
    percentile: float | None = 95.0,
    seed: int = 1,
) -> NFactorsResult:
    """What each rule says on the number of factors of `data` (n, p), or of a correlation matrix with `n_obs`.

    Kaiser's rule; parallel analysis of components (Horn 1965), of factors with squared multiple correlations
    and of factors with one-factor communalities (psych), against the `percentile` of `n_sets` random sets
    (None: their mean), normal for Pearson and Spearman and for a given matrix, the items permuted by
    themselves for polychoric and mixed correlations; MAP of 1976 and 2000; the empirical Kaiser criterion;
    the hull method (CFI); comparison data (Pearson correlations of complete rows; data only); very simple
    structure with one and two loadings; BIC and its sample-size adjusted form. Hull, comparison data, VSS
    and BIC look at up to `most` factors, by default eight or twice Kaiser's number, as far as degrees of
    freedom are left. Sources: see `socialcap.kernels.retention` and `parallel_analysis`.

    Recommended is the number that most of parallel analysis of components, MAP (2000), empirical Kaiser,
    hull and comparison data name; among equals the one that parallel analysis names, else the smallest. It
    is 0 where these rules find nothing in common (comparison data and the hull never say so).

    Raises UsageError for fewer than four items or an impossible option, EstimationError for a singular
    matrix, and as `correlation` does.
    """
    _require_options(most, n_sets, percentile)
    corr = as_correlation(data, items, n_obs=n_obs, kind=correlations, missing=missing)
    values = _values(data, corr) if isinstance(data, pd.DataFrame) and n_obs is None else None
    require_factorable(corr)
    p = len(corr.matrix)
    if p < 4:
        raise UsageError(f"{p} items: at least four are needed to ask for the number of factors")
    matrix = corr.matrix.to_numpy()
    rng = np.random.default_rng(seed)
    usual = max(8, 2 * int(kernels.kaiser(kernels.eigenvalues(matrix))))
    most = min(kernels.largest_factor_number(p), usual if most is None else most)
    with single_thread():
        by_parallel = parallel.parallel_analysis(
            matrix, _null(rng, n_sets, corr, values), tuple(_PARALLEL.values()), percentile
        )
        numbers, curves = _matrix_rules(matrix, corr.n_obs, most)
        complete = None if values is None else values[listwise(values)]
        if complete is not None and len(complete) > p and np.ptp(complete, axis=0).min() > 0:
            numbers["comparison_data"] = comparison_data(rng, complete, most=most).n_factors
    for key, reduction in _PARALLEL.items():
        numbers[key] = by_parallel[reduction].n_factors
        curves[key] = by_parallel[reduction].reference
    recommended, rule = _recommend(numbers)
    names = [key for key in Rule if key.value in numbers]
    return NFactorsResult(
        eigenvalues=pd.Series(by_parallel["components"].observed, index=range(1, p + 1), name="eigenvalue"),
        reduced_eigenvalues=pd.Series(by_parallel["smc"].observed, index=range(1, p + 1), name="eigenvalue"),
        references=pd.DataFrame(curves, index=range(1, p + 1)),
        numbers={key.value: numbers[key.value] for key in names},
        recommended=recommended,
        rule=rule,
        n_obs=corr.n_obs,
        n_sets=n_sets,
        percentile=percentile,
        correlation=corr,
    )


def _require_options(most: int | None, n_sets: int, percentile: float | None) -> None:
    if most is not None and most < 1:
        raise UsageError(f"most = {most}: at least one factor must be looked at")
    if n_sets < 1:
        raise UsageError(f"n_sets = {n_sets}: parallel analysis needs random sets")
    if percentile is not None and not 0 < percentile < 100:
        raise UsageError(f"percentile = {percentile:g} is not between 0 and 100")


def _values(data: pd.DataFrame, corr: CorrelationResult) -> FloatArray:
    """The items' values (n, p) in the rows that the correlations rest on."""
    _, values = item_values(data, list(corr.matrix.index))
    return values[listwise(values)] if corr.missing == "listwise" else values


def _null(
    rng: np.random.Generator, n_sets: int, corr: CorrelationResult, values: FloatArray | None
) -> Iterator[FloatArray]:
    """Random correlation matrices as the observed one would be without common factors."""
    names = list(corr.matrix.index)
    if corr.kind not in ("polychoric", "mixed"):
        return parallel.normal_null(rng, n_sets, corr.n_obs, len(names))
    if values is None:
        raise UsageError(
            f"parallel analysis of {corr.kind} correlations permutes the items: give the items themselves"
        )
    ordinal = ordinal_items(values)
    if corr.kind == "polychoric" or ordinal.all():
        codes, categories = ordinal_codes(names, values)
        return parallel.polychoric_null(rng, n_sets, codes, categories)
    if not ordinal.any():
        return parallel.normal_null(rng, n_sets, corr.n_obs, len(names))
    return _mixed_null(rng, n_sets, names, values, ordinal)


def _mixed_null(
    rng: np.random.Generator, n_sets: int, names: Sequence[str], values: FloatArray, ordinal: np.ndarray
) -> Iterator[FloatArray]:
    """Blocks of mixed correlation matrices of `values` (n, p) with each column shuffled by itself.

    Their numeric items come first: the eigenvalues do not depend on the order.
    """
    codes, categories = ordinal_codes(
        [name for name, is_ordinal in zip(names, ordinal, strict=True) if is_ordinal], values[:, ordinal]
    )
    numeric = values[:, ~ordinal]
    sizes = [min(_MIXED_SETS_PER_BLOCK, n_sets - i) for i in range(0, n_sets, _MIXED_SETS_PER_BLOCK)]
    for child, size in zip(rng.spawn(len(sizes)), sizes, strict=True):
        left = child.permuted(np.broadcast_to(numeric, (size, *numeric.shape)), axis=1)
        right = child.permuted(np.broadcast_to(codes, (size, *codes.shape)), axis=1)
        yield smooth(mixed(left, right, categories)).corr


def _matrix_rules(matrix: FloatArray, n: int, most: int) -> tuple[dict[str, int], dict[str, FloatArray]]:
    """The rules that need the matrix alone."""
    values = kernels.eigenvalues(matrix)
    partial = kernels.minimum_average_partial(matrix)
    empirical = kernels.empirical_kaiser(values, n)
    fits = kernels.factor_fits(matrix, n, most)
    simple = kernels.very_simple_structure(matrix, most)
    hull = kernels.hull(fits).n_factors
    numbers = {
        "kaiser": int(kernels.kaiser(values)),
        "map": int(partial.n_squared),
        "map_2000": int(partial.n_fourth),
        "ekc": int(empirical.n_factors),
        "vss_1": int(simple.n_one),
        "vss_2": int(simple.n_two),
        "bic": int(np.argmin(fits.bic)),
        "sabic": int(np.argmin(fits.sabic)),
    }
    # where no factor at all already fits, a gain over that has no meaning
    if hull >= 0 and fits.noncentrality[0] > 0:
        numbers["hull"] = hull
    return numbers, {"ekc": np.asarray(empirical.reference)}


def _recommend(numbers: Mapping[str, int]) -> tuple[int, tuple[str, ...]]:
    """The number most of the voting rules name, and those that name it."""
    votes = Counter(numbers[key] for key in VOTERS if key in numbers)
    most = max(votes.values())
    leading = sorted(number for number, count in votes.items() if count == most)
    chosen = numbers["parallel_components"] if numbers["parallel_components"] in leading else leading[0]
    return chosen, tuple(key for key in VOTERS if numbers.get(key) == chosen)
