"""The replication package of a study: the folder that journals ask for, which runs as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from platform import python_version
from tempfile import TemporaryDirectory
from time import perf_counter

from socialcap.codebook import Codebook, fold, write_codebook
from socialcap.codebook.form import QUESTIONS, SECTIONS
from socialcap.codebook.sheets import read_sheets
from socialcap.codebook.workbook import VALUES, VARIABLES
from socialcap.errors import DataCheckError, OutputError, Problem, SocialcapError, UsageError
from socialcap.plan import STUDY_FILE, StudyPlan, read_study
from socialcap.progress import Progress
from socialcap.results import StudyResult
from socialcap.study.environment import pinned, wheel
from socialcap.study.outputs import run_files
from socialcap.study.package_pages import Contents, pages
from socialcap.study.reading import load_survey, silent
from socialcap.study.registration import REGISTRATION_FILE
from socialcap.study.running import run
from socialcap.study.shipping import DataFile, data_files, places, same_survey
from socialcap.study.toml_edits import Place, with_strings
from socialcap.survey import Survey
from socialcap.syntax.files import syntax_files
from socialcap.writing import write_files

_CODEBOOK = (VARIABLES, VALUES, QUESTIONS, SECTIONS)
_STATISTICS = (".sav", ".zsav", ".dta")


def package_files(plan: StudyPlan, progress: Progress = silent) -> dict[str, bytes]:
    """The files of a study's replication package by their paths in it.

    README.md, run.sh, requirements.txt and .python-version, a wheel of socialcap, study.toml with the paths
    of the package, codebook, data (see `data_files`) and, in expected/, the files of a run of the package
    itself, with the same analysis as other programs' syntax. Where a data file cannot go along, or the copies would not clean to exactly the same survey,
    data/AVAILABILITY.md says so.
    Raises DataCheckError where personal data might leave with the package, OutputError where the environment
    is not whole or the package's data are not the study's, and what running the study raises.
    """
    if plan.data.keep_personal:
        raise DataCheckError(
            "personal data might leave with the package",
            [Problem("keeps personal columns in every output", plan.file.name, column="data.keep_personal")],
        )
    survey, book = load_survey(plan, progress)
    progress("copying data without what is personal")
    with TemporaryDirectory(prefix="socialcap-") as folder:
        codebook_place, codebook = _codebook(plan, book, Path(folder))
        shipped = _faithful(plan, survey, data_files(plan, book), codebook_place, codebook, Path(folder))
        made = codebook | _study_files(plan, shipped, codebook_place)
        result, seconds = _run_in(Path(folder) / "package", made, shipped, progress)
    if not same_survey(result.survey, survey):
        raise OutputError("the package would not clean its data to the survey of the study")
    progress("packing the environment")
    extras = _extras(plan, book)
    libraries = pinned(extras)
    wheel_name, wheel_bytes = wheel()
    expected = run_files(result) | syntax_files(result, plan)
    contents = Contents(plan, result, shipped, libraries, wheel_name, seconds)
    return {
        **pages(contents),
        **made,
        **{f"expected/{name}": content for name, content in expected.items()},
        "requirements.txt": "".join(f"{name}=={version}\n" for name, version in libraries).encode(),
        ".python-version": f"{python_version()}\n".encode(),
        f"wheel/{wheel_name}": wheel_bytes,
    }


def write_package(plan: StudyPlan, folder: str | Path, progress: Progress = silent) -> list[Path]:
    """Write a study's replication package into a new `folder`; returns the paths of its files.

    Raises UsageError if there is something in the folder already: what an earlier package left there would
    go out with this one. Raises what `package_files` raises, OutputError if the folder cannot be written.
    """
    folder = Path(folder)
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        raise UsageError(
            "a package needs a new folder, so that nothing else leaves with it",
            [Problem("is there already", str(folder))],
        )
    files = {folder / name: content for name, content in package_files(plan, progress).items()}
    write_files(files)
    return list(files)


def _codebook(plan: StudyPlan, book: Codebook, folder: Path) -> tuple[str, dict[str, bytes]]:
    """Where the package's codebook stands, and its files; one that comes with data is written without them."""
    path = plan.path(plan.data.codebook)
    if path.is_dir():
        parts = [path / f"{name}.csv" for name in _CODEBOOK]
        return "codebook", {f"codebook/{part.name}": part.read_bytes() for part in parts if part.exists()}
    suffix = path.suffix.casefold()
    if suffix in _STATISTICS:
        write_codebook(book, folder / "codebook.xlsx")
        return "codebook.xlsx", {"codebook.xlsx": (folder / "codebook.xlsx").read_bytes()}
    if suffix == ".csv":
        values = path.with_name(path.name.replace(VARIABLES, VALUES))
        further = [path.with_name(f"{name}.csv") for name in (QUESTIONS, SECTIONS)]
        parts = list(dict.fromkeys(part for part in (path, values, *further) if part.exists()))
        return f"codebook/{path.name}", {f"codebook/{part.name}": part.read_bytes() for part in parts}
    place = f"codebook{suffix}"
    return place, {place: path.read_bytes()}


def _extras(plan: StudyPlan, book: Codebook) -> tuple[str, ...]:
    """The extras that this study needs: for its report's formats, and for a codebook that is an XLSForm."""
    path = plan.path(plan.data.codebook)
    form = path.suffix.casefold() in (".xlsx", ".xlsm", ".xls", ".xlsb", ".ods") and VARIABLES not in {
        fold(title) for title in read_sheets(path, wanted=())
    }
    return (*(["pdf"] if "pdf" in plan.report.formats else []), *(["xlsform"] if form else []))


def _study_files(plan: StudyPlan, shipped: Sequence[DataFile], codebook: str) -> dict[str, bytes]:
    """The study file with the package's paths, what it names beside the codebook, the seal, and the data."""
    moved: dict[Place, str] = dict(places(plan, shipped))
    made: dict[str, bytes] = {}
    if plan.data.codebook != codebook:
        moved[("data", "codebook")] = codebook
    for name, part in plan.references.items():
        if part.file:
            place = f"references/{name}{Path(part.file).suffix}"
            moved[("references", name, "file")] = place
            made[place] = plan.path(part.file).read_bytes()
    text = with_strings(plan.file.read_bytes().decode("utf-8-sig"), moved)
    seal = plan.path(REGISTRATION_FILE)
    made |= {REGISTRATION_FILE: seal.read_bytes()} if seal.exists() else {}
    data = {file.place: file.content for file in shipped if file.content is not None}
    return {STUDY_FILE: text.encode(), **made, **data}


def _faithful(
    plan: StudyPlan,
    survey: Survey,
    shipped: Sequence[DataFile],
    codebook_place: str,
    codebook: Mapping[str, bytes],
    folder: Path,
) -> tuple[DataFile, ...]:
    """The data files as they are if their copies clean to the same survey; else without those rewritten."""
    if not any(file.rewritten for file in shipped):
        return tuple(shipped)
    here = folder / "copies"
    made = dict(codebook) | _study_files(plan, shipped, codebook_place)
    made |= {file.place: file.source.read_bytes() for file in shipped if file.content is None}
    write_files({here / name: content for name, content in made.items()})
    try:
        same = same_survey(load_survey(read_study(here))[0], survey)
    except SocialcapError:
        same = False
    if same:
        return tuple(shipped)
    reason = "without the cells of its personal and unknown columns the survey would not be cleaned to the same data"
    return tuple(file.left_out(reason) if file.rewritten else file for file in shipped)


def _run_in(
    folder: Path, made: Mapping[str, bytes], shipped: Sequence[DataFile], progress: Progress
) -> tuple[StudyResult, float]:
    """The result of running the package with all of its data, as if from within it, and the seconds it took."""
    withheld = {file.place: file.source.read_bytes() for file in shipped if file.content is None}
    write_files({folder / name: content for name, content in {**made, **withheld}.items()})
    started = perf_counter()
    plan = read_study(folder)
    result = run(plan, progress)
    seconds = perf_counter() - started
    command = result.provenance.command.replace(folder.as_posix(), ".")
    return replace(result, provenance=replace(result.provenance, command=command)), seconds
