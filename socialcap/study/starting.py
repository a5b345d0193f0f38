"""A study folder to start from: drafted from an export, or a template with its instrument before any data."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from pathlib import Path

from socialcap.codebook import Codebook, ItemType, read_codebook, write_codebook
from socialcap.codebook.form import QUESTIONS, SECTIONS, read_form
from socialcap.codebook.sheets import csv_bytes
from socialcap.codebook.workbook import codebook_rows
from socialcap.codebook.xlsform_writing import xlsform_bytes
from socialcap.errors import Problem, UsageError, nearest
from socialcap.plan import STUDY_FILE
from socialcap.results import LANGUAGES
from socialcap.survey import draft_codebook, read_raw
from socialcap.writing import write_files

# A template by its name, and the folder of its files.
TEMPLATES = {"social-capital": Path(__file__).with_name("templates") / "social_capital"}

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
# financing = "mean(ease_bank, ease_private, min_share=0.5)"
#
# [derive.ln_age]
# expression = "log(2026 - founded)"
# label = {{ en = "ln(age of the firm)", zh = "企业年龄（对数）" }}

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

# Who answered, and what their funds come from (shares in per cent); whether the scales are what they should be.
# [profile]
# variables = ["trade", "legal_form"]
# funding = ["funds_own", "funds_bank", "funds_other"]

# [validity]
# estimator = "mlr"

# [[regression]]
# name = "main"
# label = {{ en = "Ease of finance", zh = "融资难易" }}
# formula = "financing ~ social_capital + ln_age"
# cov = "HC3"

# [[regression]]
# name = "loan"
# label = {{ en = "Has a bank loan", zh = "是否获得银行贷款" }}
# formula = "has_loan ~ social_capital + ln_age"
# model = "logit"

# Hypotheses, each a sentence and a test; the report opens with their verdicts. `socialcap freeze .` seals them
# before the data come. Coefficients are compared in standard deviations.
# [[claim]]
# name = "social_capital_helps"
# sentence = {{ en = "Social capital makes finance easier.", zh = "社会资本使融资更容易。" }}
# test = "coef(financing, social_capital) > 0"
# regression = "main"

# That something hardly matters is an equivalence test: the whole interval must lie within the bounds.
# [[claim]]
# name = "age_hardly"
# sentence = {{ en = "The age of the firm hardly matters.", zh = "企业年龄几乎没有影响。" }}
# test = "abs(coef(financing, ln_age)) < 0.10"
# regression = "main"

# [[claim]]
# name = "own_funds"
# sentence = {{ en = "Own funds are 40 to 60% of all.", zh = "自有资金占 40% 至 60%。" }}
# test = "share(funds_own) in [0.40, 0.60]"

# Other choices that are tried, to see whether the coefficients followed stand.
# [robustness]
# follow = [{{ regression = "main", term = "social_capital" }}]
# extraction = ["principal", "paf"]
# rotation = ["varimax", "oblimin"]
"""


def start_study(folder: Path, source: Path) -> list[Path]:
    """Write codebook.xlsx and study.toml for the export `source` into `folder`; returns their paths.

    What the codebook guesses is marked in its column `confirm`. Raises UsageError if either file is there
    already, UnreadableError if the export cannot be read, OutputError if the folder cannot be written.
    """
    targets = [folder / "codebook.xlsx", folder / STUDY_FILE]
    _refuse_to_overwrite(targets)
    book = draft_codebook(read_raw([source]))
    relative = Path(os.path.relpath(source.resolve(), folder.resolve())).as_posix()
    text = _STUDY.format(name=_name(folder), source=relative.replace("\\", "\\\\").replace('"', '\\"'))
    write_codebook(book, targets[0])
    write_files({targets[1]: text.encode()})
    return targets


def start_template(folder: Path, template: str, today: date | None = None) -> list[Path]:
    """Write a template's codebook, study.toml and questionnaires into `folder`; returns their paths.

    The questionnaire comes as an XLSForm and as a Word document in each language, all from the codebook
    beside them; years in it end with that of `today`. The study file awaits the answers in the file that its
    `data.files` names. Raises UsageError if there is no such template or one of the files is there already,
    OutputError if the folder cannot be written.
    """
    # Word's library is loaded by those alone who start from a template.
    from socialcap.codebook.questionnaire import questionnaire_bytes

    source = _template(template)
    year = (today or date.today()).year
    book = _until(year, read_codebook(source / "codebook"))
    form = read_form(source / "codebook", book)
    rows = codebook_rows(book)
    study = (source / STUDY_FILE).read_text(encoding="utf-8")
    name = _name(folder)
    made = {
        STUDY_FILE: study.replace("{name}", name).replace("{year}", str(year)).encode(),
        **{f"codebook/{sheet}.csv": csv_bytes(rows[sheet]) for sheet in rows},
        **{
            f"codebook/{s}.csv": (source / "codebook" / f"{s}.csv").read_bytes()
            for s in (QUESTIONS, SECTIONS)
        },
        "questionnaire.xlsx": xlsform_bytes(book, name, form),
        **{f"questionnaire_{lang}.docx": questionnaire_bytes(book, name, lang, form) for lang in LANGUAGES},
    }
    files = {folder / path: content for path, content in made.items()}
    _refuse_to_overwrite(files)
    write_files(files)
    return list(files)


def _template(name: str) -> Path:
    if name in TEMPLATES:
        return TEMPLATES[name]
    hint = nearest(name, list(TEMPLATES))
    known = "one of " + ", ".join(TEMPLATES)
    raise UsageError(
        f"there is no template {name!r}; " + (f"did you mean {hint!r}?" if hint else f"there is {known}")
    )


def _until(year: int, book: Codebook) -> Codebook:
    """The codebook in which no year lies after the survey's."""
    return replace(
        book,
        items=tuple(
            replace(item, maximum=float(year))
            if item.type is ItemType.YEAR and item.maximum is None
            else item
            for item in book
        ),
    )


def _refuse_to_overwrite(targets: Iterable[Path]) -> None:
    taken = [Problem("is there already", str(path)) for path in targets if path.exists()]
    if taken:
        raise UsageError("nothing was written, so that no work is lost", taken)


def _name(folder: Path) -> str:
    """The study's name: that of its folder, in letters, digits and marks that a name may have."""
    return re.sub(r"[^\w-]+", "_", folder.resolve().name).strip("_") or "study"
