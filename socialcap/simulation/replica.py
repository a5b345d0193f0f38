"""A study's data folder made from its population: the export as a workbook and as a GB18030 CSV."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from socialcap.codebook import read_codebook
from socialcap.errors import UsageError
from socialcap.simulation.draw import simulate
from socialcap.simulation.model import Population
from socialcap.simulation.population import POPULATION_FILE, read_population
from socialcap.simulation.returned import Returned, returned_questionnaires
from socialcap.simulation.wjx_export import csv_gb18030, wjx_rows, workbook
from socialcap.writing import write_files

CODEBOOK = "codebook"
EXPORT = "export.xlsx"
EXPORT_CSV = "export_gb18030.csv"
SIMULATED = "simulated"


@dataclass(frozen=True)
class Replica:
    """An export, and what only a simulation knows about it.

    rows: the export as text, header first; returned: the questionnaires behind it; slips: cells not written
    as meant: position (questionnaires counted from 0), variable, kind, text, meant.
    """

    rows: list[list[str]]
    returned: Returned
    slips: pd.DataFrame


def make_replica(path: str | Path, n: int | None = None, seed: int | None = None) -> Replica:
    """The replica that a folder's population.toml and codebook describe; nothing is written.

    `path` is the folder or its population file; n (properly answered questionnaires) and seed default to what
    the population states. Raises PopulationError, CodebookError for mistakes in the files, UsageError where
    they do not fit together.
    """
    folder = _folder(path)
    population = read_population(folder / POPULATION_FILE)
    book = read_codebook(folder / CODEBOOK)
    if population.returned is None:
        raise UsageError(f"{folder} has no [returned] part: it does not say how questionnaires come back")
    n = population.population.firms if n is None else n
    seed = population.population.seed if seed is None else seed
    returned = returned_questionnaires(population, book, n, seed)
    rows, written = wjx_rows(returned, book, population.returned, seed)
    return Replica(rows, returned, written.slips)


def write_replica(
    path: str | Path, n: int | None = None, seed: int | None = None, *, out: str | Path | None = None
) -> tuple[Path, ...]:
    """The files of `make_replica`'s export, written into `out` (default: the folder itself).

    The same files and the same seed give the same bytes. Raises OutputError where a file cannot be written.
    """
    made = make_replica(path, n, seed)
    target = _folder(path) if out is None else Path(out)
    files = {target / EXPORT: workbook(made.rows), target / EXPORT_CSV: csv_gb18030(made.rows)}
    write_files(files)
    return tuple(files)


def simulate_files(population: Population, n: int = 200, seed: int = 1) -> bytes:
    """True answers of `n` simulated firms as CSV (UTF-8 with a mark), codes as in the codebook.

    The first column is 1 throughout and called `simulated`: whoever opens the file sees what it holds.
    """
    frame = simulate(population, n, seed)
    frame.insert(0, SIMULATED, 1)
    return frame.to_csv(index=False, lineterminator="\n", float_format="%.10g").encode("utf-8-sig")


def _folder(path: str | Path) -> Path:
    path = Path(path)
    return path.parent if path.name == POPULATION_FILE else path
