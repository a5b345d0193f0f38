"""How fast an export is read and cleaned, beside a bare read of the same cells.

Makes a 2,000 x 151 XLSX and a 100,000 x 150 CSV of Likert answers, amounts, labels and free text in a
temporary folder, and prints seconds and, for each case in a process of its own, the peak of memory.
`python benchmarks/ingestion.py [--rows N]`; wanted: XLSX under 1 s, CSV under 15 s and 2 GB.
"""

from __future__ import annotations

import argparse
import csv
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

LIKERT = 120
LABELLED = 10
AMOUNTS = 10
COUNTS = 9
LABELS = ("非常不同意", "不同意", "一般", "同意", "非常同意")


def headers(extra: int) -> list[str]:
    """Column names: an id, then the kinds of question in turn; `extra` text columns at the end."""
    kinds = {"likert": LIKERT, "labelled": LABELLED, "amount": AMOUNTS, "count": COUNTS, "open": extra}
    return ["id", *(f"{kind}{number}" for kind, count in kinds.items() for number in range(1, count + 1))]


def rows(count: int, extra: int, seed: int = 1) -> list[list[str]]:
    """Answers as text: 3 % blank, a few full-width digits, units and out-of-range codes among them."""
    random = np.random.default_rng(seed)
    likert = np.array(["1", "2", "3", "4", "5", "", "５", "7"])[
        random.choice(8, p=[0.1, 0.2, 0.3, 0.2, 0.15, 0.03, 0.01, 0.01], size=(count, LIKERT))
    ]
    labelled = np.array([*LABELS, ""])[random.integers(0, 6, size=(count, LABELLED))]
    amounts = random.integers(1, 5000, size=(count, AMOUNTS)) * 100
    counts = random.integers(0, 500, size=(count, COUNTS))
    found = []
    for i in range(count):
        money = [f"{a // 10000}万" if a % 10000 == 0 else str(a) for a in amounts[i]]
        words = [f"answer {i} of {n}" for n in range(extra)]
        found.append([f"R{i:06d}", *likert[i], *labelled[i], *money, *map(str, counts[i]), *words])
    return found


def codebook(extra: int):  # type: ignore[no-untyped-def]
    """The codebook of the made-up questionnaire: twelve scales of ten items, every fifth item reversed."""
    from socialcap.codebook import Codebook, Item, ItemType, Option, Role, ValueList
    from socialcap.results import Text

    agree = ValueList("agree", tuple(Option(str(i), Text("", label)) for i, label in enumerate(LABELS, 1)))
    items = []
    for name in headers(extra):
        kind = name.rstrip("0123456789")
        number = int(name.removeprefix(kind) or 0)
        if kind == "id":
            items.append(Item("id", type=ItemType.TEXT, role=Role.ID))
        elif kind == "likert":
            scale = f"scale{(number - 1) // 10}"
            items.append(
                Item(name, type=ItemType.ORDINAL, minimum=1, maximum=5, scale=scale, reverse=number % 5 == 0)
            )
        elif kind == "labelled":
            items.append(Item(name, type=ItemType.ORDINAL, values="agree"))
        else:
            types = {"amount": ItemType.AMOUNT, "count": ItemType.INTEGER, "open": ItemType.TEXT}
            items.append(Item(name, type=types[kind]))
    return Codebook(tuple(items), {"agree": agree})


def read_and_clean(path: Path, extra: int) -> dict[str, float]:
    """The export through socialcap."""
    from socialcap.survey.clean import clean
    from socialcap.survey.read import read_raw

    book = codebook(extra)

    def work() -> dict[str, float]:
        start = time.perf_counter()
        raw = read_raw(path)
        read = time.perf_counter() - start
        survey = clean(raw, book)
        return {"reading": round(read, 3), "changes": len(survey.ledger), "rows": len(survey.responses)}

    return timed(work)


def read_with_openpyxl(path: Path, extra: int) -> dict[str, float]:
    """The same cells as openpyxl reads them."""
    import openpyxl

    def work() -> dict[str, float]:
        sheet = openpyxl.load_workbook(path, read_only=True).worksheets[0]
        return {"rows": sum(1 for _ in sheet.iter_rows(values_only=True)) - 1}

    return timed(work)


def read_with_pandas(path: Path, extra: int) -> dict[str, float]:
    """The same cells as pandas reads them, as text."""
    import pandas as pd

    return timed(lambda: {"rows": len(pd.read_csv(path, dtype=str, keep_default_na=False))})


def timed(work: Callable[[], dict[str, float]]) -> dict[str, float]:
    """What the work returns, with its seconds, its seconds of CPU, and the process's peak of memory."""
    start, cpu = time.perf_counter(), time.process_time()
    found = work()
    figures = {"seconds": time.perf_counter() - start, "cpu_seconds": time.process_time() - cpu}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {**{name: round(value, 3) for name, value in figures.items()}, "peak_mb": round(peak), **found}


def make_workbook(path: Path, count: int) -> None:
    """Writes the XLSX."""
    import xlsxwriter

    workbook = xlsxwriter.Workbook(str(path))
    sheet = workbook.add_worksheet()
    for number, row in enumerate([headers(1), *rows(count, 1)]):
        sheet.write_row(number, 0, [float(c) if c.isascii() and c.isdigit() else c for c in row])
    workbook.close()


def make_csv(path: Path, count: int) -> None:
    """Writes the CSV."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(headers(0))
        writer.writerows(rows(count, 0))


CASES = {"socialcap": read_and_clean, "openpyxl": read_with_openpyxl, "pandas": read_with_pandas}
INPUTS = {".xlsx": make_workbook, ".csv": make_csv}


def in_own_process(*arguments: str) -> str:
    """What this script prints when it is run anew: a process's peak of memory includes its parent's."""
    done = subprocess.run([sys.executable, __file__, *arguments], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def main() -> None:
    """Makes the inputs and measures every case, each in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--step", help="used by the script itself", nargs=2, default=None)
    chosen = parser.parse_args()
    if chosen.step:
        step, file = chosen.step
        if step == "make":
            INPUTS[Path(file).suffix](Path(file), chosen.rows)
        else:
            print(json.dumps(CASES[step](Path(file), 1 if file.endswith(".xlsx") else 0)))
        return
    with tempfile.TemporaryDirectory() as folder:
        for name, count, cases in (
            ("export.xlsx", 2000, ("socialcap", "openpyxl")),
            ("export.csv", chosen.rows, ("socialcap", "pandas")),
        ):
            path = str(Path(folder) / name)
            in_own_process("--step", "make", path, "--rows", str(count))
            for case in cases:
                print(f"{name:>12} {case:>10}  {in_own_process('--step', case, path)}")


if __name__ == "__main__":
    main()
