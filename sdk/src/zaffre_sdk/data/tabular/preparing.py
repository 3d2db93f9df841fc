"""Files as the engine can read them: text in UTF-8, and lines of JSON that can be read."""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

import msgspec

from zaffre_sdk.errors import DataError
from zaffre_sdk.parallel import parallel
from zaffre_sdk.wire.datasets import Delimited, JsonLines, Reader

_CHUNK_BYTES = 4 * 1024 * 1024
# Text in these is UTF-8 as it stands; the engine checks every byte of it.
_PLAIN = frozenset({"utf-8", "ascii", "utf-8-sig"})
_CODECS = {"utf8bom": "utf-8-sig", "windows1252": "cp1252", "iso88591": "latin-1"}


@dataclass(frozen=True)
class SourceFile:
    """A file of a table.

    Attributes:
        shown: How people read where it is.
        path: Where its bytes lie on this machine.
        partition_path: The path that a partition format is held against.
    """

    shown: str
    path: Path
    partition_path: str = ""


def codec_of(encoding: str) -> str:
    """Return what Python calls an encoding.

    Raises:
        DataError: There is no such encoding.
    """
    try:
        return codecs.lookup(_CODECS.get(encoding.lower(), encoding)).name
    except LookupError as error:
        raise DataError(
            f"`{encoding}` is no encoding.\nUse `utf8`, `latin1`, `utf16`, `windows1252` or "
            "another one that Python knows."
        ) from error


def prepare(files: Sequence[SourceFile], reader: Reader | None, folder: Path) -> list[SourceFile]:
    """Return files with the same content that the engine can read.

    Args:
        files: As they are.
        reader: How they are read.
        folder: For copies, where copies are needed.

    Raises:
        DataError: A file is not in its encoding; names the line.
    """
    if not isinstance(reader, (Delimited, JsonLines)):
        return list(files)
    codec = codec_of(reader.encoding)
    drop = isinstance(reader, JsonLines) and reader.invalid_lines == "drop"

    def copied(numbered: tuple[int, SourceFile]) -> SourceFile:
        number, file = numbered
        target = folder / f"{number:06}"
        with file.path.open("rb") as source, target.open("wb") as copy:
            texts = _texts(source, codec, file.shown)
            for text in _valid_lines(texts) if drop else texts:
                copy.write(text.encode("utf-8"))
        return replace(file, path=target)

    wanting = {
        number: file
        for number, file in enumerate(files)
        if drop or codec not in _PLAIN or (isinstance(reader, JsonLines) and _has_mark(file))
    }
    copies = dict(zip(wanting, parallel(copied, wanting.items())))
    return [copies.get(number, file) for number, file in enumerate(files)]


def _has_mark(file: SourceFile) -> bool:
    """Tell whether a file begins with a byte order mark, which the engine's JSON does not know."""
    with file.path.open("rb") as source:
        return source.read(len(codecs.BOM_UTF8)) == codecs.BOM_UTF8


def _texts(source: IO[bytes], codec: str, shown: str) -> Iterator[str]:
    """Yield a file as text, a byte order mark left out."""
    decoder = codecs.getincrementaldecoder(codec)()
    lines, first = 1, True
    while True:
        chunk = source.read(_CHUNK_BYTES)
        try:
            text = decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            raise _undecodable(error, lines, shown) from error
        if first and text:
            text, first = text.removeprefix("\ufeff"), False
        lines += text.count("\n")
        if text:
            yield text
        if not chunk:
            return


def _undecodable(error: UnicodeDecodeError, lines: int, shown: str) -> DataError:
    try:
        before = error.object[: error.start].decode(error.encoding)
        lines += before.count("\n")
    except UnicodeDecodeError:
        pass  # Where a chunk began within a character the line is the one it began on.
    return DataError(
        f"`{shown}`, line {lines}: the bytes `{error.object[error.start : error.end].hex(' ')}` "
        f"are no text in {error.encoding}.\nGive the encoding that the file has."
    )


def _valid_lines(texts: Iterator[str]) -> Iterator[str]:
    rest = ""
    for text in texts:
        *lines, rest = (rest + text).split("\n")
        yield "".join(f"{line}\n" for line in lines if _is_object(line))
    if _is_object(rest):
        yield f"{rest}\n"


def _is_object(line: str) -> bool:
    try:
        return isinstance(msgspec.json.decode(line), dict)
    except msgspec.DecodeError:
        return False
