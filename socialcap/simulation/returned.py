"""Questionnaires as they come back: firms that answer properly, those that do not, and what is left blank."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from socialcap.codebook import Codebook, Item, Role
from socialcap.errors import UsageError
from socialcap.kernels import FloatArray, IntArray
from socialcap.simulation.draw import simulate, stream
from socialcap.simulation.model import Population, ReturnedPart, column_names

VALID = "valid"
# Blocks reserved for documentation: no real host has these addresses.
IP_BLOCKS = ("192.0.2", "198.51.100", "203.0.113")
DAY = 86_400


@dataclass(frozen=True)
class Returned:
    """Questionnaires in the order in which they came in.

    answers: typed answers, missing where not asked; blank: asked, but left without an answer (same shape);
    kind: "valid", or why the questionnaire is of no use; original (n,): a copy of it came in as well;
    respondent: the number on its cover; submitted, and seconds (n,) taken; ip: address with the place that
    the platform derives from it.
    """

    answers: pd.DataFrame
    blank: pd.DataFrame
    kind: NDArray[np.str_]
    original: NDArray[np.bool_]
    respondent: NDArray[np.str_]
    submitted: pd.DatetimeIndex
    seconds: IntArray
    ip: NDArray[np.str_]


def returned_questionnaires(population: Population, book: Codebook, n: int, seed: int) -> Returned:
    """`n` properly answered questionnaires of a population, and the unusable ones that [returned] states.

    Careless respondents answer the items that share the attention check's value list. Raises UsageError
    where the population says nothing about returns, or a careless respondent is asked for without a check.
    """
    part = population.returned
    if part is None:
        raise UsageError(
            "the population has no [returned] part: it does not say how questionnaires come back"
        )
    kinds = np.array(
        [VALID] * n
        + ["straightliner"] * part.straightliners
        + ["speeder"] * part.speeders
        + ["inattentive"] * part.inattentive
    )
    answers = simulate(population, len(kinds), seed)
    _answer_carelessly(answers, kinds, book, seed)
    blank = _blanks(population, part, answers, seed)
    frame = answers.assign(**_covers(part, kinds, seed))
    copies = _copies(part, frame, book, seed)
    copied = [row for copy in copies for row in copy.index]
    everything = pd.concat([frame.assign(_original=frame.index.isin(copied)), *copies])
    blank = blank.loc[everything.index].reset_index(drop=True)
    order = np.argsort(everything["_time"].to_numpy(), kind="stable")
    everything = everything.reset_index(drop=True).iloc[order].reset_index(drop=True)
    return Returned(
        answers=everything[list(answers.columns)],
        blank=blank.iloc[order].reset_index(drop=True),
        kind=everything["_kind"].to_numpy(dtype=str),
        original=everything["_original"].eq(True).to_numpy(),
        respondent=everything["_respondent"].to_numpy(dtype=str),
        submitted=pd.DatetimeIndex(pd.Timestamp(part.start) + pd.to_timedelta(everything["_time"], unit="s")),
        seconds=everything["_seconds"].to_numpy(dtype=np.int64),
        ip=everything["_ip"].to_numpy(dtype=str),
    )


def agreement_items(book: Codebook) -> tuple[Item, list[Item]]:
    """The attention check, and the items answered on the same value list.

    Raises UsageError where the codebook has no attention check with a value list.
    """
    checks = [item for item in book.with_role(Role.ATTENTION) if item.values and item.check]
    if not checks:
        raise UsageError("careless respondents need an attention check with a value list in the codebook")
    check = checks[0]
    return check, [item for item in book if item.values == check.values and item is not check]


def _answer_carelessly(answers: pd.DataFrame, kinds: NDArray[np.str_], book: Codebook, seed: int) -> None:
    careless = np.flatnonzero(kinds != VALID)
    if len(careless) == 0:
        return
    check, items = agreement_items(book)
    codes = np.array([float(code) for code in book.value_lists[check.values].codes])
    expected = float(check.check)
    rng = stream(seed, "careless answers")
    for row in careless:
        names = [item.name for item in items]
        if kinds[row] == "straightliner":
            answers.loc[row, [*names, check.name]] = expected
        else:
            answers.loc[row, names] = rng.choice(codes, len(names))
            missed = codes[codes != expected] if kinds[row] == "inattentive" else codes
            answers.loc[row, check.name] = rng.choice(missed)


def _blanks(population: Population, part: ReturnedPart, answers: pd.DataFrame, seed: int) -> pd.DataFrame:
    blank = pd.DataFrame(False, index=answers.index, columns=answers.columns)
    for variable in population.variable:
        names = list(column_names(variable))
        if variable.name in part.required or set(names) & set(part.required):
            continue
        share = part.blank.get(variable.name, part.blank_share)
        left_out = stream(seed, f"blank {variable.name}").random(len(answers)) < share
        blank.loc[left_out, names] = True
    return blank & answers.notna()


def _covers(part: ReturnedPart, kinds: NDArray[np.str_], seed: int) -> dict[str, NDArray[np.generic]]:
    """Number, time, duration and address of every questionnaire but the copies."""
    rng = stream(seed, "covers")
    n = len(kinds)
    numbers = rng.permutation(int(1.3 * n) + part.copied)[:n] + 1
    days = rng.integers(0, part.days, n) * DAY
    seconds = np.clip(np.round(460 * np.exp(0.35 * rng.standard_normal(n))), 190, 2400)
    seconds = np.where(kinds == "speeder", rng.integers(38, 105, n), seconds)
    hosts = rng.integers(2, 255, n)
    blocks, places = rng.choice(IP_BLOCKS, n), rng.choice(part.places, n)
    return {
        "_kind": kinds,
        "_respondent": np.array([part.id_format.format(number) for number in numbers]),
        "_time": (days + rng.integers(0, 11 * 3600, n)).astype(np.int64),
        "_seconds": seconds.astype(np.int64),
        "_ip": np.array([f"{b}.{h}({p})" for b, h, p in zip(blocks, hosts, places, strict=True)]),
    }


def _copies(part: ReturnedPart, frame: pd.DataFrame, book: Codebook, seed: int) -> list[pd.DataFrame]:
    """Questionnaires made from valid ones, under the index of the original."""
    rng = stream(seed, "copies")
    valid = np.flatnonzero(frame["_kind"] == VALID)
    originals = rng.choice(valid, part.repeated + part.resubmitted + part.copied, replace=False)
    repeated, resubmitted, copied = np.split(originals, [part.repeated, part.repeated + part.resubmitted])
    again = frame.loc[repeated].assign(_kind="repeated", _time=lambda d: d["_time"] + d["_seconds"] + 95)
    changed = frame.loc[resubmitted].assign(_kind="resubmitted", _time=lambda d: d["_time"] + DAY + 3600)
    for row in resubmitted:
        _change_answers(changed, row, book, rng)
    taken = set(frame["_respondent"])
    numbers = (part.id_format.format(k) for k in range(1, 2 * len(frame) + 2 * part.copied + 2))
    free = [number for number in numbers if number not in taken]
    other = frame.loc[copied].assign(
        _kind="copied",
        _time=lambda d: d["_time"] + 1900,
        _respondent=rng.choice(free, len(copied), replace=False),
    )
    return [again, changed, other]


def _change_answers(frame: pd.DataFrame, row: int, book: Codebook, rng: np.random.Generator) -> None:
    """Move a third of one respondent's agreement answers by one step."""
    check, items = agreement_items(book)
    codes: FloatArray = np.array(sorted(float(code) for code in book.value_lists[check.values].codes))
    for name in rng.choice([item.name for item in items], max(len(items) // 3, 1), replace=False):
        place = int(np.searchsorted(codes, frame.loc[row, name]))
        frame.loc[row, name] = codes[place + 1 if place == 0 else place - 1]
