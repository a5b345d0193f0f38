"""Sample profile, structure of funding, descriptive statistics: against counts and libraries by hand."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from socialcap.errors import EstimationError, UsageError
from socialcap.measurement import profile
from socialcap.results import Text

CLOSED = 1e-12  # closed forms: rounding only
SOURCES = ["own", "kin", "bank"]


@pytest.fixture
def firms() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "trade": pd.Categorical(["al", "cu", "cu", None, "cu"], ["cu", "al", "steel"]),
            "grade": [1.0, 2.0, 2.0, np.nan, 1234567.0],
            "park": [0.0, 1.0, 1.0, 0.0, np.nan],
            "staff": [3.0, 10.0, 25.0, 7.0, np.nan],
            "joined_a": [1.0, 0.0, 1.0, np.nan, 0.0],
            "joined_b": [1.0, 0.0, 0.0, np.nan, 1.0],
            "own": [50.0, 100.0, np.nan, 40.0, 33.4],
            "kin": [30.0, np.nan, np.nan, 40.0, 33.3],
            "bank": [20.0, np.nan, np.nan, 40.0, 33.4],
        },
        index=[2, 3, 5, 7, 11],
    )


def test_levels_are_counted_among_those_that_answered(firms: pd.DataFrame) -> None:
    found = profile(
        firms,
        ["trade", "park", "joined", "staff"],
        multiple={"joined": {"a": "joined_a", "b": "joined_b"}},
        level_labels={
            "trade": {"cu": Text("Copper", "铜"), "al": Text("Aluminium", "铝"), "steel": Text("Steel", "钢")}
        },
        labels={"trade": Text("Trade", "行业")},
    )
    assert found.sample is not None and found.numbers is not None
    assert found.sample.loc["trade", "n"].to_dict() == {"cu": 3, "al": 1, "steel": 0}
    assert found.sample.loc["trade", "share"].to_dict() == {"cu": 0.75, "al": 0.25, "steel": 0.0}
    assert found.sample.loc["park", "share"].to_dict() == {"0": 0.5, "1": 0.5}
    assert found.sample.loc["joined", "share"].to_dict() == {"a": 0.5, "b": 0.5}
    assert found.unanswered.to_dict() == {"trade": 1, "park": 1, "joined": 1}
    assert list(found.numbers.index) == ["staff"]
    table = found.tables()[0]
    shown = [[cell for cell in row] for row in table.text("zh")[1]]
    assert shown[0] == ["行业", "铜", "3", "75.0%"]
    assert shown[3] == ["", "未作答", "1", ""]
    assert shown[4][1] == "否"


def test_levels_without_labels_keep_all_their_digits(firms: pd.DataFrame) -> None:
    labels = {"grade": {"1": Text("One", "一"), "2": Text("Two", "二")}}
    found = profile(firms, ["grade"], level_labels=labels)
    assert found.sample is not None
    assert found.sample["n"].to_dict() == {("grade", "1"): 1, ("grade", "2"): 2, ("grade", "1234567"): 1}


def test_funding_is_the_mean_of_the_firms_shares(firms: pd.DataFrame) -> None:
    found = profile(firms, funding=SOURCES)
    shares = np.array([[50.0, 30.0, 20.0], [100.0, 0.0, 0.0], [33.4, 33.3, 33.4]]) / 100
    assert found.funding is not None and found.funding_n == 3
    np.testing.assert_allclose(found.funding["mean"], shares.mean(axis=0), rtol=CLOSED)
    np.testing.assert_allclose(found.funding["std_error"], stats.sem(shares), rtol=CLOSED)
    low, high = stats.t.interval(0.95, 2, shares.mean(axis=0), stats.sem(shares))
    np.testing.assert_allclose(found.funding["ci_low"], low, rtol=CLOSED)
    np.testing.assert_allclose(found.funding["ci_high"], high, rtol=CLOSED)
    assert found.funding["median"].tolist() == [0.5, 0.3, 0.2]
    assert found.funding["using"].tolist() == [1.0, 2 / 3, 2 / 3]


def test_firms_left_out_of_the_funding_have_their_reason(firms: pd.DataFrame) -> None:
    found = profile(firms, funding=SOURCES)
    assert found.funding_dropped.to_dict() == {5: "no answer", 7: "the shares do not sum to 100"}
    assert found.funding_blanks == 2
    notes = [note("en") for note in found.tables()[0].notes]
    assert "Left out: 1 firms without an answer, 1 whose shares do not sum to 100." in notes
    assert any(note.startswith("2 blank shares") for note in notes)


def test_funding_of_one_firm_is_refused(firms: pd.DataFrame) -> None:
    with pytest.raises(EstimationError, match="sum to 100 in 1 firms"):
        profile(firms.iloc[:1], funding=SOURCES)


def test_correlations_are_over_the_pairs_own_rows() -> None:
    rng = np.random.default_rng(8)
    frame = pd.DataFrame(rng.normal(size=(40, 3)), columns=["a", "b", "c"])
    frame.loc[:4, "a"] = np.nan
    frame.loc[3:9, "c"] = np.nan
    found = profile(frame, describe=["a", "b", "c"])
    assert found.correlations is not None
    assert found.correlation_p is not None and found.correlation_n is not None
    np.testing.assert_allclose(found.correlations, frame.corr(), rtol=CLOSED)
    both = frame[["a", "c"]].dropna()
    theirs = stats.pearsonr(both["a"], both["c"])
    np.testing.assert_allclose(found.correlation_p.loc["a", "c"], theirs.pvalue, rtol=1e-9)
    assert found.correlation_n.loc["a", "c"] == len(both) == 30
    assert found.correlation_n.loc["b", "b"] == 40


def test_the_correlation_table_is_triangular_with_numbered_variables() -> None:
    rng = np.random.default_rng(8)
    x = rng.normal(size=(50, 1))
    frame = pd.DataFrame(x + 0.2 * rng.normal(size=(50, 3)), columns=["a", "b", "c"])
    labels = {"a": Text("Ability", "能力")}
    table = profile(frame, describe=["a", "b", "c"], labels=labels).tables()[-1]
    headings, rows = table.text("en")
    assert headings == ["Variable", "M", "SD", "1", "2", "3"]
    assert rows[0][0] == "1. Ability" and rows[0][3:] == ["—", "", ""]
    assert rows[2][3].endswith("***") and rows[2][5] == "—"
    assert "N = 50." in table.notes[0]("en") and "N = 50。" in table.notes[0]("zh")


def test_a_constant_has_no_correlation() -> None:
    frame = pd.DataFrame({"a": [1.0, 2.0, 4.0], "b": [3.0, 3.0, 3.0]})
    table = profile(frame, describe=["a", "b"]).tables()[-1]
    assert table.text()[1][1][3] == "–"


def test_all_unusable_variables_are_named_at_once(firms: pd.DataFrame) -> None:
    with pytest.raises(UsageError) as caught:
        profile(firms, ["trad"], funding=["own", "kin", "trade"], describe=["staf"])
    said = str(caught.value)
    for part in ("did you mean 'trade'", "column trade: is not numeric", "did you mean 'staff'"):
        assert part in said
