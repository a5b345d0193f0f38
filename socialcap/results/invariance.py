"""The result of testing whether a measurement is the same in several groups."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import pandas as pd

from socialcap.errors import Problem
from socialcap.results.confirmatory import ESTIMATORS, INVARIANCE, ConfirmatoryResult, caution_notes
from socialcap.results.measurement import Caution, Labels
from socialcap.results.rows import row_count
from socialcap.results.table import Column, Result, Table, Text, table_rows

_NO_LABELS: Labels = MappingProxyType({})
CFI_FALL = 0.01
RMSEA_RISE = 0.015

_DIFFERENCES = {
    "likelihood_ratio": Text("Δχ²: likelihood ratio.", "Δχ²：似然比。"),
    "satorra_bentler_2001": Text(
        "Δχ²: scaled difference (Satorra and Bentler 2001).", "Δχ²：校正差异检验（Satorra 与 Bentler 2001）。"
    ),
    "satorra_bentler_2010": Text(
        "Δχ² at {levels}: strictly positive scaled difference (Satorra and Bentler 2010), as the scaling of "
        "2001 is negative there.",
        "{levels} 的 Δχ²：恒正的校正差异检验（Satorra 与 Bentler 2010），因 2001 年公式的校正因子为负。",
    ),
    "satorra_2000": Text(
        "Δχ²: scaled and shifted difference (Satorra 2000; Asparouhov and Muthén 2006).",
        "Δχ²：校正并平移的差异检验（Satorra 2000；Asparouhov 与 Muthén 2006）。",
    ),
}
_NO_DIFFERENCE = Text(
    "No Δχ²: the difference of statistics that are mean- and variance-adjusted one by one is not a χ², and "
    "no "
    "difference test is made for uls.",
    "无 Δχ²：各自经均值与方差校正的统计量之差并非 χ²，uls 不作差异检验。",
)
_VERSIONS = {
    "_robust": Text("χ² scaled; CFI and RMSEA robust.", "χ² 为校正值；CFI 与 RMSEA 为稳健值。"),
    "_scaled": Text("χ², CFI and RMSEA scaled.", "χ²、CFI 与 RMSEA 为校正值。"),
    "": Text("", ""),
}
_LEVEL_NAMES = {
    "configural": Text("Configural", "形态等值"),
    "metric": Text("Metric", "弱等值（载荷）"),
    "scalar": Text("Scalar", "强等值（截距）"),
    "strict": Text("Strict", "严格等值（残差）"),
}


@dataclass(frozen=True)
class InvarianceResult(Result):
    """Models from the same pattern to everything equal over groups, each compared with the one before.

    table: by level chi2, df, p, cfi, rmsea, srmr, bic and, from the second on, delta_chi2, delta_df, delta_p,
        delta_cfi, delta_rmsea; NaN at the first level, for delta_chi2 and delta_p under uls (no test) and for
        bic under least squares (no likelihood). CFI and RMSEA are robust where every level has robust ones,
        else scaled, else plain (`version`: _robust, _scaled or empty), chi2 and p scaled where there is a
        scaled test.
    difference: kind of the difference test by level. models: the levels' full results, each with its score
    tests of what is held equal (`modification_indices`).
    """

    table: pd.DataFrame
    difference: Mapping[str, str]
    models: Mapping[str, ConfirmatoryResult]
    version: str
    labels: Labels = field(default_factory=lambda: _NO_LABELS)

    @property
    def held(self) -> str:
        """The last level up to which no step lowers CFI by more than .01 or raises RMSEA by more than .015.

        Cheung and Rensvold (2002) and Chen (2007); the configural level is the start and not itself tested.
        """
        reached = str(self.table.index[0])
        for level, row in self.table.iloc[1:].iterrows():
            if row["delta_cfi"] < -CFI_FALL or row["delta_rmsea"] > RMSEA_RISE:
                break
            reached = str(level)
        return reached

    @property
    def n_obs(self) -> int:
        """Rows used, the same at every level."""
        return self._first.n_obs

    @property
    def group_n(self) -> pd.Series:
        """Rows by group."""
        return self._first.group_n

    @property
    def dropped(self) -> pd.Series:
        """Row label -> why the row was left out."""
        return self._first.dropped

    @property
    def cautions(self) -> tuple[Caution, ...]:
        """What makes a level's solution doubtful, the level named among what is concerned."""
        return tuple(
            Caution(caution.message, (level, *caution.items))
            for level, model in self.models.items()
            for caution in model.cautions
        )

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """The cautions as problems, each with the level, items or factors concerned."""
        return tuple(
            Problem(caution.message("en"), column=", ".join(caution.items), severity="warning")
            for caution in self.cautions
        )

    @property
    def _first(self) -> ConfirmatoryResult:
        return next(iter(self.models.values()))

    def tables(self) -> list[Table]:
        columns = (
            Column("level", Text("Level", "等值水平"), align="left"),
            Column("chi2", Text("χ²", "χ²"), ".2f"),
            Column("df", Text("df", "自由度"), ".0f"),
            Column("p", Text("p", "p"), "p"),
            Column("cfi", Text("CFI", "CFI")),
            Column("rmsea", Text("RMSEA", "RMSEA")),
            Column("srmr", Text("SRMR", "SRMR")),
            Column("bic", Text("BIC", "BIC"), ".1f"),
            Column("delta_chi2", Text("Δχ²", "Δχ²"), ".2f"),
            Column("delta_df", Text("Δdf", "Δ自由度"), ".0f"),
            Column("delta_p", Text("p of Δχ²", "Δχ² 的 p"), "p"),
            Column("delta_cfi", Text("ΔCFI", "ΔCFI")),
            Column("delta_rmsea", Text("ΔRMSEA", "ΔRMSEA")),
        )
        rows: list[list[Any]] = [
            [_LEVEL_NAMES[str(level)], *(None if pd.isna(row[c.key]) else row[c.key] for c in columns[1:])]
            for level, row in self.table.iterrows()
        ]
        title = Text("Measurement invariance over groups", "跨组测量等值性")
        return [Table("invariance", title, columns, table_rows(rows), self._notes())]

    def _notes(self) -> tuple[Text, ...]:
        first = self._first
        sizes = ", ".join(f"{name}: {n}" for name, n in first.group_n.items())
        notes = [
            ESTIMATORS[first.estimator],
            Text("n = {n} ({sizes}); {dropped} left out.", "n = {n}（{sizes}）；剔除 {dropped}。").format(
                n=first.n_obs, sizes=sizes, dropped=row_count(len(first.dropped))
            ),
            Text(
                "Levels: " + "; ".join(INVARIANCE[level].en for level in self.models) + ".",
                "各水平：" + "；".join(INVARIANCE[level].zh for level in self.models) + "。",
            ),
            *self._difference_notes(),
            _VERSIONS[self.version],
        ]
        if self.released:
            notes.append(
                Text("Released: {names}.", "放开的参数：{names}。").format(names=", ".join(self.released))
            )
        notes.append(
            Text(
                "By ΔCFI ≥ −.01 (Cheung and Rensvold 2002) and ΔRMSEA ≤ .015 (Chen 2007) the last level "
                "that holds "
                "is: {level}. The configural level is judged by its own fit.",
                "按 ΔCFI ≥ −0.01（Cheung 与 Rensvold 2002）且 ΔRMSEA ≤ 0.015（Chen 2007），成立的最后水平为："
                "{level}。形态等值由其自身拟合判断。",
            ).format(level=_LEVEL_NAMES[self.held])
        )
        return (*(note for note in notes if note), *caution_notes(self.cautions))

    @property
    def released(self) -> tuple[str, ...]:
        """Parameters left free over groups at every level (partial invariance)."""
        return self._first.released

    def _difference_notes(self) -> list[Text]:
        if not self.difference:
            return [_NO_DIFFERENCE]
        kinds = list(dict.fromkeys(self.difference.values()))
        return [
            _DIFFERENCES[kind].format(
                levels=", ".join(level for level, found in self.difference.items() if found == kind)
            )
            for kind in kinds
        ]
