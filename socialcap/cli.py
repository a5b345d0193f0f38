"""The command line: arguments and files in, files and messages out. The only place that prints.

Heavy libraries are imported inside the commands, so that `--help` answers at once.
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from socialcap import __version__
from socialcap.errors import (
    DataCheckError,
    EstimationError,
    OutputError,
    Problem,
    SocialcapError,
    SocialcapWarning,
    UnreadableError,
    UsageError,
    nearest,
)

if TYPE_CHECKING:
    from rich.console import Console

    from socialcap.plan import StudyPlan
    from socialcap.progress import Progress
    from socialcap.results import Lang, Result, StudyResult, Table

app = typer.Typer(
    help="From a raw questionnaire survey of firms to social-capital factors, regressions and a report.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # the plain help answers twice as fast
    context_settings={"help_option_names": ["-h", "--help"]},
)
codebook_app = typer.Typer(help="Codebooks from and to other programs' files.", no_args_is_help=True)
app.add_typer(codebook_app, name="codebook")


class Language(StrEnum):
    """A language of messages and tables."""

    EN = "en"
    ZH = "zh"


class TableStyle(StrEnum):
    """How tables are set."""

    APA = "apa"
    THREE_LINE = "three-line"


class FailOn(StrEnum):
    """What makes `check` fail."""

    ERROR = "error"
    WARN = "warn"


Study = Annotated[Path, typer.Argument(help="A study file, or the folder of one.", metavar="STUDY")]
Out = Annotated[
    Path | None, typer.Option("-o", "--out", help="Folder to write to [default: reports/<study>].")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, and nothing else, on standard output.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print no progress and no paths.")]
NoProgress = Annotated[bool, typer.Option("--no-progress", help="Show no progress.")]
Seed = Annotated[int | None, typer.Option(help="Seed of everything random, instead of the study's.", min=0)]
OneLang = Annotated[Language, typer.Option("--lang", help="Language of the tables.")]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; errors become a table on standard error and an exit code."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    warnings.simplefilter("ignore")
    warnings.simplefilter("always", SocialcapWarning)
    warnings.showwarning = _show_warning
    try:
        app(args=arguments, prog_name="socialcap")
    except SocialcapError as error:
        _show_error(error, as_json="--json" in arguments)
        raise SystemExit(error.exit_code) from None
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(0) from None


def _version(wanted: bool) -> None:
    if wanted:
        print(f"socialcap {__version__}")
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Options of all commands."""


@app.command()
def inspect(
    file: Annotated[Path, typer.Argument(help="An export, as it came.", metavar="FILE")],
    lang: OneLang = Language.EN,
    as_json: Json = False,
) -> None:
    """Say what a file is: platform, encoding, header rows, columns."""
    from socialcap.survey.inspect import inspect as inspect_file

    found = inspect_file(file)
    _show_result(found, lang.value, as_json)
    if found.problems:
        raise typer.Exit(UnreadableError.exit_code)


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="A new folder for the study.", metavar="DIR")],
    source: Annotated[
        Path | None, typer.Option("--from", help="An export to draft the codebook from.", metavar="FILE")
    ] = None,
    template: Annotated[
        str | None,
        typer.Option(
            help="A ready questionnaire to collect answers with: social-capital.", metavar="TEMPLATE"
        ),
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Start a study: from an export, its codebook drafted with every guess marked; or from a questionnaire."""
    from socialcap.study.starting import start_study, start_template

    if source is not None and template is None:
        paths = start_study(folder, source)
        hint = f"Fill in the codebook (its column `confirm` says what was guessed), then: socialcap check {folder}"
    elif template is not None and source is None:
        paths = start_template(folder, template)
        hint = (
            f"Adapt the questions to your cluster ({folder / 'study.toml'} says how), collect the answers with "
            f"questionnaire.xlsx, and export them to {folder / 'answers.xlsx'}. Then: socialcap check {folder}"
        )
    else:
        raise UsageError("a study starts from an export (--from FILE) or from a template (--template NAME)")
    _show_paths(paths, as_json, quiet)
    if not quiet and not as_json:
        _console(error=True).print(hint, highlight=False, markup=False)


@app.command()
def check(
    study: Study,
    fail_on: Annotated[FailOn, typer.Option(help="Fail on errors only, or on warnings too.")] = FailOn.ERROR,
    lang: OneLang = Language.EN,
    as_json: Json = False,
    quiet: Quiet = False,
    no_progress: NoProgress = False,
) -> None:
    """Hold the codebook against the data and the answers against the rules; no models."""
    plan = _plan(study, None)
    with _progress(quiet or no_progress or as_json) as progress:
        progress("starting")
        from socialcap.study import check as check_study

        found = check_study(plan, progress)
    if as_json or not quiet:
        _show_result(found, lang.value, as_json)
    failing = found.problems if fail_on is FailOn.WARN else found.errors
    if failing:
        counts = f"{len(found.errors)} errors and {len(found.warnings)} warnings"
        _console(error=True).print(f"[bold red]The check failed:[/] {counts}.", highlight=False)
        raise typer.Exit(DataCheckError.exit_code)


@app.command()
def run(
    study: Study,
    out: Out = None,
    seed: Seed = None,
    as_json: Json = False,
    quiet: Quiet = False,
    no_progress: NoProgress = False,
) -> None:
    """Run a study: results.json, cleaned data, the ledger of changes."""
    plan = _plan(study, seed)
    with _progress(quiet or no_progress or as_json) as progress:
        progress("starting")
        from socialcap.study import run as run_study
        from socialcap.study import write_run

        result = run_study(plan, progress)
        paths = write_run(result, _folder(plan, out))
    if as_json:
        _print_json(result.to_dict())
    else:
        _show_paths(paths, as_json, quiet)
    _require_agreement(result)


@app.command()
def report(
    study: Study,
    out: Out = None,
    formats: Annotated[
        str,
        typer.Option(
            "--format",
            help="html, docx, pdf, tex, xlsx: one or several, separated by commas [default: the study's].",
        ),
    ] = "",
    languages: Annotated[
        str, typer.Option("--lang", help="en, zh: one or both, separated by commas [default: the study's].")
    ] = "",
    style: Annotated[
        TableStyle | None,
        typer.Option(
            help="How tables are set [default: the study's, or APA in English, three-line in Chinese]."
        ),
    ] = None,
    seed: Seed = None,
    as_json: Json = False,
    quiet: Quiet = False,
    no_progress: NoProgress = False,
) -> None:
    """Run a study and write its report beside the run's files."""
    from socialcap.plan import Format

    plan = _plan(study, seed)
    wanted = _chosen(formats, plan.report.formats, get_args(Format), "format")
    langs = _chosen(languages, plan.report.languages, ("en", "zh"), "language")
    folder = _folder(plan, out)
    with _progress(quiet or no_progress or as_json) as progress:
        progress("starting")
        from socialcap.report import report_files, require
        from socialcap.study import run as run_study
        from socialcap.study import run_files
        from socialcap.syntax import syntax_files
        from socialcap.writing import write_files

        require(wanted)
        result = run_study(plan, progress)
        progress("writing the report")
        set_in = style.value if style else plan.report.style
        made = report_files(result, wanted, langs, set_in) | run_files(result) | syntax_files(result, plan)
        write_files({folder / name: content for name, content in made.items()})
    reports = [folder / name for name in made if Path(name).stem.startswith("report")]
    _show_paths(reports, as_json, quiet)
    _require_agreement(result)


@app.command()
def freeze(study: Study, as_json: Json = False, quiet: Quiet = False) -> None:
    """Seal codebook, study file and claims before the data come; later runs say whether they kept to it."""
    from socialcap.study import freeze as freeze_study

    _show_paths([freeze_study(_plan(study, None))], as_json, quiet)


@app.command()
def diff(
    first: Annotated[Path, typer.Argument(help="The folder of a run, or its results.json.", metavar="RUN1")],
    second: Annotated[Path, typer.Argument(help="The run to hold against it.", metavar="RUN2")],
    lang: OneLang = Language.EN,
    as_json: Json = False,
) -> None:
    """Say which numbers and verdicts changed between two runs, and what went into them differently."""
    from socialcap.study import compare

    _show_result(compare(first, second), lang.value, as_json)


@app.command()
def notebook(
    study: Study,
    out: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--out",
            help="Notebook to write [default: reports/<study>/<study>.ipynb].",
            metavar="FILE.ipynb",
        ),
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write a notebook that takes a study's steps one by one, with its own settings."""
    from socialcap.study.notebook import write_notebook

    plan = _plan(study, None)
    path = out or _folder(plan, None) / f"{plan.study.name}.ipynb"
    _show_paths([write_notebook(plan, path)], as_json, quiet)


@app.command()
def package(
    study: Study,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="A new folder [default: reports/<study>_package].")
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
    no_progress: NoProgress = False,
) -> None:
    """Make the replication package of a study: data without what is personal, environment, expected numbers."""
    plan = _plan(study, None)
    with _progress(quiet or no_progress or as_json) as progress:
        progress("starting")
        from socialcap.study.packaging import write_package

        folder = out or Path("reports") / f"{plan.study.name}_package"
        paths = write_package(plan, folder, progress)
    _show_paths(paths, as_json, quiet)


@app.command()
def doctor(lang: OneLang = Language.EN, as_json: Json = False) -> None:
    """Say what is there to work with and what is not, and for which feature."""
    try:
        from socialcap.study.doctor import examine
    except ImportError as error:
        raise OutputError(f"a library that every run needs cannot be loaded: {error}") from None
    found = examine()
    _show_result(found, lang.value, as_json)
    if found.broken:
        raise typer.Exit(OutputError.exit_code)


@app.command()
def simulate(
    population: Annotated[
        Path, typer.Argument(help="A population file, or the folder of one.", metavar="POPULATION")
    ],
    n: Annotated[int, typer.Option("-n", help="Firms to draw.", min=1)] = 200,
    seed: Annotated[int, typer.Option(help="Seed of the draw.", min=0)] = 1,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="CSV file to write [default: standard output].")
    ] = None,
    replica: Annotated[
        bool, typer.Option("--replica", help="Rewrite the replica's export files in the folder instead.")
    ] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Draw firms from a population model."""
    from socialcap.simulation import read_population, simulate_files, write_replica

    if replica:
        _show_paths(write_replica(population), as_json, quiet)
        return
    made = simulate_files(read_population(population), n, seed)
    if out is None:
        sys.stdout.buffer.write(made)
        return
    from socialcap.writing import write_files

    write_files({out: made})
    _show_paths([out], as_json, quiet)


@codebook_app.command("import")
def import_codebook(
    source: Annotated[
        Path, typer.Argument(help="An XLSForm, a .sav or .dta file, or a codebook.", metavar="FROM")
    ],
    target: Annotated[
        Path, typer.Argument(help="A .xlsx workbook, or a folder for CSV files.", metavar="TO")
    ],
    quiet: Quiet = False,
) -> None:
    """Make a codebook of a form or of a statistics file's metadata."""
    from socialcap.codebook import read_codebook, write_codebook

    write_codebook(read_codebook(source), target)
    _show_paths([target], False, quiet)


@codebook_app.command("export")
def export_codebook(
    source: Annotated[Path, typer.Argument(help="A codebook.", metavar="CODEBOOK")],
    target: Annotated[
        Path, typer.Argument(help="An .xlsx file for a form, a .docx file for paper.", metavar="TO")
    ],
    lang: Annotated[Language, typer.Option("--lang", help="Language of a form on paper.")] = Language.EN,
    quiet: Quiet = False,
) -> None:
    """Write a codebook as a questionnaire: an XLSForm for KoboToolbox or ODK, or a Word document."""
    from socialcap.codebook import read_codebook, write_xlsform
    from socialcap.codebook.form import read_form

    book = read_codebook(source)
    form = read_form(source, book)
    if target.suffix.casefold() == ".docx":
        from socialcap.codebook.questionnaire import write_questionnaire

        write_questionnaire(book, target, lang.value, form)
    else:
        write_xlsform(book, target, form)
    _show_paths([target], False, quiet)


def _plan(study: Path, seed: int | None) -> StudyPlan:
    from socialcap.plan import read_study

    plan = read_study(study)
    if seed is None:
        return plan
    return plan.model_copy(update={"study": plan.study.model_copy(update={"seed": seed})})


def _folder(plan: StudyPlan, out: Path | None) -> Path:
    folder = out or Path("reports") / plan.study.name
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder} is a file; the outputs need a folder")
    return folder


def _require_agreement(result: StudyResult) -> None:
    """Exit as a failed estimation does where another library comes to another number; all files are written."""
    opinion = result.second_opinion
    if opinion is not None and not opinion.agrees:
        _console(error=True).print(opinion.verdict()("en"), style="bold red", highlight=False, markup=False)
        raise typer.Exit(EstimationError.exit_code)


def _chosen(given: str, default: Sequence[Any], valid: Sequence[Any], what: str) -> list[Any]:
    """The comma-separated choices, in the order given; the study's where none are given."""
    chosen = [part.strip() for part in given.split(",") if part.strip()] or list(default)
    problems = []
    for name in chosen:
        if name not in valid:
            hint = nearest(name, valid)
            expected = "one of " + ", ".join(valid)
            problems.append(
                Problem(f"unknown {what} {name!r}" + (f"; {hint!r}?" if hint else ""), expected=expected)
            )
    if problems:
        raise UsageError(f"the {what}s cannot all be made", problems)
    return list(dict.fromkeys(chosen))


def _console(*, error: bool = False) -> Console:
    from rich.console import Console

    console = Console(stderr=error)
    # narrower than this rich leaves out columns; a pipe has no width of its own
    return Console(stderr=error, width=max(console.width, 100) if console.is_terminal else 160)


@contextmanager
def _progress(silent: bool) -> Iterator[Progress]:
    """Each step on standard error: as a bar in a terminal, as lines elsewhere."""
    from socialcap.progress import progress_bar

    console = _console(error=True)
    with progress_bar("starting", silent=silent) as bar:
        if silent or console.is_terminal:
            yield bar
        else:
            yield lambda done, total=None: _step_line(console, done)


def _step_line(console: Console, done: int | str) -> None:
    if isinstance(done, str):
        console.print(f"· {done}", highlight=False, markup=False)


def _show_result(result: Result, lang: Lang, as_json: bool) -> None:
    if as_json:
        _print_json(result.to_dict())
        return
    console = _console()
    for table in result.tables():
        console.print(_terminal_table(table, lang))
        for note in table.notes:
            console.print(note(lang), style="dim", highlight=False, markup=False)
        console.print()


_WHOLE = 28
"""Characters up to which numbers and names are not broken over lines."""


def _terminal_table(table: Table, lang: Lang) -> Any:
    """The table for a terminal: numbers and names stay whole, long texts wrap."""
    from rich import box
    from rich.table import Table as RichTable
    from rich.text import Text as RichText

    headings, rows = table.text(lang)
    shown = RichTable(
        title=RichText(table.title(lang), style="bold"),
        title_justify="left",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    for c, (column, heading) in enumerate(zip(table.columns, headings, strict=True)):
        longest = max((len(row[c]) for row in rows), default=0)
        whole = longest <= _WHOLE and (column.align == "right" or c == 0)
        shown.add_column(RichText(heading), justify=column.align, overflow="fold", no_wrap=whole)
    for r, row in enumerate(rows):
        cells = [
            RichText(cell, style="bold" if (r, c) in table.emphasis else "") for c, cell in enumerate(row)
        ]
        shown.add_row(*cells)
    return shown


def _show_paths(paths: Sequence[Path], as_json: bool, quiet: bool) -> None:
    if as_json:
        _print_json({"written": [str(path) for path in paths]})
    elif not quiet:
        for path in paths:
            print(path)


def _print_json(value: object) -> None:
    json.dump(value, sys.stdout, ensure_ascii=False, indent=1, allow_nan=False)
    print()


def _show_error(error: SocialcapError, *, as_json: bool) -> None:
    if as_json:
        fields = ("where", "row", "column", "value", "message", "expected", "severity")
        problems = [{name: getattr(problem, name) for name in fields} for problem in error.problems]
        _print_json({"error": error.message, "exit_code": error.exit_code, "problems": problems})
        return
    from rich.text import Text as RichText

    console = _console(error=True)
    console.print(RichText("error: ", style="bold red") + RichText(error.message))
    if error.problems:
        console.print(_problem_table(error.problems))


def _problem_table(problems: Sequence[Problem]) -> Any:
    from rich import box
    from rich.table import Table as RichTable
    from rich.text import Text as RichText

    parts = {
        "where": [problem.where for problem in problems],
        "row": ["" if problem.row is None else str(problem.row) for problem in problems],
        "column": [problem.column for problem in problems],
        "found": [problem.value for problem in problems],
        "what is wrong": [problem.message for problem in problems],
        "expected": [problem.expected for problem in problems],
    }
    shown = {heading: cells for heading, cells in parts.items() if any(cells)}
    table = RichTable(box=box.SIMPLE_HEAD)
    for heading in shown:
        table.add_column(heading, overflow="fold")
    for row in zip(*shown.values(), strict=True):
        table.add_row(*(RichText(cell) for cell in row))
    return table


def _show_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    _console(error=True).print(f"warning: {message}", highlight=False, markup=False)


if __name__ == "__main__":
    main()
