"""Files of settings that a user writes in TOML: read, and every mistake turned into a sentence."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from socialcap.errors import Problem, SocialcapError, nearest


def load_toml(path: Path, what: str, error: type[SocialcapError]) -> dict[str, Any]:
    """The tables of the TOML file `path`, which messages call `what`.

    Raises `error` where there is no such file, it cannot be read, is not UTF-8 text, or is not TOML (with the
    line).
    """
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except FileNotFoundError:
        raise error(f"there is no {what} {path}") from None
    except OSError as fault:
        raise error(f"the {what} {path} cannot be read: {fault.strerror}") from None
    except UnicodeDecodeError:
        raise error(f"the {what} {path} is not UTF-8 text") from None
    except tomllib.TOMLDecodeError as fault:
        raise error(f"the {what} {path} is not valid TOML", [Problem(str(fault), path.name)]) from None


def settings_problem(file: str, place: str, fault: Any, valid: Sequence[str]) -> Problem:
    """One of pydantic's faults in the user's words; `valid` are the keys that could stand at that place."""
    if fault["type"] == "extra_forbidden":
        hint = nearest(str(fault["loc"][-1]), valid)
        if hint:
            return Problem(f"unknown key {place}; did you mean {hint!r}?", file)
        return Problem(f"unknown key {place}", file, expected="one of " + ", ".join(valid))
    if fault["type"] == "missing":
        return Problem(f"{place} is missing", file)
    value = fault.get("input")
    if fault["type"] == "literal_error":
        options = [part.strip("'") for part in fault["ctx"]["expected"].replace(" or ", ", ").split(", ")]
        hint = nearest(str(value), options)
        tail = f"; did you mean {hint!r}?" if hint else ""
        return Problem(
            f"{place} is none of the possible values{tail}",
            file,
            value=str(value),
            expected=", ".join(options),
        )
    shown = "" if isinstance(value, dict | list | tuple) or value is None else str(value)
    message = fault["msg"].removeprefix("Value error, ")
    return Problem(f"{place}: {message}" if place else message, file, value=shown)


def tables_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """The table models inside a type such as `tuple[Table, ...]`, `dict[str, Table]` or `Table | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in getattr(annotation, "__args__", ()):
        yield from tables_in(argument)
