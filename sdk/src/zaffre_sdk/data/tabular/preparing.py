"""Files as the engine can read them: text in UTF-8, and lines of JSON that can be read."""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
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


def needs_preparing(reader: Reader | None) -> bool:
    """Tell whether the engine cannot read the files of a reader as they are."""
    if isinstance(reader, (Delimited, JsonLines)) and codec_of(reader.encoding) not in _PLAIN:
        return True
    return isinstance(reader, JsonLines) and reader.invalid_lines == "drop"


def prepare(files: Sequence[SourceFile], reader: Reader, folder: Path) -> list[SourceFile]:
    """Return files with the same content that the engine can read.

    Args:
        files: As they are.
        reader: How they are read.
        folder: For copies, where copies are needed.

    Raises:
        DataError: A file is not in its encoding; names the line.
    """
    if not needs_preparing(reader):
        return list(files)

    def one(numbered: tuple[int, SourceFile]) -> SourceFile:
        number, file = numbered
        target = folder / f"{number:06}"
        _copy(file, reader, target)
        return SourceFile(file.shown, target, file.partition_path)

    return parallel(one, enumerate(files))


def _copy(file: SourceFile, reader: Reader, target: Path) -> None:
    codec = codec_of(getattr(reader, "encoding", "utf8"))
    drop = isinstance(reader, JsonLines) and reader.invalid_lines == "drop"
    with file.path.open("rb") as source, target.open("wb") as copy:
        texts = _texts(source, codec, file.shown)
        for text in _valid_lines(texts) if drop else texts:
            copy.write(text.encode("utf-8"))


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
