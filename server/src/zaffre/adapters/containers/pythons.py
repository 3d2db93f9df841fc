"""The Pythons in an image."""

import json
from pathlib import Path
from typing import Final

from packaging.specifiers import SpecifierSet
from uv import find_uv_bin

from zaffre.adapters.builders.choice import Choice, choose
from zaffre.adapters.builders.interpreters import Interpreter
from zaffre.adapters.containers.engine import Talk
from zaffre.adapters.containers.layers import CONTEXT
from zaffre.domain.errors import UnavailableError

_UV: Final = f"{CONTEXT}/uv"
_MANAGED_MINORS: Final = range(9, 14)
_USUAL_MINOR: Final = 11


class ImagePythons:
    """Asks images which Pythons they hold, each image once.

    Args:
        folder: Keeps the answers.
        floor: What zaffre-sdk supports.
    """

    def __init__(self, folder: Path, *, floor: SpecifierSet) -> None:
        self._folder = folder
        self._floor = floor

    async def found(self, talk: Talk, image_id: str) -> list[Interpreter]:
        """Return those of an image, the one that it calls `python` first."""
        cache = self._folder / f"{image_id[-32:]}.json"
        try:
            rows = json.loads(cache.read_bytes())
        except (OSError, ValueError):
            rows = await _ask(talk, image_id)
            self._folder.mkdir(parents=True, exist_ok=True)
            cache.write_text(json.dumps(rows))
        return [Interpreter(str(path), tuple(version), "") for path, version in rows]

    def choose(self, request: str | None, found: list[Interpreter]) -> Choice:
        """Return the Python for a request; one that is to be brought when the image has none.

        Raises:
            InvalidError: `InvalidPythonVersion`.
        """
        usable = [python for python in found if self._floor.contains(python.full)]
        if not (request or "").strip():
            return _any(usable)
        if usable:
            try:
                return choose(request, usable, floor=self._floor)
            except UnavailableError:
                usable = []  # None at or above it; uv can bring one.
        brought = [Interpreter("", (3, minor, 0), "") for minor in _MANAGED_MINORS]
        own = next(python for python in brought if python.version[1] == _USUAL_MINOR)
        choice = choose(request, [own, *brought], floor=self._floor)
        return _managed(choice.interpreter.version[1], choice.asked)


def _any(usable: list[Interpreter]) -> Choice:
    if not usable:
        return _managed(_USUAL_MINOR, None)
    first = usable[0]
    return Choice(first, None, f"Using Python {first.full} of the image ({first.path}).")


def _managed(minor: int, asked: str | None) -> Choice:
    interpreter = Interpreter(f"3.{minor}", (3, minor, 0), "")
    note = f"The image has no Python that fits; Python 3.{minor} is brought by uv."
    return Choice(interpreter, asked, note)


async def _ask(talk: Talk, image_id: str) -> list[tuple[str, tuple[int, ...]]]:
    heard = await talk.try_out(
        image_id,
        *(_UV, "python", "list", "--only-installed", "--output-format", "json"),
        mounts=[f"{find_uv_bin()}:{_UV}"],
    )
    if heard.code != 0:
        raise UnavailableError(
            "EnvironmentBuildFailed",
            f"No program of this server runs in the image: {heard.reason}",
            target="image",
            hint="Take an image of Linux with glibc for this processor, not one such as Alpine.",
        )
    rows = [row for row in json.loads(heard.said) if row["implementation"] == "cpython"]
    return [(row["path"], tuple(row["version_parts"].values())) for row in rows if row["path"]]
