"""Two runs held against each other: by hand-made results, and by real runs."""

import json
from pathlib import Path
from typing import Any

import pytest

from socialcap.errors import UnreadableError
from socialcap.study.comparing import compare


def table(key: str, columns: list[str], rows: list[list[Any]]) -> dict[str, Any]:
    return {"key": key, "title": {"en": key, "zh": key}, "columns": columns, "rows": rows, "notes": []}


def results(**changes: Any) -> dict[str, Any]:
    base = {
        "study": "demo",
        "tables": {
            "claims": table("claims", ["claim", "verdict"], [["h1", {"en": "supported", "zh": "支持"}]]),
            "model": table(
                "model", ["term", "b"], [["x", {"value": 0.5, "p_value": 0.01}], ["x", 2.0], ["z", None]]
            ),
            "provenance": table("provenance", ["what", "value"], [["Seed", "1"]]),
        },
        "plan": {"study": {"name": "demo", "seed": 1}, "factors": {"n_factors": 2}},
        "provenance": {"command": "c", "seed": 1, "inputs": {"a.csv": "11"}, "versions": {"numpy": "2.1"}},
    }
    return base | changes


def write(folder: Path, content: dict[str, Any]) -> Path:
    folder.mkdir()
    (folder / "results.json").write_text(json.dumps(content), encoding="utf-8")
    return folder


def test_the_same_results_differ_in_nothing(tmp_path: Path) -> None:
    one, two = write(tmp_path / "1", results()), write(tmp_path / "2", results())
    found = compare(one, two / "results.json")
    assert found.same and not found.causes and found.compared == 2 + 6
    assert "No number changed." in str(found)


def test_numbers_verdicts_tables_and_causes_are_told_apart(tmp_path: Path) -> None:
    other = results(
        tables={
            "claims": table("claims", ["claim", "verdict"], [["h1", {"en": "not settled", "zh": "未定"}]]),
            "model": table(
                "model", ["term", "b"], [["x", {"value": 0.4, "p_value": 0.02}], ["x", 2.0], ["w", 1.0]]
            ),
            "extra": table("extra", ["a"], [["1"]]),
            "provenance": table("provenance", ["what", "value"], [["Seed", "2"]]),
        },
        plan={"study": {"name": "demo", "seed": 2}, "factors": {"n_factors": 3}},
        provenance={
            "command": "c",
            "seed": 2,
            "inputs": {"a.csv": "22", "b.csv": "3"},
            "versions": {"numpy": "2.2"},
        },
    )
    found = compare(write(tmp_path / "1", results()), write(tmp_path / "2", other))
    assert not found.same
    assert [(one.row, one.before["en"], one.after["en"]) for one in found.verdicts] == [
        ("h1", "supported", "not settled")
    ]
    changes = {(one.table, one.row, one.column): (one.before, one.after) for one in found.changes}
    assert changes == {
        ("model", "x", "b"): (0.5, 0.4),
        ("model", "z", "term"): ("z", None),
        ("model", "w", "term"): (None, "w"),
        ("model", "w", "b"): (None, 1.0),
    }
    assert {(one.kind, one.place, one.before, one.after) for one in found.causes} == {
        ("data", "a.csv", "11", "22"),
        ("data", "b.csv", None, "3"),
        ("rule", "factors.n_factors", 2, 3),
        ("seed", "seed", 1, 2),
        ("version", "numpy", "2.1", "2.2"),
    }
    assert [title("en") for title in found.added] == ["extra"] and found.missing == ()
    model = next(one for one in found.changes if one.row == "x")
    assert model.relative == pytest.approx(0.2)


def test_every_file_that_is_no_run_is_named_at_once(tmp_path: Path) -> None:
    (tmp_path / "1").mkdir()
    (tmp_path / "broken.json").write_text("{", encoding="utf-8")
    with pytest.raises(UnreadableError) as caught:
        compare(tmp_path / "1", tmp_path / "broken.json")
    assert len(caught.value.problems) == 2
    (tmp_path / "other.json").write_text("{}", encoding="utf-8")
    with pytest.raises(UnreadableError, match=r"results\.json"):
        compare(tmp_path / "other.json", tmp_path / "other.json")
