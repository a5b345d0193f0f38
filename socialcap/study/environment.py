"""The Python environment of a run: libraries with their versions, and socialcap itself as a wheel."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from collections.abc import Collection, Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

import socialcap
from socialcap.errors import OutputError, Problem

NAME = "socialcap"
# The earliest time that a zip file can state: the same files give the same bytes.
_NO_TIME = (1980, 1, 1, 0, 0, 0)
_WHEEL = "Wheel-Version: 1.0\nGenerator: socialcap\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def own_distribution() -> Distribution:
    """What the installation says of socialcap. Raises OutputError where it is not installed."""
    try:
        return distribution(NAME)
    except PackageNotFoundError:
        raise OutputError(
            "socialcap runs without being installed, so that its libraries are not known",
            [Problem("no metadata of the package", NAME, expected="pip install")],
        ) from None


def own_requirements(extra: str = "") -> list[Requirement]:
    """What socialcap requires on this machine: the libraries of every run, or those an extra adds."""
    found = [Requirement(line) for line in own_distribution().requires or ()]
    return [one for one in found if _applies(one, extra) and not (extra and _applies(one, ""))]


def pinned(extras: Collection[str] = ()) -> list[tuple[str, str]]:
    """Name and installed version of every library that socialcap stands on here, directly or not, by name.

    Markers are evaluated for this machine and Python; local version labels are left off, since no other
    installation can ask for them. Raises OutputError naming every library that is not installed, and extras that
    the installation does not know.
    """
    offered = own_distribution().metadata.get_all("Provides-Extra") or []
    unknown = [
        Problem("the installation does not know this extra", NAME, value=extra, expected=", ".join(offered))
        for extra in extras
        if extra not in offered
    ]
    if unknown:
        raise OutputError("the libraries of this study are not known", unknown)
    versions: dict[str, str] = {}
    missing: list[Problem] = []
    seen: set[tuple[str, str]] = set()
    waiting: list[tuple[Distribution, str, str]] = [
        (own_distribution(), NAME, extra) for extra in ("", *extras)
    ]
    while waiting:
        found, by, extra = waiting.pop()
        for line in found.requires or ():
            wanted = Requirement(line)
            if not _applies(wanted, extra):
                continue
            name = canonicalize_name(wanted.name)
            new = [(name, part) for part in ("", *sorted(wanted.extras)) if (name, part) not in seen]
            seen |= set(new)
            try:
                needed = distribution(name) if new else None
            except PackageNotFoundError:
                missing.append(Problem(f"is needed by {by} and not installed", name))
                continue
            if needed is not None and name != NAME:
                versions[name] = Version(needed.version).public
            waiting += [(needed, name, part) for _, part in new if needed is not None]
    if missing:
        raise OutputError("the environment of this run is not whole", missing)
    return sorted(versions.items())


def _applies(wanted: Requirement, extra: str) -> bool:
    return wanted.marker is None or wanted.marker.evaluate({"extra": extra})


def wheel() -> tuple[str, bytes]:
    """File name and bytes of a wheel of socialcap as it runs, made from its own files.

    The files are those of the package's folder, so that an editable installation is packed as it stands.
    """
    own = own_distribution()
    info = f"{NAME}-{own.version}.dist-info"
    files = dict(_package_files())
    files |= {f"{info}/{name}": text.encode() for name, text in _metadata(own)}
    record = "".join(f"{name},sha256={_digest(content)},{len(content)}\n" for name, content in files.items())
    files[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, _NO_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)
    return f"{NAME}-{own.version}-py3-none-any.whl", target.getvalue()


def _package_files() -> Iterator[tuple[str, bytes]]:
    folder = Path(socialcap.__file__).parent
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        hidden = any(part.startswith(".") or part == "__pycache__" for part in inside.parts)
        if path.is_file() and not hidden and path.suffix != ".pyc":
            yield f"{NAME}/{inside.as_posix()}", path.read_bytes()


def _metadata(own: Distribution) -> Iterator[tuple[str, str]]:
    """The files of the wheel's own folder, by name."""
    # a checkout states the same under an older name
    text = own.read_text("METADATA") or own.read_text("PKG-INFO")
    if text is None:
        raise OutputError("the metadata of socialcap cannot be read", [Problem("no METADATA", NAME)])
    yield "METADATA", text
    yield "WHEEL", _WHEEL
    yield "entry_points.txt", own.read_text("entry_points.txt") or ""
    for name in own.metadata.get_all("License-File") or ():
        licence = own.read_text(f"licenses/{name}")
        beside = Path(socialcap.__file__).parents[1] / name
        if licence is None and beside.is_file():
            licence = beside.read_text(encoding="utf-8")
        if licence is not None:
            yield f"licenses/{name}", licence


def _digest(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
