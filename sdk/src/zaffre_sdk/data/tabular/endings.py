"""Line ends: the engine knows one kind in a file, and reads nothing behind another one."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

from zaffre_sdk.data.tabular.preparing import SourceFile
from zaffre_sdk.data.tabular.rows import csv_rows
from zaffre_sdk.wire.datasets import Delimited

_LOOKED_AT_BYTES = 64 * 1024
_CHUNK_BYTES = 4 * 1024 * 1024


class _Lines:
    """Lines, and how the last one ended."""

    def __init__(self, text: str) -> None:
        self._lines = io.StringIO(text, newline="")
        self.ending = ""

    def __iter__(self) -> Iterator[str]:
        for line in self._lines:
            self.ending = line[len(line.rstrip("\r\n")) :]
            yield line


def has_several_endings(file: SourceFile, reader: Delimited) -> bool:
    """Tell whether the first records of a file in UTF-8 end in several ways.

    Line breaks within cells are none of its business.
    """
    with file.path.open("rb") as source:
        start = source.read(_LOOKED_AT_BYTES)
    if b"\r" not in start:
        return False
    lines = _Lines(start[: start.rfind(b"\n") + 1].decode("utf-8", "replace"))
    endings: set[str] = set()
    try:
        for _ in islice(lines, reader.skip_lines):
            endings.add(lines.ending)
        for _ in csv_rows(lines, reader.separator):
            endings.add(lines.ending)
    except csv.Error:
        return False  # What is wrong is said where the file is read.
    return len(endings) > 1


def with_one_ending(file: SourceFile, target: Path) -> SourceFile:
    """Return a copy of a file in which all lines end alike."""
    with file.path.open("rb") as source, target.open("wb") as copy:
        rest = b""
        while chunk := source.read(_CHUNK_BYTES):
            chunk, rest = rest + chunk, b""
            if chunk.endswith(b"\r"):
                chunk, rest = chunk[:-1], b"\r"
            copy.write(chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n"))
        copy.write(rest.replace(b"\r", b"\n"))
    return replace(file, path=target)
