"""Covariances of models of one index that correct for leverage: HC2 to HC4, CR2 and CR3, with their names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from socialcap.kernels import IntArray
from socialcap.kernels.cluster_adjustment import cr2, cr3
from socialcap.kernels.sandwich import Covariance, HcKind, heteroskedastic
from socialcap.kernels.working import WorkingFit
from socialcap.results import Text

_HC: tuple[HcKind, ...] = ("HC2", "HC3", "HC4")
SMALL_SAMPLE = (*_HC, "CR2", "CR3")
NO_LEVERAGES = (
    "the leverages that correct it are those of a weighted regression, which logit, probit, fractional and "
    "poisson models are at their maximum and this one is not"
)

LABELS: Mapping[str, Text] = MappingProxyType(
    {
        **{kind: Text(f"{kind} robust (working regression)", f"{kind} 稳健（工作回归）") for kind in _HC},
        "CR2": Text("CR2 cluster-robust (working variances)", "CR2 聚类稳健（工作方差）"),
        "CR3": Text("CR3 cluster-robust (one-step jackknife)", "CR3 聚类稳健（一步刀切）"),
    }
)
_LEVERAGES = Text(
    "{kind} takes the leverages of the weighted least squares that the model amounts to at its maximum, between "
    "inverses of the expected information ({source}; for such models as R's sandwich has it).",
    "{kind} 取极大值处加权工作回归的杠杆值，外层为期望信息矩阵之逆（{source}；对此类模型的做法同 R 的 sandwich）。",
)
_SOURCES = {
    "HC2": Text("MacKinnon and White 1985", "MacKinnon 与 White 1985"),
    "HC3": Text("MacKinnon and White 1985", "MacKinnon 与 White 1985"),
    "HC4": Text("Cribari-Neto 2004", "Cribari-Neto 2004"),
}
REMARKS: Mapping[str, Text] = MappingProxyType(
    {
        **{kind: _LEVERAGES.format(kind=kind, source=_SOURCES[kind]) for kind in _HC},
        "CR2": Text(
            "CR2 is that of the weighted least squares that the model amounts to at its maximum, where it is "
            "unbiased if outcomes are independent with the model's own variance (Pustejovsky and Tipton 2018).",
            "CR2 取自极大值处的加权工作回归；若各观测独立且方差即模型所设方差，则在该回归中无偏"
            "（Pustejovsky 与 Tipton 2018）。",
        ),
        "CR3": Text(
            "CR3 is the jackknife in which each cluster is left out in turn and one scoring step is made from "
            "the estimate (MacKinnon, Nielsen and Webb 2024), here without the factor (G−1)/G.",
            "CR3 为刀切法：逐一剔除各聚类，由全样本估计出发作一步得分迭代"
            "（MacKinnon、Nielsen 与 Webb 2024），此处不乘因子 (G−1)/G。",
        ),
    }
)


def small_sample(fit: WorkingFit, kind: str, clusters: tuple[IntArray, ...]) -> Covariance:
    """The covariance `kind` of SMALL_SAMPLE (see the kernels for the formulas); `clusters` for CR2 and CR3.

    HC2 to HC4 are referred to the normal, as other robust covariances of likelihoods are; CR2 to t with
    Satterthwaite degrees of freedom, CR3 to t(G-1).
    """
    if kind == "CR2":
        return cr2(fit, clusters[0], fit.variances)
    if kind == "CR3":
        return cr3(fit, clusters[0], "1")
    found = heteroskedastic(fit, next(name for name in _HC if name == kind))
    return replace(found, df=np.full_like(found.df, np.inf))
