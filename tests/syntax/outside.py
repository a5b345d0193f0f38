"""Runs the syntax files in the programs that they are for, and reads the numbers back."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

from socialcap.plan import StudyPlan
from socialcap.results import StudyResult
from socialcap.study.outputs import run_files
from socialcap.syntax import syntax_files

PACKAGES = ("psych", "GPArotation", "lavaan", "sandwich", "lmtest", "MASS")


def quick(plan: StudyPlan) -> StudyPlan:
    """The plan without its resampling, which stands in no syntax file."""
    return plan.model_copy(
        update={
            "robustness": None,
            "claim": (),
            "factors": plan.factors and plan.factors.model_copy(update={"bootstrap": 0}),
            "inference": plan.inference.model_copy(update={"replicates": 0}),
            "mediation": tuple(part.model_copy(update={"replicates": 100}) for part in plan.mediation),
            "validity": plan.validity and plan.validity.model_copy(update={"replicates": 20}),
        }
    )


def written(result: StudyResult, plan: StudyPlan, folder: Path) -> Path:
    """The study's folder of syntax beside its cleaned data."""
    files = {"cleaned.csv": run_files(result)["cleaned.csv"], **syntax_files(result, plan)}
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder / "syntax"


@cache
def _why_no_r() -> str:
    if shutil.which("Rscript") is None:
        return "Rscript is not installed"
    asked = "; ".join(f"stopifnot(requireNamespace('{name}', quietly = TRUE))" for name in PACKAGES)
    found = subprocess.run(["Rscript", "-e", asked], capture_output=True, timeout=60)
    return "" if found.returncode == 0 else f"R lacks one of {', '.join(PACKAGES)}"


def numbers_of_r(folder: Path) -> dict[str, float]:
    """What analysis.R computes; skips where R or one of its packages is not installed."""
    if reason := _why_no_r():
        pytest.skip(reason)
    ran = subprocess.run(
        ["Rscript", "analysis.R"],
        cwd=folder,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
    )
    assert ran.returncode == 0, ran.stderr
    with (folder / "numbers_R.csv").open(encoding="utf-8", newline="") as file:
        return {row["name"]: float(row["value"]) for row in csv.DictReader(file)}


def tables_of_pspp(folder: Path) -> list[list[list[str]]]:
    """The tables that analysis.sps gives, each its rows of cells; skips where pspp is not installed."""
    if shutil.which("pspp") is None:
        pytest.skip("pspp is not installed")
    ran = subprocess.run(
        ["pspp", "-O", "format=csv", "analysis.sps"],
        cwd=folder,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    rows = list(csv.reader(ran.stdout.splitlines()))
    said = [row for row in rows if row and ("error:" in row[0] or "warning:" in row[0])]
    assert not said, said
    tables: list[list[list[str]]] = [[]]
    for row in rows:
        if row:
            tables[-1].append(row)
        elif tables[-1]:
            tables.append([])
    return [table for table in tables if table]


def titled(tables: list[list[list[str]]], title: str) -> list[list[list[str]]]:
    """The tables whose title begins so, without it."""
    return [table[1:] for table in tables if table[0][0].startswith(f"Table: {title}")]
