"""The path model of normal scores: who acts on whom, how strongly, and how much stays unexplained."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from socialcap.kernels import FloatArray
from socialcap.simulation.model import (
    Composition,
    Drawn,
    Effects,
    Linear,
    Multiple,
    Nominal,
    Population,
    Variable,
)


@dataclass(frozen=True, slots=True)
class Equation:
    """One normal score: weights over the sources known so far, and the residual's standard deviation.

    Where the effects explain the whole variance or more, `explained` is at least one and the residual 0.
    """

    name: str
    weights: dict[str, float]
    shift: float
    explained: float
    residual_sd: float


@dataclass
class Scores:
    """Covariances of all sources stated so far: latents, normal scores, and indicators `name=code`."""

    names: list[str] = field(default_factory=list)
    cov: FloatArray = field(default_factory=lambda: np.zeros((0, 0)))

    def add(self, names: list[str], across: FloatArray, within: FloatArray) -> None:
        """Append sources with covariances `across (old, new)` and `within (new, new)`."""
        self.names = [*self.names, *names]
        self.cov = np.block([[self.cov, across], [across.T, within]])


def indicator(name: str, code: str) -> str:
    """The source that is 1 where a nominal variable has this code."""
    return f"{name}={code}"


def drawn_scores(variable: Variable) -> Iterator[tuple[str, Effects]]:
    """The normal scores that a variable needs, by name, with the effects on each."""
    if isinstance(variable, Multiple):
        for option in variable.options:
            yield f"{variable.name}_{option.code}", option.effects
    elif isinstance(variable, Composition):
        for part in variable.parts:
            yield part.name, part.effects
    elif not isinstance(variable, Linear):
        yield variable.name, variable.effects


def equations(population: Population) -> dict[str, Equation]:
    """The equation of every normal score, in the order in which they are drawn.

    Residual variance 1 − b'Σb, with Σ the covariances implied by the equations before. The mean of a nominal
    source's shifts is taken out, so that every score has mean 0. Effects of names that do not exist raise
    KeyError: the population's checks come first.
    """
    scores = Scores([part.name for part in population.latent], population.phi)
    found: dict[str, Equation] = {}
    shares: dict[str, tuple[tuple[str, ...], FloatArray]] = {}
    for variable in population.variable:
        for name, effects in drawn_scores(variable):
            equation, vector = _equation(name, effects, scores, shares)
            found[name] = equation
            across = (scores.cov @ vector)[:, None]
            scores.add([name], across, np.ones((1, 1)))
        if isinstance(variable, Nominal) and usable_source(variable):
            p = np.array(variable.shares)
            shares[variable.name] = (variable.codes, p)
            names = [indicator(variable.name, code) for code in variable.codes]
            scores.add(names, np.zeros((len(scores.names), len(p))), np.diag(p) - np.outer(p, p))
    return found


def usable_source(variable: Variable) -> bool:
    """Whether others may depend on its normal score or code: asked of all, and not drawn case by case."""
    if not isinstance(variable, Drawn) or variable.asked_if:
        return False
    return not getattr(variable, "cases", ())


def _equation(
    name: str,
    effects: Effects,
    scores: Scores,
    shares: dict[str, tuple[tuple[str, ...], FloatArray]],
) -> tuple[Equation, FloatArray]:
    weights: dict[str, float] = {}
    shift = 0.0
    for source, effect in effects.items():
        if isinstance(effect, dict):
            codes, p = shares[source]
            sizes = np.array([effect.get(code, 0.0) for code in codes])
            shift -= float(p @ sizes)
            weights |= {indicator(source, code): float(size) for code, size in zip(codes, sizes, strict=True)}
        else:
            weights[source] = effect
    vector = np.array([weights.get(source, 0.0) for source in scores.names])
    explained = float(vector @ scores.cov @ vector)
    residual = float(np.sqrt(max(1.0 - explained, 0.0)))
    return Equation(name, weights, shift, explained, residual), vector
