"""Population files and draws from them.

Tolerances: distributions of 40,000 draws are held to 4.5 standard errors of the statistic (a false alarm in
about 1 of 150,000 comparisons; the draws are seeded); implied variances are exact up to rounding (1e-12).
"""

from __future__ import annotations

import datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from socialcap.errors import UsageError
from socialcap.simulation.draw import normal_scores, simulate
from socialcap.simulation.model import Nominal, Population
from socialcap.simulation.paths import equations, indicator
from socialcap.simulation.population import PopulationError, read_population

MILUO = Path(__file__).resolve().parents[2] / "data" / "miluo"
N = 40_000

HEAD = """
[population]
name = "small"
title = "A small population"
note = "simulated"
survey_year = 2020
"""


@pytest.fixture(scope="module")
def miluo() -> Population:
    return read_population(MILUO)


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "population.toml"
    path.write_text(HEAD + text, encoding="utf-8")
    return path


def mistakes(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(PopulationError) as raised:
        read_population(written(tmp_path, text))
    assert raised.value.exit_code == 3
    return [str(problem) for problem in raised.value.problems]


def test_every_form_mistake_is_named_at_once(tmp_path: Path) -> None:
    found = mistakes(
        tmp_path,
        """
        [[latent]]
        name = "credit"
        labels = "x"
        [[variable]]
        name = "a"
        kind = "ordinal"
        shars = [0.5, 0.5]
        [[variable]]
        name = "b"
        kind = "poisson"
        [[variable]]
        name = "c"
        kind = "normal"
        mean = "ten"
        sd = -1
        """,
    )
    assert "population.toml: latent.credit.label is missing" in found
    assert "population.toml: unknown key latent.credit.labels; did you mean 'label'?" in found
    assert "population.toml: variable.a.shares is missing" in found
    assert "population.toml: unknown key variable.a.shars; did you mean 'shares'?" in found
    assert any("variable.b.kind names no distribution (found 'poisson')" in line for line in found)
    assert any(line.startswith("population.toml: variable.c.mean") and "'ten'" in line for line in found)
    assert any(line.startswith("population.toml: variable.c.sd") for line in found)
    assert len(found) == 7, found


def test_every_contradiction_is_named_at_once(tmp_path: Path) -> None:
    found = mistakes(
        tmp_path,
        """
        [[latent]]
        name = "credit"
        label = "credit"
        [[variable]]
        name = "trade"
        kind = "nominal"
        codes = ["x", "y"]
        shares = [0.5, 0.4]
        [[variable]]
        name = "a"
        kind = "ordinal"
        shares = [0.5, 0.5]
        effects = { credti = 0.5, trade = 0.3 }
        [[variable]]
        name = "b"
        kind = "percentage"
        mean = 50
        sd = 50
        at_most = { variable = "c" }
        [[variable]]
        name = "later"
        kind = "linear"
        terms = { survey_yeer = 1 }
        [[variable]]
        name = "parts"
        kind = "composition"
        round_to = 7
        [[variable.parts]]
        name = "p"
        weight = 1
        sd = 1
        only_if = [{ variable = "d", codes = [1] }]
        [[variable.parts]]
        name = "q"
        weight = 1
        sd = 1
        only_if = [{ variable = "a", codes = [1] }]
        """,
    )
    text = "\n".join(found)
    assert "variable trade: the shares [0.5, 0.4] do not sum to 1" in text
    assert "variable a: effects names 'credti', which is not stated before it; did you mean 'credit'?" in text
    assert "variable a: the effect of trade has to be a table of shifts per code" in text
    assert "variable b: no percentage with mean 50.0 has a standard deviation of 50.0" in text
    assert "variable b: at_most names 'c'" in text
    assert (
        "variable later: terms names 'survey_yeer', which is not stated before it; did you mean 'survey_year'"
        in text
    )
    assert "variable parts: a condition names 'd'" in text
    assert "variable parts: 100 is no multiple of round_to = 7.0" in text
    assert "variable parts: every part has a condition" in text
    assert len(found) == 9


def test_effects_cannot_explain_more_than_everything(tmp_path: Path) -> None:
    found = mistakes(
        tmp_path,
        """
        [[latent]]
        name = "f"
        label = "f"
        [[latent]]
        name = "g"
        label = "g"
        correlations = { f = 0.5 }
        [[variable]]
        name = "a"
        kind = "normal"
        mean = 0
        sd = 1
        effects = { f = 0.7, g = 0.6 }
        """,
    )
    # .49 + .36 + 2(.5)(.42) = 1.27
    assert found == ["population.toml: a: the effects explain 1.27 of a variance of 1"]


def test_impossible_correlations_are_refused(tmp_path: Path) -> None:
    latents = "".join(
        f'[[latent]]\nname = "{name}"\nlabel = "{name}"\ncorrelations = {given}\n'
        for name, given in [("f", "{}"), ("g", "{ f = 0.9 }"), ("h", "{ f = 0.9, g = -0.9 }")]
    )
    variable = '[[variable]]\nname = "a"\nkind = "normal"\nmean = 0\nsd = 1\n'
    assert "impossible together" in mistakes(tmp_path, latents + variable)[0]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "there is no population file"),
        (b"[population\n", "not valid TOML"),
        (b"\xff\xfe\xfd", "not UTF-8"),
    ],
)
def test_unreadable_files(tmp_path: Path, content: bytes | None, words: str) -> None:
    path = tmp_path / "population.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(PopulationError, match=words):
        read_population(tmp_path)


def test_implied_variances_are_one(miluo: Population) -> None:
    """Every normal score has variance 1: by (I − B)⁻¹ Ψ (I − B)⁻ᵀ over all scores at once."""
    latents = [part.name for part in miluo.latent]
    found = equations(miluo)
    nominal = {part.name: part for part in miluo.variable if isinstance(part, Nominal)}
    dummies = [indicator(name, code) for name, part in nominal.items() for code in part.codes]
    names = [*latents, *dummies, *found]
    place = {name: k for k, name in enumerate(names)}
    b, psi = np.zeros((len(names), len(names))), np.zeros((len(names), len(names)))
    psi[: len(latents), : len(latents)] = miluo.phi
    for name, part in nominal.items():
        at = [place[indicator(name, code)] for code in part.codes]
        p = np.array(part.shares)
        psi[np.ix_(at, at)] = np.diag(p) - np.outer(p, p)
    for name, equation in found.items():
        psi[place[name], place[name]] = equation.residual_sd**2
        for source, weight in equation.weights.items():
            b[place[name], place[source]] = weight
    total = np.linalg.inv(np.eye(len(names)) - b)
    variances = np.diag(total @ psi @ total.T)[len(latents) + len(dummies) :]
    np.testing.assert_allclose(variances, 1.0, atol=1e-12)


def test_normal_scores_are_standard_and_load_as_stated(miluo: Population) -> None:
    scores = normal_scores(miluo, N, seed=11)
    for name in equations(miluo):
        assert abs(scores[name].mean()) < 4.5 / np.sqrt(N), name
        assert abs(scores[name].var() - 1) < 4.5 * np.sqrt(2 / N), name
    # E1 depends on one latent: its correlation with it is the coefficient
    loading = equations(miluo)["E1"].weights["entrepreneur"]
    observed = np.corrcoef(scores["E1"], scores["entrepreneur"])[0, 1]
    assert abs(observed - loading) < 4.5 * (1 - loading**2) / np.sqrt(N)


def test_distributions_are_the_stated_ones(miluo: Population) -> None:
    frame = simulate(miluo, N, seed=12)
    stated = {part.name: part for part in miluo.variable}
    for name in ("E1", "C4", "K3", "short_of_funds"):
        counts = frame[name].value_counts(normalize=True).sort_index().to_numpy()
        shares = np.array(stated[name].shares)
        assert np.all(np.abs(counts - shares) < 4.5 * np.sqrt(shares * (1 - shares) / N)), name
    disputes = stats.nbinom(2.5, 2.5 / (2.5 + 2.2))
    for k in range(6):
        share = disputes.cdf(k) / disputes.cdf(12)
        assert abs((frame["C7"] <= k).mean() - share) < 4.5 * np.sqrt(share * (1 - share) / N)
    age = stats.lognorm(0.45, scale=11)
    for limit in (5, 11, 20, 30):
        # rounded to years: at most `limit` is below limit + 1/2
        share = (age.cdf(limit + 0.5) - age.cdf(1)) / (age.cdf(45) - age.cdf(1))
        assert abs((frame["firm_age"] <= limit).mean() - share) < 4.5 * np.sqrt(share * (1 - share) / N)
    assert abs(frame["K2"].mean() - 48) < 4.5 * 22 / np.sqrt(N)
    # rounding to steps of 5 adds 25/12 to the variance
    assert frame["K2"].std() == pytest.approx(np.sqrt(22**2 + 25 / 12), rel=0.02)


def test_poisson_counts() -> None:
    population = Population.model_validate(
        {
            "population": {"name": "p", "title": "p", "note": "p", "survey_year": 2000},
            "variable": [{"kind": "count", "name": "k", "mean": 3.0}],
        }
    )
    drawn = simulate(population, N, seed=4)["k"]
    for k in range(9):
        share = stats.poisson(3).cdf(k)
        assert abs((drawn <= k).mean() - share) < 4.5 * np.sqrt(share * (1 - share) / N)


def test_logical_constraints_hold(miluo: Population) -> None:
    d = simulate(miluo, 5000, seed=5)
    assert (d["Y1"] == 2026 - d["firm_age"]).all()
    for name in ("Y2", "Y3", "Y4"):
        assert (d[name] <= d["firm_age"]).all()
        assert (d[name] < d["firm_age"]).any()
    assert (d["E2"] <= d["owner_age"] - 16).all()
    funds = d.filter(like="funds_")
    funds = funds.drop(columns=["short_of_funds"], errors="ignore")
    assert (funds.sum(axis=1) == 100).all()
    assert (funds % 5 == 0).all(axis=None)
    assert (d.loc[d["external_finance"] == 0, ["funds_informal", "funds_bank", "funds_trade"]] == 0).all(
        axis=None
    )
    assert (d.loc[~d["application_result"].isin([2, 3]), "funds_bank"] == 0).all()
    assert (d.loc[d["application_result"] >= 2, "external_finance"] == 1).all()
    assert (d["application_result"].isna() == (d["applied"] == 0)).all()
    assert (d["reason_not_applied"].isna() == (d["applied"] == 1)).all()
    joined = d.filter(like="joined_")
    others = joined.drop(columns="joined_none").max(axis=1)
    assert (d["joined_none"] == 1 - others).all()


def test_streams_belong_to_variables(miluo: Population) -> None:
    """A longer draw begins with the shorter one, and a variable more changes no other."""
    short, long = simulate(miluo, 50, seed=3), simulate(miluo, 80, seed=3)
    assert short.equals(long.head(50))
    assert not short.equals(simulate(miluo, 50, seed=4))
    extra = miluo.variable[0].model_copy(update={"name": "unheard_of"})
    larger = miluo.model_copy(update={"variable": (extra, *miluo.variable)})
    assert simulate(larger, 50, seed=3)[list(short.columns)].equals(short)


def test_no_firms_is_no_survey(miluo: Population) -> None:
    with pytest.raises(UsageError, match="at least one firm"):
        simulate(miluo, 0)


@settings(max_examples=60, deadline=None)
@given(
    weights=st.lists(st.floats(0.01, 1000), min_size=2, max_size=8),
    step=st.sampled_from([0.5, 1.0, 2.0, 5.0, 10.0, 25.0]),
    seed=st.integers(0, 2**31),
)
def test_shares_sum_to_exactly_one_hundred(weights: list[float], step: float, seed: int) -> None:
    population = Population.model_validate(
        {
            "population": {"name": "p", "title": "p", "note": "p", "survey_year": 2000},
            "variable": [
                {
                    "kind": "composition",
                    "name": "c",
                    "round_to": step,
                    "parts": [{"name": f"p{k}", "weight": w, "sd": 1.0} for k, w in enumerate(weights)],
                }
            ],
        }
    )
    shares = simulate(population, 25, seed=seed)
    assert (shares.sum(axis=1) == 100).all()
    assert ((shares >= 0) & (shares % step == 0)).all(axis=None)


def test_miluo_describes_how_questionnaires_return(miluo: Population) -> None:
    part = miluo.returned
    assert part is not None
    extra = (
        part.repeated
        + part.resubmitted
        + part.copied
        + part.straightliners
        + part.speeders
        + part.inattentive
    )
    assert (miluo.population.firms, extra) == (200, 14)
    assert part.start == datetime.datetime(2026, 9, 7, 8, 30)
    assert "模拟" in miluo.population.note.zh and "imulated" in miluo.population.note.en
