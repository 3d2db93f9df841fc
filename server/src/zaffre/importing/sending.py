"""Files on their way from a source to the workspace."""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from zaffre_sdk.wire.files import FileEntry

from zaffre.importing.entities import File
from zaffre.importing.report import Report
from zaffre.importing.target import Target


def send_files(
    files: Iterable[File],
    target: Target,
    report: Report,
    *,
    place: str,
    about: str,
    there: Mapping[str, tuple[int, str]],
) -> bool:
    """Send those files that are not there; tell whether all of them could be read."""
    failed: list[str] = []
    with report.about(about, failed):
        for file in files:
            with report.about(f"{about}: {file.path}", failed):
                _send_file(file, target, report, place=place, there=there)
    return not failed


def stored_entries(files: Iterable[File], target: Target, folder: str) -> list[FileEntry]:
    """Send the bytes of files and return them as the files of a model."""
    entries = []
    for file in files:
        with file.fetch() as path:
            digest = digest_of(path)
            if target.native.blobs.missing([digest]):
                target.native.blobs.upload(digest, path)
            size = path.stat().st_size
        entries.append(FileEntry(path=f"{folder}/{file.path}", digest=digest, size=size))
    return entries


def digest_of(path: Path) -> str:
    """Return the digest of a file."""
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _send_file(
    file: File,
    target: Target,
    report: Report,
    *,
    place: str,
    there: Mapping[str, tuple[int, str]],
) -> None:
    known = there.get(file.path)
    with file.fetch() as path:
        if known is not None and known == (path.stat().st_size, digest_of(path)):
            report.was_there("files")
            return
        target.put_file(f"{place}/{file.path}", path)
    report.came("files")
