"""What can be wrong with a fitted structural model, in the names of its parameters, items and factors."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from socialcap.errors import EstimationError, Problem
from socialcap.kernels import FloatArray
from socialcap.kernels.cfa_ml import StructuralFit
from socialcap.kernels.cfa_model import ParameterTable, Part, matrices
from socialcap.measurement.factor_model import FactorModel, positions_of
from socialcap.results import Caution, Text

_INVOLVED = 0.1


def require_enough_moments(
    model: FactorModel, table: ParameterTable, n_categories: tuple[int, ...] = ()
) -> None:
    """Raise EstimationError for a model with more free parameters than the data have moments."""
    p = table.n_items
    means = sum(n_categories) - p if n_categories else p * table.means
    pairs = p * (p - 1) // 2 if n_categories else p * (p + 1) // 2
    moments = table.n_groups * (pairs + means)
    if table.n_free <= moments:
        return
    raise EstimationError(
        f"the model is not identified: {table.n_free} free parameters, but the items give only {moments} "
        f"moments",
        [
            Problem(f"factor {factor!r} has only {len(members)} items", expected="three items or more")
            for factor, members in model.members.items()
            if len(members) < 3
        ],
    )


def require_solution(fit: StructuralFit, model: FactorModel, groups: tuple[str, ...], what: str = "") -> None:
    """Raise EstimationError, naming parameters, for a model that is not identified or did not converge."""
    lead = f"{what}: " if what else ""
    names = [Problem(name) for name in unsettled(fit, model, groups)]
    if not fit.identified:
        message = "the model is not identified: the data cannot tell these parameters apart"
        raise EstimationError(lead + message, names)
    if not fit.converged:
        raise EstimationError(
            f"{lead}the estimation did not converge in {fit.n_iterations} iterations; farthest from rest "
            f"are the "
            "parameters below. More rows, items that go with their factor, or fewer factors may help",
            names,
        )


def unsettled(fit: StructuralFit, model: FactorModel, groups: tuple[str, ...]) -> list[str]:
    """Parameters that the data do not determine, or that had farthest to go when the search gave up."""
    if not fit.identified:
        return _undetermined(fit, model, groups)
    if fit.converged:
        return []
    names = _free_names(fit.table, model, groups)
    return [names[q] for q in np.argsort(-np.abs(fit.gradient))[:3]]


def _undetermined(fit: StructuralFit, model: FactorModel, groups: tuple[str, ...]) -> list[str]:
    """Free parameters that the flattest direction of the information moves."""
    information = fit.information
    scale = np.sqrt(np.maximum(np.diag(information), 0.0))
    names = _free_names(fit.table, model, groups)
    if (scale == 0.0).any():
        return [names[q] for q in np.flatnonzero(scale == 0.0)]
    direction = np.abs(np.linalg.eigh(information / np.outer(scale, scale))[1][:, 0])
    return [names[q] for q in np.flatnonzero(direction > _INVOLVED * direction.max())]


def _free_names(table: ParameterTable, model: FactorModel, groups: tuple[str, ...]) -> list[str]:
    """Spelling of every free parameter, with the group where it belongs to one of several."""
    names = [""] * table.n_free
    for r, position in enumerate(positions_of(table)):
        spelled = "".join(model.spell(position))
        for g in range(table.n_groups):
            q = int(table.free[g, r])
            if q >= 0 and not names[q]:
                shared = int((table.free[:, r] == q).sum()) > 1
                names[q] = spelled if shared or not groups else f"{spelled} (group {groups[g]})"
    return names


def solution_cautions(fit: StructuralFit, model: FactorModel, groups: tuple[str, ...]) -> Iterator[Caution]:
    """Negative variances, latent covariances that are not positive definite, errors that cannot be had."""
    at = matrices(fit.table, fit.theta)
    for g in range(fit.table.n_groups):
        where = Text(" in group {g}", "（{g} 组）").format(g=groups[g]) if groups else Text()
        rows = np.flatnonzero(fit.improper[g])
        residual = [int(r) for r in rows if fit.table.part[r] != Part.FACTOR_COV]
        latent = [int(r) for r in rows if fit.table.part[r] == Part.FACTOR_COV]
        if residual:
            yield Caution(
                Text(
                    "negative residual variance{where} (Heywood case): the solution is improper",
                    "残差方差为负{where}（Heywood 现象）：解不适当",
                ).format(where=where),
                tuple(model.items[int(fit.table.row[r])] for r in residual),
            )
        if latent:
            yield Caution(
                Text("negative factor variance{where}", "因子方差为负{where}").format(where=where),
                tuple(model.factors[int(fit.table.row[r])] for r in latent),
            )
        elif not fit.latent_pd[g]:
            yield Caution(
                Text(
                    "the factors' covariance matrix is not positive definite{where}: two of them may be one",
                    "因子协方差矩阵非正定{where}：其中两个因子可能为同一因子",
                ).format(where=where),
                tuple(model.factors[f] for f in _collinear(np.asarray(at.latent_cov[g]))),
            )
    if not np.isfinite(fit.vcov).all():
        yield Caution(
            Text(
                "standard errors cannot be computed: the information is not positive definite at the "
                "estimates",
                "无法计算标准误：信息矩阵在估计值处非正定",
            )
        )


def _collinear(cov: FloatArray) -> list[int]:
    """Factors that the direction of least variance involves."""
    spread = np.sqrt(np.maximum(np.diag(cov), 1e-300))
    direction = np.abs(np.linalg.eigh(cov / np.outer(spread, spread))[1][:, 0])
    return [int(f) for f in np.flatnonzero(direction > _INVOLVED * direction.max())]
