"""Sealing a plan before the data come, and holding a later run against the seal."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from socialcap import __version__
from socialcap.codebook import Codebook, read_codebook
from socialcap.errors import Problem, StudyError, UsageError
from socialcap.plan import StudyPlan
from socialcap.results.registration import Deviation, DeviationKind, RegistrationResult
from socialcap.study.name_checks import require_known_names
from socialcap.study.settings_tree import changed, codebook_tree, plan_tree, settings
from socialcap.writing import write_files

REGISTRATION_FILE = "registration.json"

_READING = re.compile(r"study\.data(\.|$)|codebook\.variables\.[^.]+\.source$")
_WORDS = re.compile(r"\.(label|title|note|reason)(\.(en|zh))?$|^study\.scales\.")


def freeze(plan: StudyPlan, now: datetime | None = None) -> Path:
    """Seal study file, codebook and claims in registration.json beside the study file; returns its path.

    `now` is the time written on it, the clock's by default. The data need not exist yet; those that do are
    named with their hashes, for the reader to judge.
    Raises UsageError where the study is sealed already (a seal that can be replaced proves nothing), and
    what reading the codebook and checking names raise.
    """
    path = plan.path(REGISTRATION_FILE)
    if path.exists():
        raise UsageError(
            "the study is sealed already; a new plan is a new study, in a folder of its own",
            [Problem("is there already", str(path))],
        )
    book = read_codebook(plan.path(plan.data.codebook))
    require_known_names(plan, book)
    there = [plan.path(name) for name in plan.data.files if plan.path(name).is_file()]
    content = {
        "sealed": (now or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="seconds"),
        "version": __version__,
        "study": plan_tree(plan),
        "codebook": codebook_tree(book),
        "data": {file.name: sha256(file.read_bytes()).hexdigest() for file in there},
    }
    sealed = content | {"seal": _seal(content)}
    write_files({path: (json.dumps(sealed, ensure_ascii=False, indent=1) + "\n").encode()})
    return path


def registration(plan: StudyPlan, book: Codebook) -> RegistrationResult | None:
    """How plan and codebook stand to the seal in the study's folder; None where there is no seal.

    Raises StudyError where registration.json cannot be read.
    """
    path = plan.path(REGISTRATION_FILE)
    if not path.exists():
        return None
    record = _read(path)
    seal = record.pop("seal")
    before = settings({"study": record["study"], "codebook": record["codebook"]})
    after = settings({"study": plan_tree(plan), "codebook": codebook_tree(book)})
    found = [Deviation(place, sealed, now, _kind(place)) for place, sealed, now in changed(before, after)]
    found.sort(key=lambda one: ("analysis", "reading", "words").index(one.kind))
    return RegistrationResult(
        record["sealed"], seal, seal == _seal(record), tuple(record["data"]), tuple(found)
    )


def _kind(place: str) -> DeviationKind:
    if _READING.match(place):
        return "reading"
    return "words" if _WORDS.search(place) else "analysis"


def _read(path: Path) -> dict[str, Any]:
    wanted = {"sealed": str, "seal": str, "study": dict, "codebook": dict, "data": dict}
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StudyError(f"{path} cannot be read: {error}") from None
    if not isinstance(record, dict) or not all(
        isinstance(record.get(key), kind) for key, kind in wanted.items()
    ):
        raise StudyError(
            f"{path} is no registration", [Problem("written by hand?", path.name, expected=", ".join(wanted))]
        )
    return record


def _seal(content: dict[str, Any]) -> str:
    """SHA-256 of the record as JSON with sorted keys and no spaces."""
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return sha256(text.encode()).hexdigest()
