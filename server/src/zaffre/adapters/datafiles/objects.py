"""Files of datastores in object stores, through obstore."""

import asyncio
import contextlib
import heapq
import logging
import re
from collections.abc import AsyncIterator, Coroutine, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar, cast

import obstore
from obstore import exceptions
from zaffre_sdk.data.patterns import Pattern

from zaffre.adapters.datafiles.choosing import chosen
from zaffre.base.text import shown
from zaffre.domain.data_files import (
    DataFile,
    check_pattern,
    check_prefix,
    check_read_path,
    check_written_path,
    file_changed,
    file_exists,
    is_hidden,
    no_file,
)
from zaffre.domain.data_packs import SmallFile, WantedFile, Weight
from zaffre.domain.errors import (
    ForbiddenError,
    InvalidError,
    NotFoundError,
    UnavailableError,
    ZaffreError,
)

if TYPE_CHECKING:  # these are in the stubs of obstore alone
    from obstore import GetOptions, ObjectMeta
    from obstore.store import ObjectStore

A = TypeVar("A")
PART: Final = 8 << 20
"""What is no larger is sent in one request; of what is larger a few such parts are held."""
_PARTS_AT_ONCE: Final = 4
_SMALL_AT_ONCE: Final = 32
_CHUNK: Final = 1 << 20
_PAGE: Final = 1000
_IN_ORDER: Final = 10_000
_log: Final = logging.getLogger(__name__)
# What we make where a storage has no tags of content.
_MADE: Final = re.compile(r"at-[0-9.]+-[0-9a-f]+").fullmatch
# What a storage can be asked about: no other tag was ever given to anybody.
_MARK: Final = re.compile(r"[ -~]{0,1000}").fullmatch
# Some requests fail with a text alone.
_REFUSED: Final = re.compile(r"status code: 40[13]\b")
_ABSENT: Final = re.compile(r"status code: 404\b")
_NO_PATH: Final = "Could not parse path"
_DENIED: Final = (exceptions.PermissionDeniedError, exceptions.UnauthenticatedError)
_SECRET: Final = re.compile(r"(?i)\b(sig|signature|token|key|x-amz-[a-z-]+)=[^&\s\"']+")


class ObjectFiles:
    """Implements `ports.data_files.DataFiles`.

    Args:
        store: A container or bucket.
        name: Of the datastore, for messages.
        in_order: The storage lists paths in order, and continues behind any of them.
    """

    def __init__(self, store: "ObjectStore", name: str, *, in_order: bool = True) -> None:
        self._store = store
        self._name = name
        self._in_order = in_order
        self._small = asyncio.Semaphore(_SMALL_AT_ONCE)

    async def list(
        self, *, prefix: str = "", pattern: str | None = None, after: str | None = None
    ) -> AsyncIterator[DataFile]:
        """Yield files in order of their paths, those behind the path `after`."""
        wanted = None if pattern is None else Pattern(check_pattern(pattern))
        prefix = check_prefix(prefix)
        begin = wanted.base if wanted else ""
        if begin and wanted and wanted.is_plain:
            with contextlib.suppress(NotFoundError):
                file = await self.stat(begin)
                if begin.startswith(prefix) and begin > (after or ""):
                    yield file
            begin += "/"
        begin = check_prefix(begin if len(begin) > len(prefix) else prefix)
        listed = self._listed if self._in_order else self._sorted
        async for page in listed(begin, after or ""):
            for file in await chosen(page, wanted, prefix=prefix):
                yield file

    async def stat(self, path: str) -> DataFile:
        """Return a file."""
        with self._translated(check_read_path(path)):
            return _file_of(await obstore.head_async(self._store, path))

    async def read(
        self, path: str, *, start: int = 0, length: int | None = None, mark: str = ""
    ) -> AsyncIterator[bytes]:
        """Stream a file, or a part of it."""
        check_read_path(path)
        if length == 0:
            await self.stat(path)
            return
        with self._translated(path):
            options = _if_still(mark)
            if length is not None:
                options["range"] = (start, start + length)
            elif start:
                options["range"] = {"offset": start}
            found = await obstore.get_async(self._store, path, options=options)
            async for chunk in found.stream(min_chunk_size=_CHUNK):
                yield bytes(chunk)

    async def write(self, path: str, chunks: AsyncIterator[bytes], *, overwrite: bool) -> DataFile:
        """Write a file, which is seen once it is whole and durable.

        Object stores know no large writing that fails for a path that is taken: two who write
        the same large new file at once may both succeed, and the last one's is kept.
        """
        normal = check_written_path(path)
        pieces = _Pieces(chunks)
        begin = await pieces.begin()
        with self._translated(), _exists(normal):
            if pieces.is_done:
                await self._put(normal, bytes(begin), overwrite=overwrite)
            else:
                if not overwrite:
                    await self._check_free(normal)
                await self._put_large(normal, pieces)
        return await self.stat(normal)

    async def write_pack(self, files: Sequence[SmallFile], *, overwrite: bool) -> Sequence[bool]:
        """Write files that are held at once; tell of each whether it was written."""
        paths = [check_written_path(file.path) for file in files]

        async def write(path: str, file: SmallFile) -> bool:
            async with self._small:
                return await self._put_small(path, file.data, overwrite=overwrite)

        return await _all([write(path, file) for path, file in zip(paths, files, strict=True)])

    async def read_pack(self, files: Sequence[WantedFile]) -> Sequence[bytes]:
        """Return the bytes of files that are held at once."""
        weight = Weight()

        async def read(wanted: WantedFile) -> bytes:
            path = check_read_path(wanted.path)
            if not _MARK(wanted.mark):
                raise file_changed(path)
            options = _if_still(wanted.mark)
            with self._translated(path):
                async with self._small:
                    found = await obstore.get_async(self._store, path, options=options)
                    try:
                        weight.add(found.meta["size"])
                        return bytes(await found.bytes_async())
                    finally:
                        # One that is not read to its end would keep its connection.
                        del found

        return await _all([read(wanted) for wanted in files])

    async def remove(self, path: str) -> None:
        """Remove a file; removing one that is not there changes nothing."""
        check_read_path(path)
        with contextlib.suppress(NotFoundError), self._translated(path):
            await obstore.delete_async(self._store, path)

    async def digest(self, path: str) -> str:
        """Return nothing: the file would have to be fetched whole."""
        await self.stat(path)
        return ""

    async def _put_small(self, path: str, data: bytes, *, overwrite: bool) -> bool:
        with self._translated():
            try:
                await self._put(path, data, overwrite=overwrite)
            except exceptions.AlreadyExistsError:
                return False
        return True

    async def _put(self, path: str, data: bytes, *, overwrite: bool) -> None:
        mode: Literal["overwrite", "create"] = "overwrite" if overwrite else "create"
        await obstore.put_async(self._store, path, data, mode=mode, use_multipart=False)

    async def _put_large(self, path: str, pieces: "_Pieces") -> None:
        try:
            await obstore.put_async(
                self._store,
                path,
                pieces.all(),
                use_multipart=True,
                chunk_size=PART,
                max_concurrency=_PARTS_AT_ONCE,
            )
        except Exception:
            if pieces.failure is not None:
                # What ended the body says more than what the store makes of it.
                raise pieces.failure from None
            raise

    async def _check_free(self, path: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            await obstore.head_async(self._store, path)
            raise file_exists(path)

    async def _listed(self, begin: str, after: str) -> AsyncIterator[Sequence[DataFile]]:
        folder = begin.rpartition("/")[0]
        with self._translated():
            pages = obstore.list(
                self._store, folder or None, offset=after or None, chunk_size=_PAGE
            )
            async for page in pages:
                yield [_file_of(meta) for meta in page if _is_behind(meta["path"], begin, after)]

    async def _sorted(self, begin: str, after: str) -> AsyncIterator[Sequence[DataFile]]:
        """Put in order what is not: as many files as are held at once, then those behind them."""
        while True:
            first: list[DataFile] = []
            rest = False
            async for page in self._listed(begin, ""):
                first += [file for file in page if file.path > after]
                if len(first) > 2 * _IN_ORDER:
                    first = heapq.nsmallest(_IN_ORDER, first, key=lambda one: one.path)
                    rest = True
            first.sort(key=lambda one: one.path)
            rest = rest or len(first) > _IN_ORDER
            yield first[:_IN_ORDER]
            if not rest:
                return
            after = first[:_IN_ORDER][-1].path

    @contextlib.contextmanager
    def _translated(self, path: str = "") -> Iterator[None]:
        """Turn what the store says into our errors, without anything of its credential.

        Args:
            path: Of the file that is looked for; without one it is the container that is absent.
        """
        try:
            yield
        except FileNotFoundError:
            raise (no_file(path) if path else _no_container(self._name)) from None
        except exceptions.PreconditionError:
            raise file_changed(path) from None
        except (exceptions.BaseError, ValueError) as error:
            if str(error).startswith(_NO_PATH):
                raise (no_file(path) if path else _bad_path()) from None
            said = _SECRET.sub(r"\1=…", str(error))[:500]
            _log.warning("The datastore %s fails: %s", self._name, said)
            raise _failed(self._name, error) from None


class _Pieces:
    """The bytes of a file on their way, of which the beginning was looked at."""

    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self._chunks = chunks
        self._begin = bytearray()
        self.is_done = False
        self.failure: BaseException | None = None

    async def begin(self) -> bytearray:
        """Return the first bytes: all of them when `is_done` then, else more than a part."""
        async for chunk in self._chunks:
            self._begin += chunk
            if len(self._begin) > PART:
                return self._begin
        self.is_done = True
        return self._begin

    async def all(self) -> AsyncIterator[bytes]:
        """Yield everything, the beginning too."""
        yield bytes(self._begin)
        waiting = self._begin
        waiting.clear()
        try:
            async for chunk in self._chunks:
                waiting += chunk
                # Handing over each few kilobytes would take longer than sending them.
                if len(waiting) >= _CHUNK:
                    yield bytes(waiting)
                    waiting.clear()
            if waiting:
                yield bytes(waiting)
        except BaseException as error:
            self.failure = error
            raise


async def _all(works: Sequence[Coroutine[Any, Any, A]]) -> Sequence[A]:
    """Do all of it, several at once; raise what failed when nothing is under way any more."""
    done = await asyncio.gather(*works, return_exceptions=True)
    for one in done:
        if isinstance(one, BaseException):
            raise one
    return cast("Sequence[A]", done)


def _if_still(mark: str) -> "GetOptions":
    return {"if_match": f'"{mark}"'} if mark and not _MADE(mark) else {}


@contextlib.contextmanager
def _exists(path: str) -> Iterator[None]:
    try:
        yield
    except exceptions.AlreadyExistsError:
        raise file_exists(path) from None


def _is_behind(path: str, begin: str, after: str) -> bool:
    return path > after and path.startswith(begin) and not is_hidden(path)


def _failed(name: str, error: Exception) -> ZaffreError:
    if _ABSENT.search(str(error)):
        return _no_container(name)
    if isinstance(error, _DENIED) or _REFUSED.search(str(error)):
        return ForbiddenError(
            "DatastoreRefused",
            f"The storage behind the datastore {shown(name)} refuses its credential.",
            target="datastore",
            hint="Register it again with a credential that may do this.",
        )
    return UnavailableError(
        "DatastoreUnreachable",
        f"The storage behind the datastore {shown(name)} does not answer.",
        target="datastore",
        hint="Look at its settings, and at the log of the server.",
    )


def _bad_path() -> InvalidError:
    return InvalidError(
        "InvalidPath",
        "The path has a character that object stores do not take.",
        target="path",
        hint="Leave control characters out.",
    )


def _no_container(name: str) -> NotFoundError:
    return NotFoundError(
        "ContainerNotFound",
        f"The container or bucket of the datastore {shown(name)} is not there.",
        target="datastore",
        hint="Make it, or register the datastore with the name of one that is there.",
    )


def _file_of(meta: "ObjectMeta") -> DataFile:
    modified = meta["last_modified"]
    mark = (meta["e_tag"] or "").strip('"')
    return DataFile(
        path=meta["path"],
        size=meta["size"],
        modified_at=modified,
        mark=mark or f"at-{modified.timestamp()}-{meta['size']:x}",
    )
