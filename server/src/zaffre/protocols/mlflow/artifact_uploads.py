"""Uploads in parts, and downloads without a token, for clients that ask for them.

Nothing of an upload is remembered here. A part is stored as bytes like any others, and its ETag
is a seal over the digest; whoever completes the upload brings the ETags back. Parts of uploads
that were given up get no name, and go when bytes without a name do.
"""

import posixpath
import re
from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Final

import msgspec

from zaffre.base.ids import new_id
from zaffre.domain.access import Permission
from zaffre.domain.errors import InvalidError, PreconditionError
from zaffre.protocols.http.files import RawFile
from zaffre.protocols.mlflow.artifact_files import check_writable, file_as_answer, find, name
from zaffre.protocols.mlflow.artifact_places import Place, place_of
from zaffre.protocols.mlflow.call import MlflowCall
from zaffre.protocols.mlflow.messages import required
from zaffre.protocols.mlflow.permits import HEADER, PartSeal, Permit, issue, read, read_permit
from zaffre.protocols.mlflow.routes import Answer, Route, route
from zaffre.services.work import Services

_ROOT: Final = "/api/2.0/mlflow-artifacts"
_UPLOAD_SECONDS: Final = 12 * 3600.0
_DOWNLOAD_SECONDS: Final = 3600.0
_MAX_PARTS: Final = 10_000
_NUMBER: Final = re.compile(r"[0-9]{1,5}")
_MAX_PART_BYTES: Final = 5 << 30


class UploadIn(msgspec.Struct):
    """An upload to begin.

    Attributes:
        path: Of the file on the side of the client; its last part is its name here.
    """

    path: str = ""
    num_parts: Annotated[int, msgspec.Meta(ge=1, le=_MAX_PARTS)] = 1


class CredentialOut(msgspec.Struct):
    """Where and with what headers one part is sent."""

    url: str
    part_number: int
    headers: dict[str, str]


class UploadOut(msgspec.Struct):
    """An upload that has begun."""

    upload_id: str
    credentials: list[CredentialOut]


class PartIn(msgspec.Struct):
    """A part that was sent."""

    part_number: int
    etag: str = ""
    url: str = ""


class CompletionIn(msgspec.Struct):
    """An upload to complete, or to give up."""

    path: str = ""
    upload_id: str = ""
    parts: list[PartIn] = []


class PresignedOut(msgspec.Struct):
    """Where and with what headers a file is read."""

    url: str
    headers: dict[str, str]
    file_size: int


async def create_upload(call: MlflowCall, asked: UploadIn) -> UploadOut:
    """Say where the parts of a file are to be sent."""
    place, about = _target(call, asked.path)
    await check_writable(call, place)
    upload = issue(
        _permit(
            call,
            "part",
            about,
            seconds=_UPLOAD_SECONDS,
            upload=new_id(),
            parts=asked.num_parts,
        ),
        key=call.house.paging_key,
    )
    url = f"{call.house.url}{call.root}{_ROOT}/mpu/parts"
    return UploadOut(
        upload,
        [
            CredentialOut(f"{url}/{number}", number, {HEADER: upload})
            for number in range(1, asked.num_parts + 1)
        ],
    )


async def upload_part(call: MlflowCall) -> Answer:
    """Store a part; the ETag says which bytes it is."""
    permit = _permitted(call, "part")
    number = call.params["number"]
    if not _NUMBER.fullmatch(number) or not 1 <= int(number) <= permit.parts:
        raise InvalidError(
            "InvalidPart", f"The upload has {permit.parts} parts.", target="part_number"
        )
    digest, size = await call.blobs.put(call.chunks(limit=_MAX_PART_BYTES))
    seal = PartSeal(permit.upload, int(number), digest, size)
    etag = issue(seal, key=call.house.paging_key)
    return Answer(headers=[(b"etag", f'"{etag}"'.encode())])


async def complete_upload(call: MlflowCall, asked: CompletionIn) -> None:
    """Put the parts together and give them their place."""
    place, about = _target(call, asked.path)
    seals = _seals(call, asked, about)
    await check_writable(call, place)
    blob = await call.blobs.put(_joined(call, seals))
    if blob[1] != sum(seal.size for seal in seals):
        raise PreconditionError(
            "DigestMismatch", "The parts changed at rest.", hint="Send the file again."
        )
    checked = place._replace(path=place.file())

    def use(s: Services) -> None:
        name(s, call, checked, blob)
        if len(seals) > 1:
            s.stores.doomed.add((seal.digest, seal.size) for seal in seals)

    await call.write(use)


async def abort_upload(call: MlflowCall, asked: CompletionIn) -> None:
    """Give an upload up: the parts that came are nobody's."""
    _, about = _target(call, asked.path)
    _upload(call, asked, about)


async def presign(call: MlflowCall) -> PresignedOut:
    """Say where a file can be read without a token for a while."""
    place = place_of(call.params["path"])
    found = await find(call, place)
    size = await call.blobs.size(found.digest)
    permit = _permit(call, "get", found.name, seconds=_DOWNLOAD_SECONDS, upload=found.digest)
    sealed = issue(permit, key=call.house.paging_key)
    url = f"{call.house.url}{call.root}{_ROOT}/permitted"
    return PresignedOut(url, {HEADER: sealed}, size)


async def download_permitted(call: MlflowCall) -> Answer:
    """Answer the file that a permit is about."""
    permit = _permitted(call, "get")
    return await file_as_answer(call, RawFile(permit.upload, permit.about))


def _target(call: MlflowCall, local_path: str) -> tuple[Place, str]:
    """Return the place of a file that is called as it is on the side of the client."""
    last = posixpath.basename(required(local_path, "path").replace("\\", "/"))
    about = f"{call.params['path'].strip('/')}/{last}"
    place = place_of(about)
    place.file()
    return place, about


def _permit(
    call: MlflowCall, act: str, about: str, *, seconds: float, upload: str, parts: int = 0
) -> Permit:
    until = call.house.clock.now().timestamp() + seconds
    return Permit(act, call.workspace, about, until, upload, parts)


def _permitted(call: MlflowCall, act: str) -> Permit:
    text = call.header(HEADER.encode()) or ""
    now = call.house.clock.now().timestamp()
    return read_permit(text, act, key=call.house.paging_key, now=now)


def _upload(call: MlflowCall, asked: CompletionIn, about: str) -> Permit:
    now = call.house.clock.now().timestamp()
    permit = read_permit(asked.upload_id, "part", key=call.house.paging_key, now=now)
    if (permit.workspace, permit.about) != (call.workspace, about):
        raise InvalidError(
            "InvalidUpload", "The upload is one of another file.", target="upload_id"
        )
    return permit


def _seals(call: MlflowCall, asked: CompletionIn, about: str) -> list[PartSeal]:
    """Return the parts in order; they are all there, and of this upload."""
    permit = _upload(call, asked, about)
    key = call.house.paging_key
    seals = [read(part.etag.strip('"'), PartSeal, key=key) for part in asked.parts]
    seals.sort(key=lambda seal: seal.number)
    numbers = [seal.number for seal in seals]
    strange = any(seal.upload != permit.upload for seal in seals)
    if strange or numbers != list(range(1, permit.parts + 1)):
        raise InvalidError(
            "InvalidParts",
            f"The upload has the parts 1 to {permit.parts}, each once.",
            target="parts",
            hint="Send the parts that are missing, or begin again.",
        )
    return seals


async def _joined(call: MlflowCall, seals: Sequence[PartSeal]) -> AsyncIterator[bytes]:
    for seal in seals:
        async for chunk in call.blobs.open(seal.digest):
            yield chunk


_WRITE: Final = Permission.RUNS_WRITE
ROUTES: Final[list[Route]] = [
    route("POST", f"{_ROOT}/mpu/create/{{path...}}", create_upload, _WRITE, shape=UploadIn),
    route(
        "POST", f"{_ROOT}/mpu/complete/{{path...}}", complete_upload, _WRITE, shape=CompletionIn
    ),
    route("POST", f"{_ROOT}/mpu/abort/{{path...}}", abort_upload, _WRITE, shape=CompletionIn),
    # The permit stands for a token: clients send parts, and read presigned files, without one.
    route(
        "PUT",
        f"{_ROOT}/mpu/parts/{{number}}",
        upload_part,
        Permission.PUBLIC,
        needs_workspace=False,
    ),
    route("GET", f"{_ROOT}/presigned/{{path...}}", presign, Permission.RUNS_READ),
    route(
        "GET",
        f"{_ROOT}/permitted",
        download_permitted,
        Permission.PUBLIC,
        needs_workspace=False,
    ),
]
