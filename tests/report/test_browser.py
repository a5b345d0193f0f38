"""The HTML report in a real browser: Chromium, driven by playwright, the page opened from a file.

Numbers copied as CSV are compared without tolerance: both sides are the same double, written in full.
PIXEL is what a browser may round a width by.
"""

import csv
import io
import math
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure as Canvas

import socialcap as sc
from socialcap.report import CUSTOM, html, study_document
from socialcap.report.document import Document, Heading, Paragraph, Section, Sentence
from socialcap.report.figures import Figure
from socialcap.results import Column, Formatted, Lang, Starred, Table, Text, format_value

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), ""
)
pytestmark = pytest.mark.skipif(not CHROMIUM, reason="no Chromium on this machine")

MILUO = Path(__file__).parents[2] / "data" / "miluo"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage"]
PIXEL = 1.0
LANGS: tuple[Lang, ...] = ("en", "zh")

REGRESSION = Table(
    "regression",
    Text("Coefficients & 100% of their errors", "系数与标准误"),
    (
        Column("term", Text("Term", "变量"), align="left"),
        Column("b", Text("b", "b")),
        Column("p", Text("p", "p"), "p"),
        Column("n", Text("n", "n"), ",d"),
    ),
    (
        ("beta", Starred(0.5123456789, 0.0004), 0.0004, 12_000),
        ("", Formatted(0.1, "(.3f)"), None, None),
        (Text("alpha_1", "甲"), Starred(-2.0000004, 0.2), 0.2, 9),
        ("", Formatted(0.2, "(.3f)"), None, None),
        ("base", Text("reference", "参照组"), None, None),
        ("gamma", Starred(0.0612345, 0.04), 0.04, 100),
        ("", Formatted(0.3, "(.3f)"), None, None),
        ("delta", float("nan"), float("nan"), 4),
        ("=1+1", 1e-7, 1.0, 5),
    ),
    (Text("χ² of 50% & more.", "χ² 检验。"), Text("* p < .05", "* p < 0.05")),
    frozenset({(0, 1)}),
)
MATRIX = Table(
    "matrix",
    Text("Correlations", "相关系数"),
    (
        Column("item", Text("Item", "题项"), align="left"),
        *(Column(f"c{i}", Text(str(i + 1))) for i in range(24)),
    ),
    tuple(
        (
            f"{i + 1} item_{i}",
            *(1.0 if i == j else round(math.sin(i * 7 + j), 6) if j < i else None for j in range(24)),
        )
        for i in range(24)
    ),
)
STATISTICS = Table(
    "statistics",
    Text("Statistics", "统计量"),
    (Column("what", Text("Statistic", "统计量"), align="left"), Column("value", Text("Value", "值"))),
    (
        ("N", Formatted(181, "d")),
        ("R²", 0.287),
        ("AIC", Formatted(332.25, ".2f")),
        ("p", Formatted(0.0001, "p")),
    ),
)
WORDS = Table(
    "words",
    Text("What the reader should know", "读者须知"),
    (
        Column("place", Text("Place", "位置"), align="left"),
        Column("what", Text("What", "内容"), align="left"),
    ),
    (
        ("row 10", 'said "no, thanks"'),
        ("row 9", "a" * 90),
        ("row 11", r"C:\data_1 {50%} #3 $5 ^~ <x> 公司"),
        ("row 2", "@formula"),
    ),
)


def _drawing(lang: Lang) -> Canvas:
    canvas = Canvas(figsize=(5, 3))
    canvas.subplots().plot([0, 1], [1, 0], label="it's 100% #1")
    return canvas


def _said(en: str, zh: str, source: str = "") -> Sentence:
    return Sentence(Text(en, zh), source)


DOCUMENT = Document(
    "made_up",
    Text("A made-up report", "虚构的报告"),
    Text("Made-up data.", "虚构数据。"),
    (
        Section(
            "findings",
            Text("Key findings", "主要发现"),
            (
                Paragraph((_said("It holds.", "成立。", "regression"), _said("So.", "因此。", "figure"))),
                WORDS,
            ),
        ),
        Section(
            "models",
            Text("Models", "模型"),
            (
                Heading("first", Text("First", "其一")),
                REGRESSION,
                STATISTICS,
                Heading("second", Text("Second", "其二")),
            ),
        ),
        Section(
            "more",
            Text("More", "其他"),
            (
                MATRIX,
                Figure("figure", "matrix", Text("A line", "一条线"), Text("It falls.", "下降。"), _drawing),
            ),
        ),
    ),
)

Open = Callable[..., Any]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def made_up(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("made up") / "report.html"
    path.write_bytes(html.render(DOCUMENT, LANGS, CUSTOM)["report.html"])
    return path


@pytest.fixture(scope="module")
def miluo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    document = study_document(sc.run(sc.read_study(MILUO)))
    path = tmp_path_factory.mktemp("miluo") / "report.html"
    path.write_bytes(html.render(document, LANGS, CUSTOM)["report.html"])
    return path


@pytest.fixture
def open_page(browser: Any) -> Iterator[Open]:
    """Opens a file in a window of its own; at the end nothing may have been reported on the console."""
    contexts: list[Any] = []
    heard: list[str] = []

    def opened(path: Path, fragment: str = "", width: int = 1280, height: int = 800, **settings: Any) -> Any:
        context = browser.new_context(viewport={"width": width, "height": height}, **settings)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: heard.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: heard.append(f"error: {error}"))
        page.on(
            "request", lambda request: heard.append(request.url) if request.url.startswith("http") else None
        )
        page.goto(path.as_uri() + fragment)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert heard == []


def shown_columns(page: Any, key: str, column: int, lang: Lang = "en") -> list[str]:
    cells = f"#{key}-{lang} tbody tr > :nth-child({column + 1})"
    return page.eval_on_selector_all(cells, "cells => cells.map(cell => cell.textContent)")  # type: ignore[no-any-return]


def copied(page: Any, key: str, form: str, lang: Lang = "en") -> str:
    page.locator(f"#{key}-{lang} .copy button", has_text=form).click()
    playwright.expect(page.locator(".status")).not_to_be_empty()
    return page.evaluate("navigator.clipboard.readText()")  # type: ignore[no-any-return]


# --- languages ---------------------------------------------------------------------------------------------


def test_the_switch_shows_one_language_and_says_which(made_up: Path, open_page: Open) -> None:
    page = open_page(made_up)
    assert page.locator("h1:visible").all_text_contents() == ["A made-up report"]
    page.get_by_role("button", name="中文").press("Enter")
    assert page.locator("h1:visible").all_text_contents() == ["虚构的报告"]
    assert page.title() == "虚构的报告"
    assert page.evaluate("document.documentElement.lang") == "zh-CN"
    pressed = page.eval_on_selector_all("[data-show]", "all => all.map(one => [one.lang, one.ariaPressed])")
    assert pressed == [["en", "false"], ["zh-CN", "true"]]
    assert page.evaluate("document.activeElement.dataset.show") == "zh"


def test_the_switch_keeps_the_readers_place(miluo: Path, open_page: Open) -> None:
    page = open_page(miluo)

    def top(key: str, lang: Lang) -> float:
        return page.evaluate("id => document.getElementById(id).getBoundingClientRect().top", f"{key}-{lang}")  # type: ignore[no-any-return]

    def press(lang: Lang) -> None:
        """By the mouse itself: playwright's own click scrolls the page first to reach a sticky button."""
        box = page.locator(f"[data-show={lang}]").bounding_box()
        page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)

    for key in ("loadings", "regression_composite", "loading_map"):
        page.evaluate(f"document.getElementById('{key}-en').scrollIntoView()")
        before = top(key, "en")
        press("zh")
        assert top(key, "zh") == pytest.approx(before, abs=5)
        press("en")
        assert top(key, "en") == pytest.approx(before, abs=5)


def test_an_address_into_the_other_language_opens_it(made_up: Path, open_page: Open) -> None:
    page = open_page(made_up, "#matrix-zh")
    assert page.locator("h1:visible").all_text_contents() == ["虚构的报告"]
    assert 0 <= page.evaluate("document.getElementById('matrix-zh').getBoundingClientRect().top") < 400
    page.click("[data-show=en]")
    assert page.evaluate("location.hash") == "#matrix-en"


def test_without_scripts_both_languages_can_be_read(made_up: Path, open_page: Open) -> None:
    page = open_page(made_up, java_script_enabled=False)
    assert page.locator("h1:visible").all_text_contents() == ["A made-up report", "虚构的报告"]
    assert page.locator("button:visible").count() == 0
    assert page.locator("nav a:visible").count() == 2 * 5


# --- finding one's way -------------------------------------------------------------------------------------


def test_contents_and_sources_lead_where_they_say(made_up: Path, open_page: Open) -> None:
    page = open_page(made_up)
    assert page.locator("nav:visible a").all_text_contents() == [
        "Key findings",
        "Models",
        "First",
        "Second",
        "More",
    ]
    for link in page.locator("main a:visible, nav a:visible").all():
        target = link.get_attribute("href")
        assert page.locator(target).count() == 1 and target.endswith("-en")
    assert "It holds (Table 2). So (Figure 1)." in page.locator("#main-en").inner_text()
    assert "成立（表 2）。因此（图 1）。" in page.locator("#main-zh").text_content()
    page.click("nav:visible a:text('More')")
    playwright.expect(page.locator("nav:visible a:text('More')")).to_have_attribute("aria-current", "true")


def test_on_a_phone_the_contents_fold_away(made_up: Path, open_page: Open) -> None:
    page = open_page(made_up, width=360, height=740)
    assert page.locator("nav a:visible").count() == 0
    page.locator("nav:visible summary").press("Enter")
    page.click("nav:visible a:text('Models')")
    assert page.locator("nav a:visible").count() == 0
    playwright.expect(page.get_by_role("heading", name="Models")).to_be_in_viewport()


def test_everything_can_be_done_by_keyboard(made_up: Path, open_page: Open) -> None:
    page = open_page(made_up)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    playwright.expect(page.locator(".skip:visible")).to_be_in_viewport()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main-en"
    page.reload()
    wanted = page.evaluate(
        """() => [...document.querySelectorAll('a, button, summary, [tabindex="0"]')]
               .filter(one => one.checkVisibility()).length"""
    )
    page.evaluate("document.activeElement.blur(); window.walked = new Set()")
    for _ in range(wanted):
        page.keyboard.press("Tab")
        visible = page.evaluate(
            """() => { const one = document.activeElement; walked.add(one);
                   return getComputedStyle(one).outlineStyle !== 'none' && one.checkVisibility(); }"""
        )
        assert visible
    assert page.evaluate("walked.size") == wanted > 25


# --- tables ------------------------------------------------------------------------------------------------


def test_a_column_of_numbers_is_sorted_by_its_numbers(made_up: Path, open_page: Open) -> None:
    page = open_page(made_up)
    own = shown_columns(page, "regression", 0)
    heading = page.locator("#regression-en th", has_text="b").first
    by_b = heading.get_by_role("button")
    by_b.click()
    assert heading.get_attribute("aria-sort") == "ascending"
    labels, errors = shown_columns(page, "regression", 0), shown_columns(page, "regression", 1)
    assert [label for label in labels if label] == ["alpha_1", "=1+1", "gamma", "beta", "base", "delta"]
    assert [(labels[i - 1], error) for i, error in enumerate(errors) if error.startswith("(")] == [
        ("alpha_1", "(0.200)"),
        ("gamma", "(0.300)"),
        ("beta", "(0.100)"),
    ]
    by_b.press("Enter")
    assert heading.get_attribute("aria-sort") == "descending"
    assert [label for label in shown_columns(page, "regression", 0) if label] == [
        "beta", "gamma", "=1+1", "alpha_1", "base", "delta",
    ]  # fmt: skip
    playwright.expect(page.locator(".status")).to_have_text("Table 2 sorted by b, descending.")
    by_b.press("Space")
    assert heading.get_attribute("aria-sort") is None
    assert shown_columns(page, "regression", 0) == own
    page.locator("#regression-en th", has_text="n").get_by_role("button").click()
    assert [n for n in shown_columns(page, "regression", 3) if n] == ["4", "5", "9", "100", "12,000"]
    assert shown_columns(page, "regression", 0, "zh")[0] == "beta"


def test_words_are_sorted_as_words_with_their_numbers_in_order(made_up: Path, open_page: Open) -> None:
    page = open_page(made_up)
    page.locator("#words-en th").first.get_by_role("button").click()
    assert shown_columns(page, "words", 0) == ["row 2", "row 9", "row 10", "row 11"]


def test_a_table_whose_order_means_something_is_not_sorted(made_up: Path, open_page: Open) -> None:
    page = open_page(made_up)
    for key in ("matrix", "statistics"):
        assert page.locator(f"#{key}-en th button").count() == 0
        assert page.locator(f"#{key}-en .copy button").count() == 2


def expected_csv(table: Table, lang: Lang) -> list[list[str | float]]:
    """What a table says, numbers in full, stars in columns of their own."""
    starred = {c for c in range(len(table.columns)) for row in table.rows if isinstance(row[c], Starred)}
    lines = []
    for row in table.rows:
        line: list[str | float] = []
        for c, value in enumerate(row):
            number = value.value if isinstance(value, Starred | Formatted) else value
            if isinstance(number, int | float):
                line.append("" if math.isnan(number) else float(number))
            else:
                text = format_value(value, "", lang)
                line.append("'" + text if text[:1] in {"=", "+", "-", "@"} else text)
            if c in starred:
                line.append(value.stars if isinstance(value, Starred) else "")
        lines.append(line)
    return lines


@pytest.mark.parametrize("table", [REGRESSION, WORDS, MATRIX], ids=lambda table: table.key)
@pytest.mark.parametrize("lang", LANGS)
def test_a_table_copies_as_csv_with_its_numbers_in_full(
    table: Table, lang: Lang, made_up: Path, open_page: Open
) -> None:
    page = open_page(made_up, permissions=["clipboard-read", "clipboard-write"])
    page.click(f"[data-show={lang}]")
    text = copied(page, table.key, "CSV", lang)
    read = list(csv.reader(io.StringIO(text, newline="")))
    expected = expected_csv(table, lang)
    assert read[0][0] == table.columns[0].heading(lang)
    assert len(read) == 1 + len(expected) and {len(line) for line in read} == {len(expected[0])}
    for got, wanted in zip(read[1:], expected, strict=True):
        assert [float(g) if isinstance(w, float) else g for g, w in zip(got, wanted, strict=True)] == wanted


def test_a_table_copies_in_the_order_it_stands_in(made_up: Path, open_page: Open) -> None:
    page = open_page(made_up, permissions=["clipboard-read", "clipboard-write"])
    page.locator("#words-en th").first.get_by_role("button").click()
    lines = copied(page, "words", "CSV").splitlines()
    assert [line.split(",")[0] for line in lines[1:]] == ["row 2", "row 9", "row 10", "row 11"]


def test_copying_works_where_the_browser_closes_its_clipboard_to_pages(
    made_up: Path, open_page: Open
) -> None:
    page = open_page(made_up, permissions=["clipboard-read"])
    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('closed')); }")
    assert copied(page, "statistics", "CSV").splitlines()[:3] == ["Statistic,Value", "N,181", "R²,0.287"]
    playwright.expect(page.locator(".status")).to_have_text("Table 3 copied as CSV.")
    assert page.evaluate("document.activeElement.textContent") == "CSV"
    page.evaluate("() => { document.execCommand = () => false; }")
    page.locator("#statistics-en .copy button").first.click()
    playwright.expect(page.locator(".status")).to_contain_text("did not allow copying")


def test_a_table_copies_as_latex_as_it_is_printed(made_up: Path, open_page: Open) -> None:
    page = open_page(made_up, permissions=["clipboard-read", "clipboard-write"])
    text = copied(page, "regression", "LaTeX")
    assert r"\begin{tabular}{lrrr}" in text
    assert [text.count(rule) for rule in (r"\toprule", r"\midrule", r"\bottomrule")] == [1, 1, 1]
    assert r"\caption{Coefficients \& 100\% of their errors}" in text
    body = text[text.index(r"\midrule") + 8 : text.index(r"\bottomrule")]
    rows = [
        line.removeprefix("    ").removesuffix(r" \\").split(" & ")
        for line in body.strip("\n").split("\n")[:-1]
    ]
    printed = [
        [cell.replace("−", "$-$").replace("–", "--").replace("_", r"\_").replace("<", "$<$") for cell in row]
        for row in REGRESSION.text("en")[1]
    ]
    printed[0][1] = r"\textbf{0.512***}"
    assert rows == printed


@pytest.mark.skipif(not shutil.which("xelatex"), reason="no xelatex on this machine")
@pytest.mark.parametrize("lang", LANGS)
def test_the_copied_latex_compiles(lang: Lang, made_up: Path, open_page: Open, tmp_path: Path) -> None:
    page = open_page(made_up, permissions=["clipboard-read", "clipboard-write"])
    page.click(f"[data-show={lang}]")
    tables = [copied(page, key, "LaTeX", lang) for key in ("regression", "statistics", "words")]
    kind = r"\documentclass{article}" if lang == "en" else r"\documentclass[fontset=fandol]{ctexart}"
    source = [kind, r"\usepackage{booktabs}", r"\begin{document}", *tables, r"\end{document}"]
    (tmp_path / "copied.tex").write_text("\n".join(source), encoding="utf-8")
    command = ["xelatex", "-interaction=nonstopmode", "-halt-on-error", "copied.tex"]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, errors="replace", timeout=120
    )
    assert done.returncode == 0, done.stdout[-2000:]


# --- what it looks like ------------------------------------------------------------------------------------

CUT = """lang => {
  const boxes = [...document.querySelectorAll(`[data-lang=${lang}] *`)].filter(one => one.checkVisibility());
  const scrolled = one => one.closest('.scroll') && !one.matches('.scroll');
  return boxes.filter(one => !scrolled(one) && !one.matches('.skip')).filter(one => {
    const box = one.getBoundingClientRect();
    const clipped = one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).overflowX === 'hidden';
    return box.width > 0 && (box.right > innerWidth + 1 || box.left < -1 || clipped && !one.closest('.bar'));
  }).map(one => one.outerHTML.slice(0, 120));
}"""


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_nothing_is_cut(width: int, made_up: Path, miluo: Path, open_page: Open) -> None:
    for path in (made_up, miluo):
        page = open_page(path, width=width, height=740)
        for lang in LANGS:
            page.click(f"[data-show={lang}]")
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert page.evaluate(CUT, lang) == []


def test_every_drawing_is_shown(miluo: Path, open_page: Open) -> None:
    page = open_page(miluo)
    drawn = page.eval_on_selector_all(
        "img", "all => Promise.all(all.map(img => img.decode().then(() => img.naturalWidth)))"
    )
    assert len(drawn) > 3 and min(drawn) > 100


def test_a_whole_study_stays_small(miluo: Path) -> None:
    assert miluo.stat().st_size < 2_000_000


@pytest.mark.parametrize("lang", LANGS)
def test_a_table_wider_than_a_phone_scrolls_to_its_last_column(
    lang: Lang, made_up: Path, open_page: Open
) -> None:
    page = open_page(made_up, width=360, height=740)
    page.click(f"[data-show={lang}]")
    matrix = page.locator(f"#matrix-{lang}")
    last, first = (
        matrix.locator("tbody tr").last.locator("td").last,
        matrix.locator("tbody tr").last.locator("th"),
    )

    def edges(part: Any) -> tuple[float, float]:
        box = part.bounding_box()
        return box["x"], box["x"] + box["width"]

    for end in ("0", "box.scrollWidth"):
        matrix.locator(".scroll").evaluate(f"box => {{ box.scrollLeft = {end} }}")
        for part in (first, matrix.locator(".caption")):
            left, right = edges(part)
            assert left >= 0 and right <= 360 + PIXEL
    assert edges(first)[1] < edges(last)[0] and edges(last)[1] <= 360 + PIXEL


def test_in_the_dark_the_page_is_dark_and_the_drawings_stay_legible(made_up: Path, open_page: Open) -> None:
    page = open_page(made_up, color_scheme="dark")
    colours = "one => [getComputedStyle(one).backgroundColor, getComputedStyle(one).color]"
    paper, ink = (
        sum(map(int, re.findall(r"\d+", colour)[:3])) for colour in page.eval_on_selector("body", colours)
    )
    assert paper < 120 and ink > 600
    assert page.eval_on_selector("figure img", colours)[0] == "rgb(255, 255, 255)"
    assert page.eval_on_selector("figure img", "img => img.complete && img.naturalWidth") > 100


def test_the_tables_are_set_in_their_style(made_up: Path, open_page: Open) -> None:
    page = open_page(made_up)
    rules = """key => { const at = document.querySelector(`#${key} table`); const width = (one, side) =>
        parseFloat(getComputedStyle(one)['border' + side + 'Width']); const caption = at.querySelector('.caption');
        return [width(at, 'Top'), width(at.tHead, 'Bottom'), width(at, 'Bottom'),
                getComputedStyle(caption).textAlign, getComputedStyle(caption.querySelector('i')).fontStyle]; }"""
    assert page.evaluate(rules, "regression-en")[3:] == ["left", "italic"]
    page.click("[data-show=zh]")
    top, middle, bottom, align, slant = page.evaluate(rules, "regression-zh")
    assert top == bottom == 2 and middle == 1 and (align, slant) == ("center", "normal")
    assert page.locator("#regression-zh .caption").inner_text() == "表 2 系数与标准误"
    assert page.locator("#regression-zh .notes").first.inner_text() == "注：χ² 检验。"


@pytest.mark.parametrize("lang", LANGS)
def test_it_prints_whole(lang: Lang, made_up: Path, miluo: Path, open_page: Open) -> None:
    """No table is wider than the paper that it is printed on: A4 less margins, 180 mm or 267 mm across."""
    for path in (made_up, miluo):
        page = open_page(path)
        page.click(f"[data-show={lang}]")
        page.emulate_media(media="print")
        assert page.locator("nav:visible, .bar:visible, .copy:visible").count() == 0
        for millimetres, kind in ((180, ".table:not(.across)"), (267, ".table.across")):
            width = round(millimetres / 25.4 * 96)
            page.set_viewport_size({"width": width, "height": 1000})
            wide = page.eval_on_selector_all(
                f"[data-lang={lang}] {kind} table",
                "tables => tables.map(one => [one.closest('.table').id, one.getBoundingClientRect().right])",
            )
            assert {name: right for name, right in wide if right > width + PIXEL} == {}


@pytest.mark.skipif(not shutil.which("pdftotext"), reason="no pdftotext on this machine")
def test_the_printed_page_has_every_number(made_up: Path, open_page: Open, tmp_path: Path) -> None:
    page = open_page(made_up)
    page.pdf(path=tmp_path / "page.pdf", prefer_css_page_size=True)
    done = subprocess.run(
        ["pdftotext", "-layout", "page.pdf", "-"], cwd=tmp_path, capture_output=True, text=True
    )
    printed = done.stdout.split()
    for table in (REGRESSION, STATISTICS, MATRIX):
        for row in table.text("en")[1]:
            assert {word for cell in row[1:] for word in cell.split()} <= set(printed)


# --- readers who do not see --------------------------------------------------------------------------------


def faults(page: Any) -> list[tuple[str, str]]:
    """What axe-core finds in the page as it stands, of any impact."""
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed"
    )
    found = axe.Axe().run(page).response
    assert len(found["passes"]) > 20
    return [(fault["id"], fault["nodes"][0]["html"][:200]) for fault in found["violations"]]


@pytest.mark.parametrize(("scheme", "width"), [("light", 360), ("dark", 1280)])
def test_axe_finds_no_fault(scheme: str, width: int, made_up: Path, open_page: Open) -> None:
    page = open_page(made_up, width=width, color_scheme=scheme, bypass_csp=True)
    for lang in LANGS:
        page.click(f"[data-show={lang}]")
        assert faults(page) == []


@pytest.mark.slow
@pytest.mark.parametrize("lang", LANGS)
def test_axe_finds_no_fault_in_a_whole_study(lang: Lang, miluo: Path, open_page: Open) -> None:
    page = open_page(miluo, bypass_csp=True)
    page.click(f"[data-show={lang}]")
    assert faults(page) == []


def test_the_policy_stops_what_is_not_the_pages_own(made_up: Path, open_page: Open, tmp_path: Path) -> None:
    """The page itself violates nothing (no console message in any test); a script or style slipped in is stopped."""
    text = made_up.read_text(encoding="utf-8")
    slipped = '<script>document.title = "taken"</script><p id="styled" style="color: rgb(1, 2, 3)">x</p>'
    changed = tmp_path / "changed.html"
    changed.write_text(text.replace("<main ", slipped + "<main ", 1), encoding="utf-8")
    context = open_page(made_up).context
    page = context.new_page()
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text))
    page.goto(changed.as_uri())
    assert page.title() == "A made-up report"
    assert page.eval_on_selector("#styled", "one => getComputedStyle(one).color") != "rgb(1, 2, 3)"
    assert len([message for message in refused if "Content Security Policy" in message]) == 2
