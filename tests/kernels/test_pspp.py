"""SPSS conventions against PSPP's FACTOR, run live on `tests/golden/likert.csv`.

Tolerance ROTATED 1e-4: PSPP prints twelve decimals but stops its rotation when the criterion changes by less
than .0001 (RCONVERGE). PROMAX 1e-6: its varimax happens to be closer there. PRINTED 1e-9: what has no
iteration, and the iterated communalities, whose stopping rule is the same as ours (largest change below .001,
at most 25 iterations).
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from socialcap.kernels import FloatArray, extraction, rotation

from .factor_golden import GOLDEN, likert, matched

PRINTED, ROTATED, PROMAX = 1e-9, 1e-4, 1e-6
CORR = np.corrcoef(likert().T)
pytestmark = pytest.mark.skipif(shutil.which("pspp") is None, reason="pspp is not installed")

SYNTAX = """
GET DATA /TYPE=TXT /FILE="{data}" /FIRSTCASE=2 /DELIMITERS="," /VARIABLES={variables}.
SET FORMAT=F20.12.
FACTOR /VARIABLES=q1 TO q12 /CRITERIA=FACTORS(3) ITERATE(25) /EXTRACTION={extraction} /ROTATION={rotation}
  /PRINT=INITIAL EXTRACTION ROTATION.
"""


def factor(folder: Path, extraction_name: str, rotation_name: str) -> dict[str, FloatArray]:
    """Tables of PSPP's FACTOR by title."""
    variables = " ".join(f"q{i} F8" for i in range(1, 13))
    syntax, output = folder / "factor.sps", folder / "factor.csv"
    syntax.write_text(
        SYNTAX.format(
            data=GOLDEN / "likert.csv",
            variables=variables,
            extraction=extraction_name,
            rotation=rotation_name,
        )
    )
    subprocess.run(["pspp", str(syntax), "-o", str(output)], check=True, capture_output=True, timeout=120)
    tables: dict[str, FloatArray] = {}
    for block in output.read_text(encoding="utf-8").split("Table: ")[1:]:
        title, *lines = block.strip().splitlines()
        rows = [line.split(",")[1:] for line in lines]
        numbers = [row for row in rows if row and row[0].lstrip("-")[:1] in "0123456789." and row[0]]
        if title != "Total Variance Explained":
            tables[title] = np.array([[float(cell) for cell in row] for row in numbers if "." in row[0]])
        else:
            tables[title] = np.array([float(row[0]) for row in numbers])
    return tables


def test_axis_factoring_with_varimax(tmp_path: Path) -> None:
    tables = factor(tmp_path, "PAF", "VARIMAX")
    found = extraction.principal_axis(CORR, 3, stop="max")
    assert found.converged
    initial, final = tables["Communalities"].T
    np.testing.assert_allclose(extraction.smc(CORR), initial, rtol=0, atol=PRINTED)
    np.testing.assert_allclose(found.communalities, final, rtol=0, atol=PRINTED)
    eigenvalues = tables["Total Variance Explained"]
    np.testing.assert_allclose(np.linalg.eigvalsh(CORR)[::-1], eigenvalues, rtol=0, atol=PRINTED)
    unrotated = tables["Factor Matrix"]
    np.testing.assert_allclose(matched(found.loadings, unrotated), unrotated, rtol=0, atol=PRINTED)
    rotated = tables["Rotated Factor Matrix"]
    ours = rotation.varimax(found.loadings, kaiser=True).loadings
    np.testing.assert_allclose(matched(ours, rotated), rotated, rtol=0, atol=ROTATED)
    raw = rotation.varimax(found.loadings, kaiser=False).loadings
    assert np.abs(matched(raw, rotated) - rotated).max() > 100 * ROTATED


def test_components_with_promax(tmp_path: Path) -> None:
    tables = factor(tmp_path, "PC", "PROMAX(4)")
    found = extraction.principal_components(CORR, 3)
    unrotated = tables["Component Matrix"]
    np.testing.assert_allclose(matched(found.loadings, unrotated), unrotated, rtol=0, atol=PRINTED)
    ours = rotation.promax(found.loadings, power=4)
    # PSPP reflects factors in its pattern but not in its structure: columns are matched table by table
    for part, title in ((ours.loadings, "Pattern Matrix"), (ours.structure, "Structure Matrix")):
        theirs = tables[title]
        np.testing.assert_allclose(matched(part, theirs), theirs, rtol=0, atol=PROMAX)
    lower = np.tril_indices(3, -1)
    theirs = np.sort(np.abs(tables["Factor Correlation Matrix"][lower]))
    np.testing.assert_allclose(np.sort(np.abs(ours.phi[lower])), theirs, rtol=0, atol=PROMAX)
