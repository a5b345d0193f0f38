"""Confirmatory models through the public face, against lavaan 0.6.14 (golden/confirmatory.json) and semopy.

lavaan stops at a relative tolerance of 1e-10 in its criterion: up to 2e-5 (flat optima: 6e-5) from the
optimum, hence 1e-4 for estimates, errors and fit; 3e-4 for scaled statistics, whose factor rests on them.
"""

from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import socialcap as sc
from socialcap.errors import EstimationError, NotAvailableError, SocialcapWarning, UsageError
from socialcap.results import ConfirmatoryResult, Text

from .confirmatory_data import ABILITIES, SCALES, abilities, abilities_with_holes, golden, likert, noise

ESTIMATE = 1e-4
SCALED = 3e-4
PLAIN = {
    "chisq": "chi2",
    "df": "df",
    "pvalue": "p",
    "cfi": "cfi",
    "tli": "tli",
    "rmsea": "rmsea",
    "rmsea.ci.lower": "rmsea_low",
    "rmsea.ci.upper": "rmsea_high",
    "rmsea.pvalue": "rmsea_p",
    "srmr": "srmr",
    "logl": "log_likelihood",
    "aic": "aic",
    "bic": "bic",
    "npar": "n_free",
}
# lavaan's interval of the scaled RMSEA is another approximation than ours: only the values compare.
SCALED_ROWS = ("chisq", "pvalue", "cfi", "tli", "rmsea")


@pytest.fixture(scope="module")
def hs() -> pd.DataFrame:
    return abilities()


@pytest.fixture(scope="module")
def items() -> pd.DataFrame:
    return likert()


def records(table: Any) -> list[dict[str, Any]]:
    """lavaan's tables, which the golden file holds by rows or by columns."""
    if isinstance(table, dict):
        return [dict(zip(table, row, strict=True)) for row in zip(*table.values(), strict=True)]
    return list(table)


def entries(found: ConfirmatoryResult) -> dict[tuple[str, str, int], dict[str, Any]]:
    """Our parameters by lavaan's spelling and group number; covariances in both orders."""
    groups = list(found.group_n.index)
    out = {}
    for row in found.parameters.to_dict("records"):
        g = groups.index(row["group"]) + 1 if found.grouped else 1
        names = {row["lhs"] + row["op"] + row["rhs"]}
        if row["op"] == "~~":
            names.add(row["rhs"] + row["op"] + row["lhs"])
        out.update({(name, "", g): row for name in names})
    return out


def assert_parameters(
    found: Any, reference: dict[str, Any], at_least: int, undefined: tuple[str, ...] = ()
) -> None:
    """Estimates and errors, plain and standardised; `undefined` have no standardised value."""
    ours = entries(found)
    for column, table, error in (("estimate", "parameters", "se"), ("standardized", "std", "se")):
        compared = 0
        for record in records(reference[table]):
            key = (record["lhs"] + record["op"] + record["rhs"], "", int(record.get("group") or 1))
            if key not in ours:
                continue
            compared += 1
            if column == "standardized" and key[0] in undefined:
                assert np.isnan(ours[key][column])
                continue
            theirs = record["est" if column == "estimate" else "est.std"]
            assert ours[key][column] == pytest.approx(theirs, abs=ESTIMATE), key
            name = "std_error" if column == "estimate" else "standardized_std_error"
            if np.isnan(ours[key][name]):
                assert record[error] == 0.0, key
            else:
                assert ours[key][name] == pytest.approx(record[error], abs=ESTIMATE), key
        assert compared >= at_least


def assert_fit(found: Any, reference: dict[str, Any]) -> None:
    theirs = reference["fit"]
    for name, ours in PLAIN.items():
        if ours in found.fit and theirs.get(name) is not None:
            assert found.fit[ours] == pytest.approx(theirs[name], abs=ESTIMATE), name
    assert {"chi2", "df", "cfi", "tli", "rmsea", "srmr", "n_free"} <= set(found.fit)
    if "chisq.scaled" in theirs:
        for name in SCALED_ROWS:
            if theirs.get(f"{name}.scaled") is not None:
                assert found.fit[f"{PLAIN[name]}_scaled"] == pytest.approx(
                    theirs[f"{name}.scaled"], abs=SCALED
                )
        for name in ("cfi", "tli", "rmsea"):
            if f"{name}_robust" in found.fit and theirs.get(f"{name}.robust") is not None:
                assert found.fit[f"{name}_robust"] == pytest.approx(theirs[f"{name}.robust"], abs=SCALED)


ONE_GROUP = {
    "ml": {},
    "std_lv": {"identification": "unit_variance"},
    "mlr": {"estimator": "mlr"},
    "ulsmv": {"estimator": "uls"},
}


@pytest.mark.parametrize("name", ONE_GROUP)
def test_one_group(name: str, hs: pd.DataFrame) -> None:
    found = sc.confirmatory(hs, ABILITIES, **ONE_GROUP[name])
    assert_parameters(found, golden("confirmatory")[name], 24)
    assert_fit(found, golden("confirmatory")[name])
    assert found.converged and not found.warnings and found.n_obs == 301


@pytest.mark.parametrize(
    ("estimator", "level"), list(product(("ml", "mlr"), ("configural", "metric", "scalar", "strict")))
)
def test_groups(estimator: str, level: str, hs: pd.DataFrame) -> None:
    found = sc.confirmatory(hs, ABILITIES, estimator=estimator, groups="school", invariance=level)
    reference = golden("confirmatory")[f"invariance_{estimator}"][level]
    assert_parameters(found, reference, 72)
    assert_fit(found, reference)
    assert found.group_n.to_dict() == {"Pasteur": 156, "Grant-White": 145}


def test_partial_invariance(hs: pd.DataFrame) -> None:
    found = sc.confirmatory(hs, ABILITIES, groups=hs["school"], invariance="scalar", free=["x3~1", "x7 ~1"])
    assert_parameters(found, golden("confirmatory")["partial"], 72)
    assert_fit(found, golden("confirmatory")["partial"])
    status = found.parameters.set_index(["group", "lhs", "op"])["status"]
    assert set(status.loc[(slice(None), "x3", "~1")]) == {"free"}
    assert set(status.loc[(slice(None), "x2", "~1")]) == {"equal"}
    unit = sc.confirmatory(
        hs, ABILITIES, groups="school", invariance="scalar", identification="unit_variance"
    )
    assert_parameters(unit, golden("confirmatory")["std_lv_scalar"], 72)


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("fiml", {"estimator": "fiml"}),
        ("fiml", {"estimator": "ml", "missing": "fiml"}),
        ("fiml_mlr", {"estimator": "mlr", "missing": "fiml"}),
    ],
)
def test_fiml_keeps_incomplete_rows(name: str, how: dict[str, str]) -> None:
    frame = abilities_with_holes()
    found = sc.confirmatory(frame, ABILITIES, **how)
    assert_parameters(found, golden("confirmatory")[name], 36)
    assert_fit(found, golden("confirmatory")[name])
    assert found.n_obs == 301 and found.dropped.empty
    two = sc.confirmatory(frame, ABILITIES, estimator="fiml", groups="school", invariance="scalar")
    assert two.fit["chi2"] == pytest.approx(
        golden("confirmatory")["fiml_scalar"]["fit"]["chisq"], abs=ESTIMATE
    )


@pytest.mark.parametrize("level", [None, "configural", "scalar"])
def test_wlsmv(level: str | None, items: pd.DataFrame) -> None:
    how = {} if level is None else {"groups": "part", "invariance": level}
    found = sc.confirmatory(items, SCALES, estimator="wlsmv", **how)
    reference = golden("confirmatory")["wlsmv" if level is None else "invariance_wlsmv"]
    reference = reference if level is None else reference[level]
    assert_parameters(found, reference, 80 if level is None else 160)
    if level is None:
        assert_fit(found, reference)
        second = golden("likert_ordinal")["wlsmv"]["fit"]
        assert found.fit["chi2_scaled"] == pytest.approx(second["chisq.scaled"], abs=ESTIMATE)
        assert found.fit["scaling"] == pytest.approx(second["chisq.scaling.factor"], abs=1e-5)
    assert found.fit["chi2_scaled"] == pytest.approx(reference["fit"]["chisq.scaled"], abs=ESTIMATE)


def test_uls_scalar(hs: pd.DataFrame) -> None:
    found = sc.confirmatory(hs, ABILITIES, estimator="uls", groups="school", invariance="scalar")
    assert_parameters(found, golden("confirmatory")["ulsmv_scalar"], 24)
    assert_fit(found, golden("confirmatory")["ulsmv_scalar"])


@pytest.mark.parametrize(("name", "at_least"), [("ml", 54), ("wlsmv", 90)])
def test_modification_indices(name: str, at_least: int, hs: pd.DataFrame, items: pd.DataFrame) -> None:
    frame, model = (hs, ABILITIES) if name == "ml" else (items, SCALES)
    found = sc.confirmatory(frame, model, estimator=name).modification_indices
    assert found["index"].is_monotonic_decreasing
    ours = {row["lhs"] + row["op"] + row["rhs"]: row for row in found.to_dict("records")}
    ours |= {
        row["rhs"] + row["op"] + row["lhs"]: row for row in found.to_dict("records") if row["op"] == "~~"
    }
    compared = 0
    # lavaan's WLSMV scores carry a factor (n - 1) / n that its information does not.
    shrink = 1.0 if name == "ml" else 399 / 400
    for record in records(golden("confirmatory")[name]["modification"]):
        row = ours.get(record["lhs"] + record["op"] + record["rhs"])
        if row is None:
            continue
        compared += 1
        assert shrink * row["index"] == pytest.approx(record["mi"], abs=3e-4)
        assert shrink * row["change"] == pytest.approx(record["epc"], abs=ESTIMATE)
        assert shrink * row["standardized"] == pytest.approx(record["sepc.all"], abs=ESTIMATE)
    assert compared >= at_least


def test_ties_are_tested_in_several_groups(hs: pd.DataFrame) -> None:
    found = sc.confirmatory(hs, ABILITIES, groups="school", invariance="scalar").modification_indices
    intercepts = found[found["op"] == "~1"]
    # The literature on these data releases the intercepts of x3 and x7.
    assert set(intercepts["lhs"].head(4)) == {"x3", "x7"}


def test_residual_covariance_and_cross_loading(hs: pd.DataFrame) -> None:
    model = {**ABILITIES, "visual": ["x1", "x2", "x3", "x9"]}
    with pytest.warns(SocialcapWarning, match="negative residual variance") as caught:
        found = sc.confirmatory(hs, model, residual_covariances=[("x7", "x8")])
    reference = golden("confirmatory")["residual_pair"]
    # lavaan divides the covariance by the root of a negative variance's size; that is no correlation.
    assert_parameters(found, reference, 26, undefined=("x7~~x8",))
    negative = [
        r["lhs"]
        for r in records(reference["parameters"])
        if r["op"] == "~~" and r["lhs"] == r["rhs"] and r["est"] < 0
    ]
    assert [problem.column for problem in found.warnings] == negative
    assert negative[0] in str(caught[0].message)
    with pytest.raises(NotAvailableError, match="share an item"):
        _ = found.htmt
    notes = [note("zh") for note in found.tables()[0].notes]
    assert any("Heywood" in note and negative[0] in note for note in notes)


def test_the_first_item_of_each_factor_gives_its_scale(hs: pd.DataFrame) -> None:
    model = {"speed": ["x9", "x7", "x8"], "visual": ["x3", "x1", "x2", "x9"], "textual": ["x4", "x5", "x6"]}
    found = sc.confirmatory(hs, model)
    fixed = found.loadings.index[found.loadings["status"] == "fixed"]
    assert list(fixed) == [("speed", "x9"), ("visual", "x3"), ("textual", "x4")]
    assert {f: list(members) for f, members in found.factors.items()} == model
    crossed = {"visual": ["x1", "x2", "x3", "x4"], "textual": ["x4", "x5", "x6", "x1"]}
    with pytest.raises(UsageError, match="each other's first item"):
        sc.confirmatory(hs, crossed)
    assert sc.confirmatory(hs, crossed, identification="unit_variance").converged


def test_semopy_agrees(hs: pd.DataFrame) -> None:
    semopy = pytest.importorskip("semopy")
    model = semopy.Model("\n".join(f"{f} =~ {' + '.join(members)}" for f, members in ABILITIES.items()))
    model.fit(hs.drop(columns="school"))
    found = sc.confirmatory(hs, ABILITIES)
    assert semopy.calc_stats(model)["chi2"].iloc[0] == pytest.approx(found.fit["chi2"], abs=1e-3)
    theirs = model.inspect()
    for _, row in theirs[theirs["op"] == "~"].iterrows():
        # semopy's optimiser (SLSQP) stops at about 1e-3 of the estimates.
        assert found.loadings.at[(row["rval"], row["lval"]), "estimate"] == pytest.approx(
            row["Estimate"], abs=5e-3
        )


def test_validity_of_the_model(hs: pd.DataFrame) -> None:
    found = sc.confirmatory(hs, ABILITIES)
    squares = found.loadings["standardized"] ** 2
    np.testing.assert_allclose(found.ave, squares.groupby("factor", sort=False).mean(), atol=1e-10)
    sums = found.loadings["standardized"].groupby("factor", sort=False).sum() ** 2
    residual = (1 - squares).groupby("factor", sort=False).sum()
    np.testing.assert_allclose(found.cr, sums / (sums + residual), atol=1e-10)
    np.testing.assert_allclose(np.diag(found.fornell_larcker), np.sqrt(found.ave), atol=1e-12)
    np.testing.assert_allclose(found.r_squared, squares.droplevel("factor"), atol=1e-10)
    np.testing.assert_allclose(found.htmt, golden("validity")["htmt_classic"]["values"], atol=1e-8)
    latent = found.parameters.query("lhs == 'visual' and op == '~~' and rhs == 'speed'")
    assert found.factor_corr.at["visual", "speed"] == pytest.approx(latent["standardized"].item(), abs=1e-12)


def test_by_group_everything_has_the_group(hs: pd.DataFrame) -> None:
    found = sc.confirmatory(hs, ABILITIES, groups="school")
    assert list(found.loadings.index.names) == ["group", "factor", "item"]
    assert list(found.ave.index.names) == ["group", "factor"]
    one = sc.confirmatory(hs[hs["school"] == "Pasteur"], ABILITIES)
    np.testing.assert_allclose(found.ave["Pasteur"], one.ave, atol=1e-8)
    np.testing.assert_allclose(found.htmt.loc["Pasteur"], one.htmt, atol=1e-12)
    np.testing.assert_allclose(found.factor_corr.loc["Pasteur"], one.factor_corr, atol=1e-8)


def test_groups_are_sorted_unless_they_have_an_order(hs: pd.DataFrame) -> None:
    found = sc.confirmatory(hs.assign(school=hs["school"].astype(str)), ABILITIES, groups="school")
    assert list(found.group_n.index) == ["Grant-White", "Pasteur"]
    numbered = sc.confirmatory(hs.assign(school=hs["school"].cat.codes * 8 + 2), ABILITIES, groups="school")
    assert list(numbered.group_n.index) == ["2", "10"]


def test_dropped_rows_have_reasons(hs: pd.DataFrame) -> None:
    frame = hs.set_axis(range(2, 303))
    frame["school"] = frame["school"].astype(object)
    frame.loc[5, "x2"] = np.nan
    frame.loc[9, "school"] = None
    found = sc.confirmatory(frame, ABILITIES, groups="school")
    assert found.dropped.to_dict() == {5: "missing: x2", 9: "missing: school"}
    assert found.n_obs == 299
    empty = frame.copy()
    empty.loc[7, [f"x{i}" for i in range(1, 10)]] = np.nan
    kept = sc.confirmatory(empty, ABILITIES, estimator="fiml", groups="school")
    assert sorted(kept.dropped.index) == [7, 9] and kept.n_obs == 299


def test_the_same_again(hs: pd.DataFrame) -> None:
    first, second = (sc.confirmatory(hs, ABILITIES, estimator="mlr") for _ in range(2))
    assert first.to_dict() == second.to_dict()
    pd.testing.assert_frame_equal(first.parameters, second.parameters, check_exact=True)


@settings(max_examples=8, deadline=None)
@given(order=st.permutations(range(301)), scale=st.floats(0.01, 100.0))
def test_rows_and_units_do_not_matter(order: list[int], scale: float) -> None:
    hs = abilities()
    plain = sc.confirmatory(hs, ABILITIES)
    moved = hs.iloc[list(order)].assign(x5=hs["x5"] * scale)
    other = sc.confirmatory(moved, ABILITIES)
    assert other.fit["chi2"] == pytest.approx(plain.fit["chi2"], abs=1e-7)
    np.testing.assert_allclose(other.loadings["standardized"], plain.loadings["standardized"], atol=1e-7)


def test_everything_wrong_with_a_call_is_said_at_once(hs: pd.DataFrame) -> None:
    model = {"visual": ["x1", "X2", "x3"], "one": ["x4"], "x5": ["x5", "x6", "x6"], "none": []}
    with pytest.raises(UsageError) as caught:
        sc.confirmatory(
            hs,
            model,
            estimator="gls",  # type: ignore[arg-type]
            identification="mark",  # type: ignore[arg-type]
            residual_covariances=[("x1", "x1"), ("x9", "x3")],
            free=["x1~1"],
        )
    said = str(caught.value)
    for part in (
        "there is no item 'X2'; did you mean 'x2'?",
        "factor 'one' has one item (x4)",
        "factor 'none' has no item",
        "factor 'x5' names item 'x6' twice",
        "'x5' is the name of a factor and of an item",
        "residual covariance of 'x1' with itself",
        "'x9', which is on no factor",
        "no estimator 'gls'; expected ml, mlr, fiml, uls, wlsmv",
        "no identification 'mark'",
        "expected groups=...",
    ):
        assert part in said


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"invariance": "metric"}, "compares groups"),
        ({"groups": "school", "invariance": "weak"}, "no invariance level 'weak'"),
        ({"groups": "scholl"}, "did you mean 'school'"),
        ({"estimator": "uls", "missing": "fiml"}, "needs a likelihood"),
        ({"estimator": "fiml", "missing": "listwise"}, "keeps incomplete rows"),
        (
            {"groups": "school", "invariance": "metric", "free": ["visual=~x1"]},
            "fixed to give its factor a scale",
        ),
        ({"groups": "school", "invariance": "metric", "free": ["x2~1"]}, "not held equal"),
        ({"groups": "school", "invariance": "metric", "free": ["visual=~x22"]}, "did you mean 'visual=~x2'"),
    ],
)
def test_usage_errors(how: dict[str, Any], said: str, hs: pd.DataFrame) -> None:
    with pytest.raises(UsageError, match=said):
        sc.confirmatory(hs, ABILITIES, **how)


def test_wlsmv_knows_no_metric_level(items: pd.DataFrame) -> None:
    with pytest.raises(UsageError, match=r"thresholds together.*expected configural, scalar"):
        sc.confirmatory(items, SCALES, estimator="wlsmv", groups="part", invariance="metric")


def test_thresholds_can_be_released(items: pd.DataFrame) -> None:
    how = {"estimator": "wlsmv", "groups": "part", "invariance": "scalar"}
    tied = sc.confirmatory(items, SCALES, **how)
    found = sc.confirmatory(items, SCALES, free=["q2|1", "q3|t2"], **how)
    assert found.fit["df"] == tied.fit["df"] - 2
    assert found.released == ("q2|1", "q3|t2")


def faulty(hs: pd.DataFrame) -> pd.DataFrame:
    bad = hs.assign(x1=hs["x1"].astype(object), x3=2.0, x4=np.nan)
    bad.loc[3, "x1"], bad.loc[5, "x2"] = "abc", np.inf
    return bad


@pytest.mark.parametrize(
    ("change", "how", "said"),
    [
        (
            faulty,
            {},
            ["x1: holds text", "x2: holds 1 infinite", "x3: has the same value", "x4: has no value"],
        ),
        (faulty, {"estimator": "wlsmv"}, ["x1: holds text", "x5: is not ordinal: 25 different values"]),
        (lambda f: f.assign(school=1), {"groups": "school"}, ["1 level; at least two"]),
        (
            lambda f: f.assign(school=[1] * 8 + [2] * 293),
            {"groups": "school"},
            ["8 usable rows in group '1'; expected more than the 9 items"],
        ),
        (
            lambda f: f.assign(x4=np.where(f["school"] == "Pasteur", 1.0, f["x4"])),
            {"groups": "school"},
            ["x4: has fewer than two values among the usable rows in group 'Pasteur'"],
        ),
        (lambda f: f.assign(x9=f["x8"]), {}, ["x8, x9: each follows exactly from the others"]),
        (lambda f: f.assign(x9=f["x8"] + f["x7"]), {}, ["x7, x8, x9: each follows exactly"]),
        (lambda f: f.head(9), {}, ["9 usable rows; expected more than the 9 items"]),
        (
            lambda f: f.assign(
                x1=f["x1"].where(np.arange(301) < 150), x2=f["x2"].where(np.arange(301) >= 150)
            ),
            {"estimator": "fiml"},
            ["x1, x2: fewer than two rows have both items"],
        ),
    ],
)
def test_bad_data(change: Any, how: dict[str, Any], said: list[str], hs: pd.DataFrame) -> None:
    with pytest.raises(EstimationError) as caught:
        sc.confirmatory(change(hs), ABILITIES, **how)
    for part in said:
        assert part in str(caught.value)


def test_bad_ordinal_data(items: pd.DataFrame) -> None:
    one_sided = items.assign(part=np.where(items["q1"] == 5, "b", items["part"]))
    with pytest.raises(EstimationError, match="q1: category 5 is not used in group 'a'"):
        sc.confirmatory(one_sided, SCALES, estimator="wlsmv", groups="part")
    with pytest.raises(EstimationError, match=r"at ±1.*\n.*q1, q2: combine rare categories"):
        sc.confirmatory(items.assign(q2=items["q1"]), SCALES, estimator="wlsmv")


def test_models_that_are_not_identified(hs: pd.DataFrame) -> None:
    with pytest.raises(EstimationError, match=r"4 free parameters.*only 3 moments\n.*'a' has only 2 items"):
        sc.confirmatory(hs, {"a": ["x1", "x2"]})
    within = [("x1", "x2"), ("x1", "x3"), ("x2", "x3")]
    with pytest.raises(EstimationError, match="not identified") as caught:
        sc.confirmatory(hs, {"a": ["x1", "x2", "x3"], "b": ["x4", "x5", "x6"]}, residual_covariances=within)
    named = {problem.message for problem in caught.value.problems}
    # The first block's variance can go to its factor or its residual covariances; the second block is sound.
    assert {"a~~a", "x1~~x2", "x1~~x3", "x2~~x3"} <= named and not any("x4" in name for name in named)


def test_no_convergence_is_an_error(hs: pd.DataFrame) -> None:
    # On these thirty rows lavaan finds no solution either.
    with pytest.raises(EstimationError, match="did not converge in") as caught:
        sc.confirmatory(hs.head(30), ABILITIES)
    assert any("visual" in problem.message for problem in caught.value.problems)


def test_improper_factors_are_named() -> None:
    with pytest.warns(SocialcapWarning, match="not positive definite: two of them may be one: F, G"):
        collinear = sc.confirmatory(noise(), {"F": list("abc"), "G": list("def")})
    assert abs(collinear.factor_corr.at["F", "G"]) > 1
    with pytest.warns(SocialcapWarning, match="negative factor variance: F, G"):
        negative = sc.confirmatory(noise(), {"F": list("ab"), "G": list("cd")})
    assert negative.ave.isna().all() and negative.loadings["standardized"].isna().all()
    for table in negative.tables():
        if table.key in ("cfa_loadings", "convergent_validity", "fornell_larcker"):
            assert any("negative factor variance" in note("en") for note in table.notes), table.key


def test_a_saturated_model_says_so(hs: pd.DataFrame) -> None:
    found = sc.confirmatory(hs, {"visual": ["x1", "x2", "x3"]})
    assert found.fit["df"] == 0 and found.fit.get("p") is None
    with pytest.raises(NotAvailableError, match="no degrees of freedom"):
        _ = found.fit["p"]
    with pytest.raises(KeyError):
        _ = found.fit["gfi"]
    fit = next(table for table in found.tables() if table.key == "cfa_fit")
    assert any("自由度为零" in note("zh") for note in fit.notes)


def test_what_least_squares_do_not_have(hs: pd.DataFrame) -> None:
    found = sc.confirmatory(hs, ABILITIES, estimator="uls")
    for name, reason in (
        ("p", "see the scaled one"),
        ("aic", "no likelihood"),
        ("chi2_robust", "scaled one"),
    ):
        with pytest.raises(NotAvailableError, match=reason):
            _ = found.fit[name]
    with pytest.raises(NotAvailableError, match="uls"):
        _ = found.modification_indices
    assert found.preferred("p") == found.fit["p_scaled"]
    assert found.preferred("cfi") == found.fit["cfi_robust"]


def test_tables_in_both_languages(hs: pd.DataFrame) -> None:
    labels = {"visual": Text("Vision", "视觉"), "x1": Text("Cubes", "方块")}
    found = sc.confirmatory(hs, ABILITIES, estimator="mlr", labels=labels)
    tables = {table.key: table for table in found.tables()}
    assert set(tables) == {
        "cfa_loadings",
        "cfa_fit",
        "fornell_larcker",
        "convergent_validity",
        "htmt",
        "modification_indices",
    }
    _, english = tables["cfa_loadings"].text("en")
    headings, chinese = tables["cfa_loadings"].text("zh")
    assert english[0][:4] == ["Vision", "x1", "Cubes", "1.000"] and chinese[0][:3] == ["视觉", "x1", "方块"]
    # A fixed loading has no test, and the note says why; its standardised value has an interval.
    assert english[0][4:9] == ["", "", "", "", ""] and english[0][9] == "0.772"
    assert "标准化载荷" in headings
    assert any("fixed at 1" in note("en") for note in tables["cfa_loadings"].notes)
    headings, fit = tables["cfa_fit"].text("en")
    assert headings == ["Statistic", "Value", "Scaled", "Robust"]
    rows = {row[0]: row[1:] for row in fit}
    assert rows["χ²"] == ["85.306", "87.132", ""] and rows["CFI"] == ["0.931", "0.925", "0.930"]
    assert rows["Degrees of freedom"] == ["24", "", ""]
    assert any("Brosseau-Liard" in note("en") for note in tables["cfa_fit"].notes)
    for table in tables.values():
        for lang in ("en", "zh"):
            headings, cells = table.text(lang)
            assert all(headings) and "nan" not in str(cells) and table.notes
    assert "<table>" in found._repr_html_()
    assert set(found.to_dict()) == set(tables)
