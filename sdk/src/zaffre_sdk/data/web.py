"""Files at addresses of the web, fetched by the program that wants them, never by the server.

What a server says of names (`Content-Disposition`) is not listened to: names come from the
address alone, and `listing.py` decides what they are.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from email.utils import parsedate_to_datetime
from typing import IO, NoReturn, TypeVar
from urllib.parse import quote, urljoin, urlsplit

from zaffre_sdk.connections import BrokenError, Incoming, Pool
from zaffre_sdk.data.contract import Fetch, Send, check_address
from zaffre_sdk.data.drafts import draft_of
from zaffre_sdk.data.progress import SILENT, Progress
from zaffre_sdk.errors import NoFilesError, SourceError, TransferError
from zaffre_sdk.parallel import parallel
from zaffre_sdk.wire.datastores import DataFile

T = TypeVar("T")

_SECONDS = 60.0
_REDIRECTS = 5
_TRIES = 6
_FIRST_PAUSE = 0.2
_MOST_BYTES = 1 << 40
_OK, _PARTIAL = 200, 206
_MOVED = frozenset({301, 302, 303, 307, 308})
_GONE = frozenset({404, 410})
_LATER = frozenset({408, 425, 429, 500, 502, 503, 504})
# Whoever does not answer HEAD may still answer GET.
_NO_HEAD = frozenset({400, 401, 403, 404, 405, 406, 501})
# What an address may have in it; the rest is spelled with `%`, as browsers do.
_ADDRESS_MARKS = "%/:?#[]@!$&'()*+,;=~"
_AS_IT_IS = {"user-agent": "zaffre-sdk", "accept": "*/*"}


class WebFiles:
    """Files by their addresses; each address is one file."""

    def __init__(self) -> None:
        self._pool = Pool()

    @property
    def origin(self) -> str:
        """What tells these files from all others of this machine."""
        return "web"

    def list(self, pattern: str = "", *, prefix: str = "") -> Sequence[DataFile]:
        """Return the one file of an address, as its server describes it.

        Raises:
            NoFilesError: The server has none there.
            TransferError: The server cannot be asked.
            UnsafePathError: It is no address of the web.
        """
        address = check_address(pattern or prefix)
        answer = self._ask("HEAD", address, _described, refused=_NO_HEAD)
        if answer is None:
            answer = self._ask("GET", address, _described, headers={"range": "bytes=0-0"})
        if answer is None:
            raise NoFilesError(f"There is nothing at {_shown(address)}. Look it up in a browser.")
        return [_file(address, answer)]

    def local_path(self, file: DataFile) -> None:  # noqa: ARG002 (of `Files`)
        """Return None: a file must be fetched."""
        return

    def read(self, file: DataFile, *, start: int = 0, length: int | None = None) -> bytes:
        """Return the bytes of a file, or of a part of it."""
        if length == 0:
            return b""
        end = "" if length is None else start + length - 1
        headers = {"range": f"bytes={start}-{end}"}

        def cut(answer: Incoming) -> bytes:
            place = _place(file.path, answer)
            if place > start or not _is_of(file, answer):
                raise _changed(file.path)
            return _between(answer.chunks(), start - place, length)

        found = self._ask("GET", file.path, cut, headers=headers)
        return found if found is not None else _gone(file.path)

    def fetch(self, wanted: Sequence[Fetch], *, progress: Progress = SILENT) -> None:
        """Copy files to where they are to lie; what breaks off is continued where it broke."""
        progress.total(len(wanted))

        def fetch(one: Fetch) -> None:
            progress.began(_shown(one.file.path))
            self._fetch(one)
            progress.ended(_shown(one.file.path))

        parallel(fetch, wanted)

    def send(
        self,
        sources: Sequence[Send],  # noqa: ARG002 (of `Files`)
        *,
        overwrite: bool = False,  # noqa: ARG002 (of `Files`)
        progress: Progress = SILENT,  # noqa: ARG002 (of `Files`)
    ) -> int:
        """Refuse: an address is only read."""
        raise SourceError("Files cannot be sent to an address; send them to a datastore.")

    def _fetch(self, one: Fetch) -> None:
        with draft_of(one.target) as draft, draft.open("xb") as file:
            _Download(self, one.file, file).run()

    def _ask(
        self,
        method: str,
        address: str,
        use: Callable[[Incoming], T],
        *,
        headers: Mapping[str, str] | None = None,
        refused: frozenset[int] = _GONE,
    ) -> T | None:
        """Ask several times; None when the answer is one of `refused`."""
        pause = _FIRST_PAUSE
        for left in reversed(range(_TRIES)):
            try:
                return self.ask_once(method, address, use, headers=headers, refused=refused)
            except (BrokenError, BusyError) as error:
                if not left or getattr(error, "hopeless", False):
                    raise _failed(address, error) from error
            time.sleep(pause)
            pause *= 2
        return None

    def ask_once(
        self,
        method: str,
        address: str,
        use: Callable[[Incoming], T],
        *,
        headers: Mapping[str, str] | None = None,
        refused: frozenset[int] = _GONE,
    ) -> T | None:
        """Ask, and follow where the server points to; None when the answer is one of `refused`.

        Raises:
            BrokenError: No answer, or a part of one.
            BusyError: The server asks to come back.
            TransferError: The server refuses.
        """
        place = _spelled(address)
        for _ in range(_REDIRECTS + 1):
            with self._pool.answer(
                method,
                place,
                headers={**_AS_IT_IS, **(headers or {})},
                body=None,
                seconds=_SECONDS,
            ) as answer:
                if answer.status in _MOVED:
                    place = _next(place, answer)
                    continue
                if answer.status in refused:
                    return None
                _check_status(address, answer)
                return use(answer)
        raise TransferError(f"{_shown(address)} points on more than {_REDIRECTS} times.")


class BusyError(Exception):
    """The server asks to come back later."""


class _Download:
    """One file on its way; goes on where it broke off as long as something arrives."""

    def __init__(self, web: WebFiles, file: DataFile, target: IO[bytes]) -> None:
        self._web = web
        self._file = file
        self._target = target

    def run(self) -> None:
        """Fetch the file.

        Raises:
            NoFilesError: It is not there any more.
            TransferError: It does not arrive, or is not what was announced.
        """
        tries, pause = _TRIES, _FIRST_PAUSE
        address = self._file.path
        while True:
            before = self._target.tell()
            try:
                done = self._web.ask_once("GET", address, self._write, headers=self._headers())
            except (BrokenError, BusyError) as error:
                tries = _TRIES if self._target.tell() > before else tries - 1
                if tries <= 0 or getattr(error, "hopeless", False):
                    raise _failed(address, error) from error
                time.sleep(pause)
                pause = min(pause * 2, 5.0)
                continue
            if done is None:
                _gone(address)
            return

    def _headers(self) -> dict[str, str]:
        mark = self._file.mark
        # A weak mark says too little of bytes: such a file begins again.
        if not self._target.tell() or not mark.startswith('"'):
            return {}
        return {"range": f"bytes={self._target.tell()}-", "if-range": mark}

    def _write(self, answer: Incoming) -> bool:
        address = self._file.path
        place = _place(address, answer)
        if place > self._target.tell() or (place and not _is_of(self._file, answer)):
            raise _changed(address)
        self._target.seek(place)
        self._target.truncate()
        expected = _size(answer)
        for chunk in answer.chunks():
            place += len(chunk)
            if place > _MOST_BYTES:
                raise TransferError(f"{_shown(address)} does not end; nothing is kept.")
            self._target.write(chunk)
        if expected is not None and place < expected:
            # Some servers give a part of what they are asked for; the rest is asked for next.
            raise BrokenError(f"it ended after {place} of {expected} bytes")
        return True


def address_names(address: str) -> tuple[str, list[str]]:
    """Return the name of the file of an address, and where it lies among those of others."""
    parts = urlsplit(address)
    names = [name for name in parts.path.split("/") if name not in {"", ".", ".."}]
    name = names[-1] if names else quote(parts.netloc, safe="")
    above = [f"{parts.scheme}%3A", quote(f"/{parts.netloc}", safe=""), *names[:-1]]
    return name, above


def _described(answer: Incoming) -> dict[str, str]:
    size = _size(answer)
    return {**answer.headers, "content-length": "" if size is None else str(size)}


def _file(address: str, headers: Mapping[str, str]) -> DataFile:
    size = headers.get("content-length", "")
    changed = headers.get("last-modified", "")
    return DataFile(
        path=address,
        size=int(size) if size.isdigit() else 0,
        modified_at=_time(changed),
        mark=headers.get("etag", "") or (f"{changed} {size}" if changed else ""),
    )


def _time(text: str) -> float:
    try:
        return parsedate_to_datetime(text).timestamp()
    except (TypeError, ValueError):
        return 0.0


def _place(address: str, answer: Incoming) -> int:
    """Return where an answer begins in its file, by its `Content-Range: bytes 5-9/10`."""
    if answer.status != _PARTIAL:
        return 0
    first = answer.headers.get("content-range", "").partition(" ")[2].partition("-")[0]
    if not first.isdigit():
        raise TransferError(f"The server of {_shown(address)} does not say which part it sends.")
    return int(first)


def _size(answer: Incoming) -> int | None:
    """Return how many bytes the file of an answer has, if it says so."""
    size = answer.headers.get("content-length", "")
    if answer.status == _PARTIAL:
        size = answer.headers.get("content-range", "").rpartition("/")[2]
    return int(size) if size.isdigit() else None


def _is_of(file: DataFile, answer: Incoming) -> bool:
    """Tell whether bytes are those of the file as it was listed, as far as that can be told."""
    mark = answer.headers.get("etag", "")
    return not (mark.startswith('"') and file.mark.startswith('"')) or mark == file.mark


def _between(chunks: Iterable[bytes], start: int, length: int | None) -> bytes:
    """Return a part of what arrives, and hold no more than that."""
    kept = bytearray()
    for chunk in chunks:
        kept += chunk[max(start, 0) :]
        start -= len(chunk)
        if length is not None and len(kept) >= length:
            break
    return bytes(kept[:length])


def _spelled(address: str) -> str:
    """Return an address as it may be sent; how the name of a host is spelled is not ours."""
    parts = urlsplit(check_address(address))
    path, query = (quote(part, safe=_ADDRESS_MARKS) for part in (parts.path, parts.query))
    return parts._replace(path=path, query=query, fragment="").geturl()


def _next(place: str, answer: Incoming) -> str:
    # The bytes of a header arrive as characters, whatever they stand for.
    location = answer.headers.get("location", "").encode("latin-1")
    there = urljoin(place, quote(location, safe=_ADDRESS_MARKS))
    if place.startswith("https:") and not there.startswith("https:"):
        raise TransferError(
            f"{_shown(place)} points to {_shown(there)}, which is not encrypted any more. Name "
            "that address itself if you trust it."
        )
    return check_address(there)


def _check_status(address: str, answer: Incoming) -> None:
    if answer.status in {_OK, _PARTIAL}:
        return
    if answer.status in _LATER:
        raise BusyError(f"the server answered {answer.status}")
    raise TransferError(
        f"The server of {_shown(address)} answered {answer.status}. Look the address up in a "
        "browser; what needs a login can be registered as a datastore."
    )


def _changed(address: str) -> TransferError:
    return TransferError(
        f"{_shown(address)} changed while it was fetched. List the files again when nothing "
        "writes to it."
    )


def _gone(address: str) -> NoReturn:
    raise NoFilesError(f"There is nothing at {_shown(address)} any more.")


def _failed(address: str, error: Exception) -> TransferError:
    return TransferError(f"{_shown(address)} cannot be fetched: {error}.")


def _shown(address: str) -> str:
    """Return an address for people: without what may be a secret behind its `?`."""
    return f"`{address.partition('?')[0].partition('#')[0]}`"
