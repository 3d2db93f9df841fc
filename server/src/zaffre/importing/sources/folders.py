"""Small files of MLflow's file store: YAML, and a file for each tag, param and metric."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from zaffre.importing.entities import Measure, Point
from zaffre.importing.errors import BrokenThingError

META: Final = "meta.yaml"
_MAX_META: Final = 32 << 20
_MAX_VALUE: Final = 1 << 20
_STEP_WORD: Final = 2
_RUN_WORD: Final = 3
_LARGEST: Final = 2**63 - 1
_Loader: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_meta(folder: Path) -> dict[str, Any]:
    """Return what the `meta.yaml` of a folder says.

    Raises:
        BrokenThingError: It is missing, too long, or no mapping.
    """
    path = folder / META
    try:
        if path.stat().st_size > _MAX_META:
            raise BrokenThingError(f"{path} is too long")
        text = path.read_text("utf-8")
        found = yaml.load(text, Loader=_Loader)  # noqa: S506 - the safe one, in C if it is there
    except (OSError, UnicodeDecodeError, yaml.YAMLError, ValueError, RecursionError) as error:
        raise BrokenThingError(f"{path} cannot be read: {_first_line(error)}") from error
    if not isinstance(found, dict):
        raise BrokenThingError(f"{path} has no keys")
    return {str(key): value for key, value in found.items()}


def subfolders(folder: Path) -> list[Path]:
    """Return the folders in a folder, by name; none when it is not there."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.is_dir())


def read_values(folder: Path) -> dict[str, str]:
    """Return what the files below a folder hold, by path: tags, params or aliases.

    Raises:
        BrokenThingError: One is too long or no text.
    """
    return {name: read_value(path) for name, path in _files(folder)}


def read_points(folder: Path) -> Iterator[Point]:
    """Yield the values of metrics, a file for each of them.

    Raises:
        BrokenThingError: A line is none of a metric.
    """
    for name, words in _lines(folder):
        step = int(words[_STEP_WORD]) if len(words) > _STEP_WORD else 0
        yield Point(name, float(words[1]), int(words[0]), step)


def read_measures(folder: Path) -> Iterator[Measure]:
    """Yield what was measured of a logged model; raises as `read_points`."""
    for name, words in _lines(folder):
        step, run_id, *dataset = [*words[_STEP_WORD:], *[None] * 4][:4]
        yield Measure(
            name=name,
            value=float(words[1]),
            time=int(words[0]),
            step=int(step or 0),
            run_id=run_id,
            dataset_name=dataset[0],
            dataset_digest=dataset[1],
        )


def text(meta: Mapping[str, Any], *keys: str) -> str:
    """Return the first of the keys that says something, as text."""
    for key in keys:
        value = meta.get(key)
        if value is not None and value != "":
            return str(value)
    return ""


def number(meta: Mapping[str, Any], *keys: str) -> int | None:
    """Return the first of the keys that says something, as a whole number.

    Raises:
        BrokenThingError: It is none.
    """
    value = text(meta, *keys)
    if not value:
        return None
    try:
        return _whole(float(value) if "." in value else value)
    except (ValueError, OverflowError):
        raise BrokenThingError(f"`{keys[0]}` is no number: {value[:50]}") from None


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    if not folder.is_dir():
        return
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.name.startswith(".~"):
            yield path.relative_to(folder).as_posix(), path


def read_value(path: Path) -> str:
    """Return what a file holds: a tag, a param or an alias.

    Raises:
        BrokenThingError: It is too long or no text.
    """
    try:
        if path.stat().st_size > _MAX_VALUE:
            raise BrokenThingError(f"{path} is too long")
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BrokenThingError(f"{path} cannot be read: {_first_line(error)}") from error


def _lines(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield each line of each metric as words: time, value, and what newer programs add."""
    for name, path in _files(folder):
        with path.open(encoding="utf-8", errors="replace") as lines:
            for count, line in enumerate(lines, 1):
                words = line.split()
                if words:
                    _check_line(words, f"{path}, line {count}")
                    yield name, words


def _check_line(words: list[str], where: str) -> None:
    try:
        float(words[1])
        [_whole(word) for word in (words[0], *words[_STEP_WORD:_RUN_WORD])]
    except (ValueError, IndexError):
        raise BrokenThingError(f"{where} is none of a metric") from None


def _whole(value: str | float) -> int:
    """Return a whole number that a database can hold; raises `ValueError` when it is none."""
    number = int(value)
    if abs(number) > _LARGEST:
        raise ValueError(value)
    return number


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
