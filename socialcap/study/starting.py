"""A study folder to start from: the codebook drafted from an export, and a study file to fill in."""

from __future__ import annotations

import os
import re
from pathlib import Path

from socialcap.codebook import write_codebook
from socialcap.errors import Problem, UsageError
from socialcap.plan import STUDY_FILE
from socialcap.survey import draft_codebook, read_raw
from socialcap.writing import write_files

_STUDY = """\
# What is asked of this survey. Run `socialcap check .` until it is content, then `socialcap report .`
# Keys that are not known are errors, so mistakes in spelling are found.

[study]
name = "{name}"
title = {{ en = "{name}", zh = "{name}" }}
seed = 1

[data]
files = ["{source}"]
codebook = "codebook.xlsx"

# New variables, by expressions over the codebook's variables:
# [derive]
# ln_age = "log(2026 - founded)"
# financing = "mean(ease_bank, ease_private, min_share=0.5)"

# Careless answers: thresholds flag respondents; only [[exclude]] leaves them out.
[quality]
speeder_share = 0.3
longstring_share = 0.8
missing_share_above = 0.5

# [[exclude]]
# flag = "speeder"
# reason = {{ en = "Answered too fast", zh = "作答过快" }}

# Name in the codebook's column `scale` what each item measures; here say what the scales are called in reports,
# and how many factors to extract. Factors take the names of the scales they carry, and the index of all
# factors, weighted by the variance they explain, is the variable `social_capital`.
# [scales]
# trust = {{ en = "Trust among partners", zh = "伙伴信任" }}

# [factors]
# n_factors = 4

# [[regression]]
# name = "main"
# formula = "financing ~ social_capital + ln_age"
# cov = "HC3"
"""


def start_study(folder: Path, source: Path) -> list[Path]:
    """Write codebook.xlsx and study.toml for the export `source` into `folder`; returns their paths.

    What the codebook guesses is marked in its column `confirm`. Raises UsageError if either file is there
    already, UnreadableError if the export cannot be read, OutputError if the folder cannot be written.
    """
    targets = [folder / "codebook.xlsx", folder / STUDY_FILE]
    taken = [Problem("is there already", str(path)) for path in targets if path.exists()]
    if taken:
        raise UsageError("nothing was written, so that no work is lost", taken)
    book = draft_codebook(read_raw([source]))
    name = re.sub(r"[^\w-]+", "_", folder.resolve().name).strip("_") or "study"
    relative = Path(os.path.relpath(source.resolve(), folder.resolve())).as_posix()
    text = _STUDY.format(name=name, source=relative.replace("\\", "\\\\").replace('"', '\\"'))
    write_codebook(book, targets[0])
    write_files({targets[1]: text.encode()})
    return targets
