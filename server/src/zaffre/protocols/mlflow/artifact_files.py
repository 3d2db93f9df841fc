"""One way to the files of everything that has some."""

from collections.abc import Sequence
from typing import Final

from zaffre.domain.artifacts import Child
from zaffre.domain.errors import missing
from zaffre.domain.files import FileEntry
from zaffre.protocols.http.files import OCTETS, RawFile, file_answer
from zaffre.protocols.mlflow.artifact_places import Owner, Place
from zaffre.protocols.mlflow.call import MlflowCall
from zaffre.protocols.mlflow.pages import PageTokens
from zaffre.protocols.mlflow.routes import Answer
from zaffre.services.artifacts import MAX_REMOVED
from zaffre.services.keeper import MAX_BYTES
from zaffre.services.work import Services

SMALL: Final = 1 << 20
"""A body of so many bytes is stored before it is asked whether it may be: that costs less."""


async def find(call: MlflowCall, place: Place) -> RawFile:
    """Return the file at a place; raises `ArtifactNotFound`."""
    path = place.file()

    def use(s: Services) -> str:
        if place.owner is Owner.RUN:
            return s.artifacts.get(call.workspace, place.id, path, caller=call.caller).digest
        if place.owner is Owner.MODEL_VERSION:
            files = s.models.get(call.workspace, place.id, caller=call.caller).files_inside()
            return _found(files, path)
        owner = place.file_owner(call.workspace)
        return s.owned_files.get(owner, path, caller=call.caller).digest

    return RawFile(await call.read(use), path)


async def children(
    call: MlflowCall, place: Place, *, limit: int, after: str | None = None
) -> Sequence[Child]:
    """Return what lies directly in a folder, behind the child `after`."""

    def use(s: Services) -> Sequence[Child]:
        if place.owner is Owner.RUN:
            return s.artifacts.children(
                call.workspace,
                place.id,
                caller=call.caller,
                limit=limit,
                folder=place.path,
                after=after,
            )
        if place.owner is Owner.MODEL_VERSION:
            files = s.models.get(call.workspace, place.id, caller=call.caller).files_inside()
            return _children(files, place.path)
        return s.owned_files.children(
            place.file_owner(call.workspace),
            caller=call.caller,
            limit=limit,
            folder=place.path,
            after=after,
        )

    return await call.read(use)


async def page_of_children(
    call: MlflowCall, place: Place, *, size: int, token: str
) -> tuple[Sequence[Child], str | None]:
    """Return a page of what lies directly in a folder, and the token of the next one if any.

    Raises:
        InvalidError: `InvalidPageToken`.
    """
    tokens = PageTokens(call, "files", *place)
    found = await children(call, place, limit=size + 1, after=tokens.open(token) or None)
    page = found[:size]
    if len(found) <= size:
        return page, None
    last = page[-1]
    return page, tokens.make(f"{last.name}/" if last.is_folder else last.name)


async def check_writable(call: MlflowCall, place: Place) -> None:
    """Refuse a place that the caller may not write to."""

    def use(s: Services) -> None:
        if place.owner is Owner.RUN:
            s.artifacts.check_addable(call.workspace, place.id, caller=call.caller)
        else:
            s.owned_files.check_writable(place.file_owner(call.workspace), caller=call.caller)

    await call.read(use)


async def store(call: MlflowCall, place: Place, *, limit: int, size: int | None) -> None:
    """Store the body, of at most `limit` bytes, at a place; `size` is announced, or None."""
    checked = place._replace(path=place.file())
    if size is not None and size <= MAX_BYTES:
        data = await call.body(limit=min(size, limit))
        kept = await call.blobs.keep(data)

        def use(s: Services) -> None:
            s.stores.kept.add(kept[0], data)
            name(s, call, checked, kept)

        await call.write(use)
        return
    if size is None or size > SMALL:
        await check_writable(call, place)
    blob = await call.blobs.put(call.chunks(limit=limit))
    await call.write(lambda s: name(s, call, checked, blob))


def name(s: Services, call: MlflowCall, place: Place, blob: tuple[str, int]) -> None:
    """Give stored bytes, as digest and size, a place."""
    digest, size = blob
    if place.owner is Owner.RUN:
        s.artifacts.add(
            call.workspace, place.id, place.path, caller=call.caller, digest=digest, size=size
        )
    else:
        owner = place.file_owner(call.workspace)
        s.owned_files.put(owner, place.path, caller=call.caller, digest=digest, size=size)


async def remove(call: MlflowCall, place: Place) -> None:
    """Remove a file or a folder."""
    path = place.path or None
    gone = 0

    def use(s: Services) -> int:
        if place.owner is Owner.RUN:
            return s.artifacts.remove(call.workspace, place.id, path, caller=call.caller)
        return s.owned_files.remove(place.file_owner(call.workspace), path, caller=call.caller)

    while some := await call.write(use):
        gone += some
        if some < MAX_REMOVED:
            break
    if path is not None and not gone:
        raise missing("artifact", path)


async def file_as_answer(call: MlflowCall, file: RawFile) -> Answer:
    """Answer a blob, or the part of it that a Range header asks for."""
    found = await file_answer(call.blobs, file, call.header(b"range"))
    if found.body is not None:
        # The door adds the length of a body that it has whole.
        del found.headers["content-length"]
    headers = [(name.encode(), value.encode()) for name, value in found.headers.items()]
    return Answer(
        status=found.status,
        headers=[*headers, (b"content-type", OCTETS.encode())],
        body=found.body or b"",
        chunks=None if found.body is not None else found.chunks,
    )


def _found(files: Sequence[FileEntry], path: str) -> str:
    for file in files:
        if file.path == path:
            return file.digest
    raise missing("artifact", path)


def _children(files: Sequence[FileEntry], folder: str) -> list[Child]:
    prefix = f"{folder}/" if folder else ""
    found: dict[tuple[str, bool], Child] = {}
    for file in files:
        if file.path.startswith(prefix):
            head, slash, _ = file.path[len(prefix) :].partition("/")
            child = Child(head, bool(slash), None if slash else file.size)
            found.setdefault((head, bool(slash)), child)
    return list(found.values())
