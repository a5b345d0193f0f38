"""How factors are extracted and rotated: the choices as one record, applied to one matrix or to many."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from socialcap.errors import UsageError
from socialcap.kernels import FloatArray, rotation_criteria
from socialcap.kernels.alignment import procrustes_rotation
from socialcap.kernels.dwls import dwls
from socialcap.kernels.extraction import (
    Extraction,
    maximum_likelihood,
    minres,
    principal_axis,
    principal_components,
)
from socialcap.kernels.rotation import (
    Rotation,
    equamax,
    geomin,
    gradient_projection,
    kaiser_weights,
    oblimin,
    promax,
    quartimax,
    rotated,
    target,
    varimax,
)

ExtractionName = Literal["principal", "paf", "minres", "ml", "uls", "dwls"]
RotationName = Literal[
    "none", "varimax", "quartimax", "equamax", "promax", "oblimin", "geomin", "bentler", "target"
]
Preset = Literal["spss", "psych"]

EXTRACTIONS: tuple[ExtractionName, ...] = ("principal", "paf", "minres", "ml", "uls", "dwls")
ROTATIONS: tuple[RotationName, ...] = (
    "none",
    "varimax",
    "quartimax",
    "equamax",
    "promax",
    "oblimin",
    "geomin",
    "bentler",
    "target",
)
_NORMALISED: dict[Preset | None, tuple[RotationName, ...]] = {
    None: ("varimax", "quartimax", "equamax", "promax"),
    "spss": ("varimax", "quartimax", "equamax", "promax", "oblimin", "geomin", "bentler"),
    "psych": ("varimax", "promax"),
}
"""Rotations of which rows are normalised unless asked otherwise."""
_STOPS: dict[Preset | None, Literal["tight", "max", "sum"]] = {None: "tight", "spss": "max", "psych": "sum"}


@dataclass(frozen=True)
class FactorMethod:
    """The number of factors, the extraction, the rotation, and their settings.

    kaiser: rows normalised before rotation; stop: the stopping rule of principal axis factoring ("tight":
    to the optimum, "max": SPSS's, "sum": psych's); power: promax's; normalised_promax: promax carried out
    wholly on normalised rows, as psych's "promax" does (SPSS normalises them for the target alone); gamma:
    oblimin's; epsilon: geomin's; goal
    (p, k): target loadings, NaN where free; random_starts: how many further starts a rotation with local
    minima gets.
    """

    k: int
    extraction: ExtractionName
    rotation: RotationName
    kaiser: bool
    stop: Literal["tight", "max", "sum"] = "tight"
    power: float = 4.0
    normalised_promax: bool = False
    gamma: float = 0.0
    epsilon: float = 0.01
    goal: FloatArray | None = None
    random_starts: int = 0
    seed: int = 1

    @property
    def oblique(self) -> bool:
        """Whether factors may correlate."""
        return self.rotation in ("promax", "oblimin", "geomin", "bentler", "target") and self.k > 1

    @property
    def components(self) -> bool:
        """Whether the solution is of components, which have no model of the correlations to fit."""
        return self.extraction == "principal"

    def extract(self, corr: FloatArray, weights: FloatArray | None = None) -> Extraction:
        """Unrotated solution of `corr` (..., p, p); `weights` (..., p, p) for DWLS."""
        if self.extraction == "principal":
            return principal_components(corr, self.k)
        if self.extraction == "paf":
            return principal_axis(corr, self.k, stop=self.stop)
        if self.extraction == "ml":
            return maximum_likelihood(corr, self.k)
        if self.extraction == "dwls":
            assert weights is not None
            return dwls(corr, weights, self.k)
        return minres(corr, self.k)

    def start(self, unrotated: FloatArray, structure: FloatArray) -> FloatArray | None:
        """The transformation (k, k) from `unrotated` to `structure`, both (p, k), for `rotate` to start from.

        None where the rotation has a start of its own.
        """
        if self.rotation in ("none", "promax"):
            return None
        if not self.oblique:
            return procrustes_rotation(unrotated, structure)
        found = np.linalg.lstsq(unrotated, structure, rcond=None)[0]
        return np.asarray(found / np.sqrt(np.sum(found**2, axis=0)))

    def rotate(self, loadings: FloatArray, start: FloatArray | None = None) -> Rotation:
        """Rotated `loadings` (..., p, k); from `start` (k, k) without further starts where it is given."""
        if self.k == 1 or self.rotation == "none":
            return _unrotated(loadings)
        if self.rotation == "varimax":
            return varimax(loadings, kaiser=self.kaiser, start=start)
        if self.rotation == "quartimax":
            return quartimax(loadings, kaiser=self.kaiser, start=start)
        if self.rotation == "equamax":
            return equamax(loadings, kaiser=self.kaiser, start=start)
        if self.rotation == "promax":
            if self.normalised_promax and self.kaiser:
                return _promax_of_normalised(loadings, self.power, start)
            return promax(loadings, power=self.power, kaiser=self.kaiser, start=start)
        more = 0 if start is not None else self.random_starts
        rng = np.random.default_rng(self.seed) if more else None
        if self.rotation == "oblimin":
            return oblimin(loadings, self.gamma, kaiser=self.kaiser, start=start, random_starts=more, rng=rng)
        if self.rotation == "geomin":
            return geomin(
                loadings, self.epsilon, kaiser=self.kaiser, start=start, random_starts=more, rng=rng
            )
        if self.rotation == "target":
            assert self.goal is not None
            return target(loadings, self.goal, start=start, random_starts=more, rng=rng)
        return gradient_projection(
            loadings,
            rotation_criteria.bentler(),
            oblique=True,
            kaiser=self.kaiser,
            start=start,
            random_starts=more,
            rng=rng,
        )


def factor_method(
    k: int,
    p: int,
    *,
    extraction: ExtractionName,
    rotation: RotationName,
    kaiser: bool | None,
    preset: Preset | None,
    power: float,
    gamma: float,
    epsilon: float,
    goal: FloatArray | None,
    random_starts: int,
    seed: int,
) -> FactorMethod:
    """The method that the arguments of `factor_analysis` describe, for p items.

    Raises UsageError for an unknown name, a number of factors that the items do not allow, or a target
    rotation without target.
    """
    for what, value, valid in (("extraction", extraction, EXTRACTIONS), ("rotation", rotation, ROTATIONS)):
        if value not in valid:
            raise UsageError(f"{what}={value!r} is not one of {', '.join(valid)}")
    if preset not in (None, "spss", "psych"):
        raise UsageError(f"preset={preset!r} is not one of spss, psych")
    most = p if extraction == "principal" else most_factors(p)
    if not 1 <= k <= most:
        kind = "components" if extraction == "principal" else "common factors"
        raise UsageError(f"n_factors = {k}: {p} items allow 1 to {most} {kind}")
    if (rotation == "target") != (goal is not None):
        raise UsageError("rotation='target' and target=... go together")
    default = rotation in _NORMALISED[preset]
    return FactorMethod(
        k=k,
        extraction=extraction,
        rotation=rotation if k > 1 else "none",
        kaiser=(default if kaiser is None else kaiser) and rotation not in ("none", "target") and k > 1,
        stop=_STOPS[preset],
        power=power,
        normalised_promax=preset == "psych",
        gamma=gamma,
        epsilon=epsilon,
        goal=goal,
        random_starts=random_starts,
        seed=seed,
    )


def most_factors(p: int) -> int:
    """The largest number of common factors that leaves p items with degrees of freedom of zero or more."""
    return max((k for k in range(1, p) if (p - k) ** 2 >= p + k), default=0)


def _promax_of_normalised(loadings: FloatArray, power: float, start: FloatArray | None) -> Rotation:
    """Promax of the rows of `loadings` (..., p, k) divided by their lengths, which are then given back."""
    found = promax(loadings / kaiser_weights(loadings), power=power, target_rows="plain", start=start)
    pattern, phi, structure = rotated(loadings, found.transform, oblique=True)
    return replace(found, loadings=pattern, phi=phi, structure=structure)


def _unrotated(loadings: FloatArray) -> Rotation:
    k = loadings.shape[-1]
    batch = loadings.shape[:-2]
    eye = np.broadcast_to(np.eye(k), (*batch, k, k)).copy()
    return Rotation(
        loadings=loadings,
        phi=eye,
        structure=loadings,
        transform=eye,
        criterion=np.zeros(batch),
        converged=np.ones(batch, dtype=bool),
        iterations=np.zeros(batch, dtype=np.int64),
        minima=np.ones(batch, dtype=np.int64),
    )
