"""Figures: every number where it belongs, every label inside the drawing, the same bytes every time.

Tolerances. GRID 0.51: outlines are put on a grid, half a step of it and the rounding of the sum. EDGE 2 pixels at
200 dots per inch: a letter's outline may reach out of its own width. TOUCH 1 pixel: labels may touch.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib import font_manager
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure as Canvas
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.text import Text as Words

import socialcap as sc
from socialcap.report.figures import Figure, study_figures
from socialcap.report.figures.canvas import WIDTH, drawing_style
from socialcap.report.figures.coefficients import pipeline_forest, regression_forest
from socialcap.report.figures.correlations import correlation_map
from socialcap.report.figures.curves import johnson_neyman, prediction_curve, simple_slopes
from socialcap.report.figures.flow import Use, sample_flow
from socialcap.report.figures.fonts import chinese_font
from socialcap.report.figures.labels import label_width, shortened, wrapped
from socialcap.report.figures.margins import margins_forest
from socialcap.report.figures.measurement import loading_map, scree
from socialcap.report.figures.paths import path_diagram
from socialcap.report.figures.sample import NOT_ASKED, funding_structure, missing_map
from socialcap.report.figures.specifications import specification_curve
from socialcap.report.figures.svg import small_svg
from socialcap.results import (
    LANGUAGES,
    CompositeResult,
    FactorResult,
    Lang,
    ModerationResult,
    NFactorsResult,
    PipelineResult,
    RegressionResult,
    Text,
    format_value,
)

GRID, EDGE, TOUCH = 0.51, 2.0, 1.0
NOTE = Text("Made-up data.", "虚构数据。")
LONG = Text(
    "How often did a partner in the cluster lend you materials, money or workers in the last three years?",
    "近三年中，产业集群内的合作伙伴向贵企业借出原料、资金或工人的频繁程度（含口头约定的互助）如何？",
)


@dataclass(frozen=True)
class Study:
    """Results of made-up firms that a figure can be drawn of."""

    factors: FactorResult
    retention: NFactorsResult
    composite: CompositeResult
    models: tuple[RegressionResult, ...]
    pipeline: PipelineResult
    moderation: ModerationResult
    two_valued: ModerationResult


def made_up(p: int, k: int, n: int = 150) -> Study:
    """A study of `p` items on `k` factors; every label is long."""
    rng = np.random.default_rng(p)
    latent = rng.normal(size=(n, k))
    answers = latent[:, np.arange(p) % k] + 0.7 * rng.normal(size=(n, p))
    frame = pd.DataFrame(answers, columns=[f"i{j}" for j in range(1, p + 1)])
    size = rng.normal(3.0, 1.0, n)
    outcome = latent[:, 0] * (0.1 + 0.4 * (size - 3.0)) + 0.4 * latent[:, 1] + 0.5 * rng.normal(size=n)
    frame = frame.assign(
        size=size, outcome=outcome, rank=np.digitize(outcome, [-0.5, 0.5]) + 1.0, park=np.arange(n) % 2
    )
    items = [name for name in frame if name.startswith("i")]
    labels = dict.fromkeys([*frame.columns, *(f"F{j}" for j in range(1, k + 1)), "social_capital"], LONG)
    factors = sc.factor_analysis(frame, k, items=items, labels=labels, factor_labels=labels)
    composite = sc.composite(factors)
    data = frame.join(factors.scores).join(composite.scores)
    both = " + ".join(factors.names)
    models = tuple(
        sc.regress(formula, data, model=model, name=name, label=Text(name, name), labels=labels)
        for name, formula, model in (
            ("main", f"outcome ~ {both} + size", "ols"),
            ("whole", "outcome ~ social_capital + size", "ols"),
            ("ranked", f"rank ~ {both} + size", "ordered_logit"),
        )
    )
    return Study(
        factors,
        sc.n_factors(frame, items, n_sets=20),
        composite,
        models,
        sc.pipeline(
            frame, f"outcome ~ {both} + size", items=items, n_factors=k, replicates=40, labels=labels
        ),
        sc.moderation(data, y="outcome", x="F1", w="size", labels=labels),
        sc.moderation(data, y="outcome", x="F1", w="park", labels=labels),
    )


def funding(sources: int) -> pd.DataFrame:
    mean = np.linspace(0.05, 0.45, sources)
    index = [f"funds_{j}" for j in range(sources)]
    return pd.DataFrame({"mean": mean, "ci_low": mean - 0.02, "ci_high": mean + 0.03}, index)


CHOICES = {
    "rotation": Text("Rotation", "旋转方法"),
    "scores": Text("Factor scores", "因子得分"),
    "covariates": Text("Covariates", "控制变量"),
}


def curve(copies: int = 1) -> pd.DataFrame:
    """Specifications in the order in which they were run, the first the main one."""
    levels = (["varimax", "promax"], ["regression", "bartlett", "means"], ["all"], range(copies))
    rows = [row[:3] for row in itertools.product(*levels)]
    frame = pd.DataFrame(rows, columns=list(CHOICES))
    beta = np.random.default_rng(3).normal(0.1, 0.08, len(frame))
    low = beta - 0.12
    return frame.assign(
        beta=beta,
        beta_low=low,
        beta_high=beta + 0.12,
        p_value=np.where(low > 0, 0.01, 0.3),
        main=frame.index == 0,
    )


def kinds(n: int, k: int) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    drawn = rng.choice(["", "blank", "refused", NOT_ASKED], p=[0.85, 0.05, 0.02, 0.08], size=(n, k))
    return pd.DataFrame(drawn, columns=[f"variable_{j}" for j in range(k)])


KINDS = {
    NOT_ASKED: Text("Not asked (routing)", "未问（跳题）"),
    "blank": Text("Left blank", "空白"),
    "refused": Text("Refused / don't know", "拒答/不知道"),
}


def all_figures(study: Study, *, wide: int, many: int) -> list[Figure]:
    """Every kind of figure; `wide` variables and sources, `many` respondents and copies of specifications."""
    labels = dict.fromkeys([f"funds_{j}" for j in range(wide)], LONG)
    matrix = study.factors.correlation.matrix
    uses = [Use(LONG, 90, 10), Use(Text("Regression", "回归"), 80, 0)]
    words = {"rotation": {"varimax": LONG}}
    main, whole, ranked = study.models
    terms = {"F1": list(np.linspace(-2, 2, 9))}
    drawn = [
        sample_flow("x", 120, [(LONG, 12), (Text("Too fast", "答题过快"), 8)], 100, uses, NOTE),
        missing_map("x", kinds(many * 10, wide * 3), KINDS, NOTE),
        funding_structure(funding(wide), 90, labels, NOTE),
        scree(study.factors, study.retention, NOTE),
        loading_map(study.factors, NOTE),
        correlation_map("correlation_map", "x", matrix, study.factors.labels, LONG, NOTE),
        path_diagram("path", study.factors, study.composite, main, NOTE),
        path_diagram("path_whole", study.factors, study.composite, whole, NOTE),
        pipeline_forest("main", LONG, study.pipeline, NOTE),
        regression_forest([main, whole], [*study.factors.names, "social_capital"], NOTE),
        margins_forest("main", main.margins(), NOTE),
        margins_forest("ranked", ranked.margins(), NOTE),
        prediction_curve("prediction", "x", ranked.predict(terms), NOTE),
        prediction_curve("points", "x", main.predict({"F1": [-1, 1]}), NOTE),
        simple_slopes(study.moderation, "x", NOTE),
        johnson_neyman(study.moderation, "x", NOTE),
        simple_slopes(study.two_valued, "x", NOTE),
        specification_curve("specifications", "x", curve(many), CHOICES, words, LONG, NOTE),
    ]
    return [figure for figure in drawn if figure is not None]


@pytest.fixture(scope="module")
def small() -> Study:
    return made_up(5, 2)


@pytest.fixture(scope="module")
def large() -> Study:
    return made_up(40, 4)


@pytest.fixture(scope="module")
def figures(small: Study) -> list[Figure]:
    return all_figures(small, wide=3, many=1)


@pytest.fixture(scope="module")
def large_figures(large: Study) -> list[Figure]:
    return all_figures(large, wide=12, many=40)


def words_of(drawing: Canvas) -> list[Words]:
    """The visible texts of a drawing."""
    return [
        text
        for text in drawing.findobj(Words)
        if isinstance(text, Words) and text.get_visible() and text.get_text().strip() and seen(drawing, text)
    ]


def seen(drawing: Canvas, text: Words) -> bool:
    """Whether a text is drawn: ticks outside the limits of their axis are not."""
    for axes in drawing.axes:
        for axis in (axes.xaxis, axes.yaxis):
            ticks = [tick for tick in axis.get_major_ticks() if text in (tick.label1, tick.label2)]
            if ticks:
                low, high = sorted(axis.get_view_interval())
                return axes.axison and low <= ticks[0].get_loc() <= high
    return True


def check_labels(figure: Figure, lang: Lang) -> None:
    drawing = figure.drawing(lang)
    renderer = FigureCanvasAgg(drawing).get_renderer()
    with drawing_style():
        drawing.draw(renderer)
        boxes = [(text, text.get_window_extent(renderer)) for text in words_of(drawing)]
    width, height = drawing.bbox.width, drawing.bbox.height
    for text, box in boxes:
        inside = box.x0 >= -EDGE and box.y0 >= -EDGE and box.x1 <= width + EDGE and box.y1 <= height + EDGE
        assert inside, f"{figure.key} {lang}: {text.get_text()!r} is cut off"
    for (one, a), (other, b) in itertools.combinations(boxes, 2):
        apart = a.x1 <= b.x0 + TOUCH or b.x1 <= a.x0 + TOUCH or a.y1 <= b.y0 + TOUCH or b.y1 <= a.y0 + TOUCH
        assert apart, f"{figure.key} {lang}: {one.get_text()!r} over {other.get_text()!r}"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_label_is_cut_off_or_covered(figures: list[Figure], lang: Lang) -> None:
    for figure in figures:
        check_labels(figure, lang)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_label_is_cut_off_or_covered_in_a_large_study(large_figures: list[Figure], lang: Lang) -> None:
    for figure in large_figures:
        check_labels(figure, lang)


def test_every_letter_is_in_the_font(figures: list[Figure]) -> None:
    path = font_manager.findfont(chinese_font(), fallback_to_default=False)
    known = set(font_manager.get_font(path).get_charmap())
    for figure in figures:
        said = "".join(text.get_text() for lang in LANGUAGES for text in words_of(figure.drawing(lang)))
        assert {letter for letter in said if letter != "\n" and ord(letter) not in known} == set()


def test_files_are_small_whole_and_say_what_they_show(figures: list[Figure]) -> None:
    names = {"s": "{http://www.w3.org/2000/svg}", "x": "{http://www.w3.org/1999/xlink}href"}
    for figure, lang in itertools.product(figures, LANGUAGES):
        drawing = figure.image(lang, "svg")
        root = ElementTree.fromstring(drawing)
        assert root.findtext(f"{names['s']}title") == figure.title(lang)
        assert root.findtext(f"{names['s']}desc") == figure.alt(lang)
        assert not list(root.iter(f"{names['s']}text")) and not list(root.iter(f"{names['s']}image"))
        named = [element.get("id") for element in root.iter() if element.get("id")]
        asked = {element.get(names["x"], "")[1:] for element in root.iter() if element.get(names["x"])}
        assert len(named) == len(set(named)) and asked <= set(named)
        assert len(drawing) < 150_000
    for figure in figures[::3]:
        assert figure.image("zh", "pdf").startswith(b"%PDF")
        picture = figure.image("zh", "png")
        assert picture[:4] == b"\x89PNG" and int.from_bytes(picture[16:20]) == round(WIDTH * 200)


def test_the_bytes_are_the_same_every_time(figures: list[Figure]) -> None:
    for figure in figures[:12:3]:
        again = replace(figure, _images={})
        for kind in ("svg", "png", "pdf"):
            assert figure.image("zh", kind) == again.image("zh", kind)


@given(st.lists(st.tuples(*[st.floats(-2000, 2000, allow_nan=False)] * 6), min_size=1))
def test_outlines_stay_where_they_are(points: list[tuple[float, ...]]) -> None:
    """A path read back from the small file is the one that was drawn, on the grid of a hundredth of a point."""
    commands = ["M 1.5 2.5"]
    for i, (a, b, c, d, e, f) in enumerate(points):
        written = [f"{value:.6f}" for value in (a, b, c, d, e, f)]
        kind, n = (("L", 2), ("Q", 4), ("C", 6), ("z\nM", 2))[i % 4]
        commands.append(" ".join([kind, *written[:n]]))
    data = "\n".join(commands)
    page = f'<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1" viewBox="0 0 1 1"><path d="{data}"/></svg>'
    small_one = ElementTree.fromstring(small_svg(page.encode(), "", ""))
    written = small_one.findall("{http://www.w3.org/2000/svg}path")[0].get("d", "")
    assert np.allclose(absolute(written), absolute(data), rtol=0, atol=GRID / 100)


def absolute(data: str) -> list[float]:
    """The points of a path, absolute, in the order in which they are written."""
    x = y = start_x = start_y = 0.0
    found: list[float] = []
    for command, text in re.findall(r"([a-zA-Z])([^a-zA-Z]*)", data):
        numbers = [float(number) for number in re.findall(r"-?\d*\.?\d+", text)]
        if command in "zZ":
            x, y = start_x, start_y
            continue
        if command in "hv":
            numbers = [numbers[0], 0.0] if command == "h" else [0.0, numbers[0]]
        if command.islower():
            numbers = [value + (y if i % 2 else x) for i, value in enumerate(numbers)]
        found += numbers
        x, y = numbers[-2:]
        if command in "mM":
            start_x, start_y = x, y
    return found


MIXED = st.text(st.sampled_from("abc de 企业信用，。（）《》“”0.5"), max_size=60)


@given(MIXED, st.integers(6, 30), st.integers(1, 4))
def test_labels_keep_to_their_room(text: str, width: int, lines: int) -> None:
    rows = wrapped(text, width, lines).split("\n")
    assert len(rows) <= lines and all(label_width(row) <= width for row in rows)
    if all(label_width(row) < width - 1 for row in rows):
        assert "".join(rows).replace(" ", "") == text.replace(" ", "")
    assert label_width(shortened(text, width)) <= width


def test_chinese_breaks_between_characters_but_not_before_a_comma() -> None:
    assert wrapped("产业集群内的合作伙伴", 8, 3) == "产业集群\n内的合作\n伙伴"
    assert wrapped("产业集群，合作", 8, 2) == "产业集\n群，合作"
    assert wrapped("Partners keep their word", 14, 2) == "Partners keep\ntheir word"
    assert wrapped("Partners keep their word", 14, 1) == "Partners keep…"


def lines_of(drawing: Canvas) -> list[np.ndarray]:
    """Every line of the collections of lines, as its two ends."""
    return [
        segment
        for axes in drawing.axes
        for lines in axes.collections
        if isinstance(lines, LineCollection)
        for segment in lines.get_segments()
    ]


def test_bars_of_funding_are_the_shares(small: Study) -> None:
    frame = funding(4)
    figure = funding_structure(frame, 90, {}, NOTE)
    axes = figure.drawing("en").axes[0]
    bars = [patch.get_width() for patch in axes.patches if isinstance(patch, Rectangle)]
    assert bars == pytest.approx(sorted(frame["mean"], reverse=True))
    ends = [line[:, 0] for line in lines_of(figure.drawing("en"))]
    assert np.allclose(ends, frame[["ci_low", "ci_high"]].to_numpy()[::-1])
    assert figure.alt("en").startswith("Bars of the mean shares of 4 sources of funds in 90 firms")
    assert "funds_3 45.0% (43.0% to 48.0%)" in figure.alt("en")


def test_the_map_of_missing_cells_covers_just_these() -> None:
    frame = kinds(40, 7)
    figure = missing_map("missing_items", frame, KINDS, NOTE)
    assert figure is not None
    axes = figure.drawing("en").axes[0]
    for kind, words in KINDS.items():
        patches = [p for p in axes.patches if isinstance(p, PathPatch) and p.get_label() == words("en")]
        assert area(patches) == pytest.approx((frame == kind).to_numpy().sum())
    rows = int((frame != "").any(axis=1).sum())
    assert axes.get_ylim() == (rows, 0) and f"{rows} of 40" in axes.get_ylabel()
    asked = frame.isin(["blank", "refused"])
    assert f"{int((~asked.any(axis=1)).sum())} respondents lack nothing" in figure.alt("en")
    assert missing_map("x", pd.DataFrame("", frame.index, frame.columns), KINDS, NOTE) is None


def area(patches: Sequence[PathPatch]) -> float:
    corners = np.concatenate([patch.get_path().vertices.reshape(-1, 5, 2) for patch in patches])
    return float(((corners[:, 2, 0] - corners[:, 0, 0]) * (corners[:, 2, 1] - corners[:, 0, 1])).sum())


def test_of_many_respondents_some_are_drawn_and_the_axis_says_so() -> None:
    figure = missing_map("x", kinds(1500, 12), KINDS, NOTE)
    assert figure is not None
    label = figure.drawing("en").axes[0].get_ylabel().replace("\n", " ")
    rows = int(re.findall(r"\d+", label)[0])
    assert re.search(rf"{rows} of 1500 respondents, one in {-(-rows // 300)} drawn", label)


def test_scree_has_the_eigenvalues_and_says_how_many_were_kept(small: Study) -> None:
    axes = scree(small.factors, small.retention, NOTE).drawing("en").axes[0]
    drawn = {line.get_label(): line.get_ydata() for line in axes.lines}
    values = small.factors.eigenvalues.to_numpy()
    assert np.array_equal(drawn["Extracted"], values[:2]) and np.array_equal(
        drawn["Not extracted"], values[2:]
    )
    alt = scree(small.factors, small.retention, NOTE).alt("zh")
    assert format_value(values[0], ".2f") in alt and "提取 2 个因子" in alt


def test_loadings_stand_in_their_cells(small: Study) -> None:
    drawing = loading_map(small.factors, NOTE).drawing("en")
    written = {text.get_position(): text.get_text() for text in drawing.axes[0].texts}
    shown = small.factors.loadings.loc[small.factors.display_order()].to_numpy()
    assert written == {(j, i): format_value(shown[i, j], ".2f") for i in range(5) for j in range(2)}


def test_correlations_stand_below_the_diagonal(small: Study) -> None:
    matrix = small.factors.correlation.matrix
    figure = correlation_map("map", "x", matrix, {}, Text("Map"), NOTE)
    written = {text.get_position(): text.get_text() for text in figure.drawing("en").axes[0].texts}
    pairs = [(i, j) for i in range(5) for j in range(i)]
    assert written == {(j, i - 1): format_value(float(matrix.iat[i, j]), ".2f") for i, j in pairs}
    strongest = max((float(matrix.iat[i, j]) for i, j in pairs), key=abs)
    assert f"the strongest, {format_value(strongest, '.2f')}" in figure.alt("en")


def test_forest_draws_both_intervals_of_the_factors(small: Study) -> None:
    figure = pipeline_forest("main", Text("Main"), small.pipeline, NOTE)
    rows = small.pipeline.coefficients.loc[["F1", "F2"]]
    wanted = [
        *rows[["pipeline_low", "pipeline_high"]].to_numpy(),
        *rows[["naive_low", "naive_high"]].to_numpy(),
    ]
    drawn = [line[:, 0] for line in lines_of(figure.drawing("en")) if not np.array_equal(line[:, 0], [0, 1])]
    assert np.allclose(np.sort(drawn, axis=0), np.sort(wanted, axis=0), rtol=0, atol=0)
    clear = int(((rows["pipeline_low"] > 0) | (rows["pipeline_high"] < 0)).sum())
    assert f"Pipeline intervals without zero: {clear} of 2" in figure.alt("en")


def test_a_forest_of_regressions_needs_a_factor(small: Study) -> None:
    main, whole, ranked = small.models
    both = regression_forest([main, whole], ["F1", "F2", "social_capital"], NOTE)
    assert both is not None and len(both.drawing("en").axes[0].get_yticks()) == 3
    assert regression_forest([main], ["other"], NOTE) is None
    other = regression_forest([main, ranked], ["F1", "F2"], NOTE)
    assert other is not None and not other.drawing("en").legends


def test_margins_have_a_series_for_each_outcome(small: Study) -> None:
    margins = small.models[2].margins()
    figure = margins_forest("ranked", margins, NOTE)
    drawing = figure.drawing("en")
    assert [text.get_text() for text in drawing.legends[0].get_texts()] == ["1", "2", "3"]
    drawn = {tuple(line[:, 0]) for line in lines_of(drawing)}
    assert {tuple(row) for row in margins.effects[["ci_low", "ci_high"]].to_numpy()} <= drawn
    clear = int(((margins.effects["ci_low"] > 0) | (margins.effects["ci_high"] < 0)).sum())
    assert f"{clear} of {len(margins.effects)} without zero" in figure.alt("en")


def test_the_region_of_significance_is_shaded(small: Study) -> None:
    found = small.moderation
    assert not found.regions.empty
    figure = johnson_neyman(found, "x", NOTE)
    axes = figure.drawing("en").axes[0]
    spans = [(p.get_x(), p.get_x() + p.get_width()) for p in axes.patches if isinstance(p, Rectangle)]
    seen_regions = found.regions.dropna(subset=["seen_low"])[["seen_low", "seen_high"]].to_numpy()
    assert np.allclose(spans, seen_regions) and len(spans) == len(seen_regions)
    for low, high in seen_regions:
        assert f"from {format_value(low, '.2f')} to {format_value(high, '.2f')}" in figure.alt("en")


def test_specifications_stand_in_rising_order_above_their_choices() -> None:
    frame = curve()
    figure = specification_curve("curve", "x", frame, CHOICES, {}, Text("Credit", "信用"), NOTE)
    top, bottom = figure.drawing("en").axes
    drawn = np.sort(np.concatenate([line.get_ydata() for line in top.lines if line.get_marker() == "o"]))
    assert np.array_equal(drawn, np.sort(frame["beta"]))
    shown = [text.get_text() for text in bottom.get_yticklabels()]
    assert shown == [
        "varimax",
        "promax",
        "regression",
        "bartlett",
        "means",
    ]  # what does not vary is not shown
    marks = sum(int(np.isfinite(line.get_xdata()).sum()) // 2 for line in bottom.lines)
    assert marks == 2 * len(frame)
    main = format_value(float(frame["beta"][0]), ".3f")
    assert f"the main specification gives {main}" in figure.alt(
        "en"
    ) and f"主设定的 β 为 {main}" in figure.alt("zh")


def test_the_flow_adds_up() -> None:
    uses = [Use(Text("Regression", "回归"), 80, 15)]
    figure = sample_flow("x", 120, [(Text("Too fast", "答题过快"), 25)], 95, uses, NOTE)
    said = "\n".join(text.get_text() for text in words_of(figure.drawing("zh")))
    assert "收回问卷（n = 120）" in said and "剔除（n = 25）" in said and "进入分析（n = 95）" in said
    assert "回归（n = 80）；因变量缺失未用 15 份" in said
    assert "120 respondents received, 25 excluded: Too fast (n = 25), 95 analysed" in figure.alt("en")


def test_paths_carry_loadings_and_coefficients(small: Study, large: Study) -> None:
    main, whole, _ = small.models
    figure = path_diagram("path", small.factors, small.composite, main, NOTE)
    assert figure is not None
    said = [text.get_text() for text in words_of(figure.drawing("en"))]
    sizes = small.factors.loadings.abs()
    for item, row in small.factors.loadings.iterrows():
        assert format_value(float(row[sizes.loc[item].idxmax()]), ".2f") in said
    for name in ("F1", "F2"):
        b = float(main.coefficients.at[name, "estimate"])
        assert any(text.rstrip("*") == format_value(b, ".2f") for text in said)
    index = path_diagram("path", small.factors, small.composite, whole, NOTE)
    assert index is not None
    said = [text.get_text() for text in words_of(index.drawing("en"))]
    assert all(format_value(float(weight), ".2f") in said for weight in small.composite.weights)
    many = path_diagram("path", large.factors, large.composite, large.models[0], NOTE)
    assert many is not None
    assert {"i1", "i40"} <= {text.get_text() for text in words_of(many.drawing("en"))}


def test_a_study_has_the_figures_of_its_results(study_folder: Path) -> None:
    result = sc.run(sc.read_study(study_folder))
    figures = study_figures(result)
    tables = {table.key for table in result.tables()}
    keys = [figure.key for figure in figures]
    assert keys == [
        "sample_flow_diagram",
        "missing_map",
        "correlation_map",
        "scree",
        "loading_map",
        "item_correlation_map",
        "path_diagram",
        "forest_main",
    ]
    assert {figure.after for figure in figures} <= tables and not set(keys) & tables
    for figure, lang in itertools.product(figures, LANGUAGES):
        check_labels(figure, lang)
