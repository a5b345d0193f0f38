"""Published factor solutions from the study file and from files, and the plan's tables for them."""

from pathlib import Path

import pytest

from socialcap.claims import Model, Vocabulary, claim_problems, pattern, read_references
from socialcap.errors import StudyError
from socialcap.plan import ClaimPart, ReferencePart, RegressionPart, read_study

STUDY = """
[study]
name = "demo"
[data]
files = ["export.csv"]
[[claim]]
name = "h1"
sentence = { en = "Trust pays.", zh = "信任有益。" }
test = "coef(finance, trust) > 0"
[[claim]]
name = "h2"
test = "congruence(factors, published) > 0.85"
effect = 0.3
[references.published]
trust = ["t1", "t2"]
credit = "c1"
[references.loadings]
file = "loadings.csv"
"""


def test_claims_and_references_are_tables_of_the_study_file(tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    path.write_text(STUDY, encoding="utf-8")
    plan = read_study(path)
    assert [claim.name for claim in plan.claim] == ["h1", "h2"]
    assert plan.claim[0].sentence.zh == "信任有益。" and plan.claim[0].effect == 0.20
    assert plan.references["published"].factors == {"trust": ("t1", "t2"), "credit": ("c1",)}
    (tmp_path / "loadings.csv").write_text(
        "item,factor,loading\nt1,a,0.8\nt2,a,−0.7\nt1,b,0.1\n", encoding="utf-8"
    )
    found = read_references(plan.references, plan.folder)
    assert found["published"].equals(pattern({"trust": ["t1", "t2"], "credit": ["c1"]}))
    assert found["published"].to_numpy().tolist() == [[1, 0], [1, 0], [0, 1]]
    assert found["loadings"].loc["t1"].tolist() == [0.8, 0.1]
    assert found["loadings"].loc["t2"].tolist() == [-0.7, 0.0]


def test_a_pattern_file_needs_no_loadings(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("﻿item,factor\nt1,a\nc1,b\nt2,a\n", encoding="utf-8")
    found = read_references({"p": ReferencePart(file="p.csv")}, tmp_path)["p"]
    assert list(found.index) == ["t1", "c1", "t2"] and list(found.columns) == ["a", "b"]
    assert found.to_numpy().tolist() == [[1, 0], [0, 1], [1, 0]]


def test_everything_wrong_with_references_is_said_at_once(tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text("item,factor,loading\nt1,a,x\nt1,a,0.2\n,a,0.1\n", encoding="utf-8")
    (tmp_path / "less.csv").write_text("name,factor\nt1,a\n", encoding="utf-8")
    (tmp_path / "latin.csv").write_bytes("item,factor\né,a\n".encode("latin-1"))
    parts = {
        "none": ReferencePart(file="nowhere.csv"),
        "bad": ReferencePart(file="bad.csv"),
        "less": ReferencePart(file="less.csv"),
        "latin": ReferencePart(file="latin.csv"),
        "empty": ReferencePart(factors={"a": ()}),
    }
    with pytest.raises(StudyError) as caught:
        read_references(parts, tmp_path)
    said = str(caught.value)
    for part in (
        "nowhere.csv: there is no such file",
        "bad.csv, row 2, column loading: is no number (found 'x')",
        "bad.csv, row 3, column item: stands twice on the same factor",
        "bad.csv, row 4: a row names an item and its factor",
        "less.csv: the column 'item' is missing",
        "latin.csv: the file is no readable CSV",
        "column a: reference empty: the factor has no items",
    ):
        assert part in said


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("[references.x]\n", "either factors with their items or a file"),
        ("[references.x]\na = 3\n", "references.x.factors.a"),
        ('[[claim]]\nname = "h"\n', "claim[3].test is missing"),
        ('[[claim]]\nname = "h"\ntest = "n_factors = 1"\neffekt = 0.1\n', "did you mean 'effect'?"),
        ('[[claim]]\nname = "h"\ntest = "n_factors = 1"\neffect = 0\n', "greater than 0"),
    ],
)
def test_mistakes_in_the_tables_are_named(tmp_path: Path, wrong: str, message: str) -> None:
    path = tmp_path / "study.toml"
    path.write_text(STUDY + wrong, encoding="utf-8")
    with pytest.raises(StudyError) as caught:
        read_study(path)
    assert message in str(caught.value)


def test_claims_are_checked_before_anything_is_estimated() -> None:
    part = RegressionPart(name="main", formula="finance ~ trust + np.log(size) + C(trade)")
    known = Vocabulary(
        variables=("finance", "trust", "size", "trade"),
        factors=("trust",),
        items=("t1",),
        models=(Model.planned(part),),
        references={"published": {"trust": ["t1", "t9"]}, "file": None},
        n_factors=1,
        draws=1000,
    )
    good = (
        "coef(finance, trust) > 0",
        'coef(finance, "C(trade)[T.copper]") < 0',
        "congruence(factors, file) > 0.9",
    )
    tests, problems = claim_problems([ClaimPart(name=test, test=test) for test in good], known)
    assert len(tests) == 3 and problems == []
    bad = (
        "coef(finance, turst) > 0",
        "coef(trust, size) > 0",
        "congruence(factors, published) > 0.9",
        "largest_variance(factors) = trust",
    )
    _, problems = claim_problems([ClaimPart(name=test, test=test) for test in bad], known)
    said = "\n".join(map(str, problems))
    assert "there is no coefficient 'turst' of finance (regression main); did you mean 'trust'?" in said
    assert "no regression has the outcome 'trust'" in said
    assert "'t9' on trust, which is not factored" in said
    assert "with one factor there is nothing to compare" in said
    assert len(problems) == 4
