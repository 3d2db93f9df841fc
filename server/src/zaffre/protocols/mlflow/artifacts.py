"""Files through the server: what clients of MLflow send to and read from `mlflow-artifacts:/`."""

from typing import Final

import msgspec

from zaffre.domain.access import Permission
from zaffre.domain.artifacts import Child
from zaffre.protocols.http.streaming import MAX_RAW_BYTES
from zaffre.protocols.mlflow.artifact_files import (
    children,
    file_as_answer,
    find,
    page_of_children,
    remove,
    store,
)
from zaffre.protocols.mlflow.artifact_places import Place, folder_of, place_of, run_uri
from zaffre.protocols.mlflow.call import MlflowCall
from zaffre.protocols.mlflow.messages import Reader, required
from zaffre.protocols.mlflow.routes import Answer, Route, route

_ONE: Final = "/api/2.0/mlflow-artifacts/artifacts/{path...}"
_ALL: Final = "/api/2.0/mlflow-artifacts/artifacts"
_MOST: Final = 100_000
_PAGE: Final = 10_000
_MAX_UPLOAD: Final = 10 << 20


class FileOut(msgspec.Struct, omit_defaults=True):
    """A file or a folder, as MLflow lists it."""

    path: str
    is_dir: bool | None = None
    file_size: int | None = None


class FilesOut(msgspec.Struct, omit_defaults=True):
    """What lies in a folder."""

    files: list[FileOut]
    root_uri: str | None = None
    next_page_token: str | None = None


class FolderIn(msgspec.Struct):
    """Which folder to list."""

    path: str = ""


class RunFolderIn(msgspec.Struct):
    """Which folder of which run to list; the run by its new or its old name."""

    run_id: str = ""
    run_uuid: str = ""
    path: str = ""
    page_token: str = ""


class RunFileIn(msgspec.Struct):
    """Which file of which run."""

    path: str = ""
    run_id: str = ""
    run_uuid: str = ""


class VersionFileIn(msgspec.Struct):
    """Which file of which version of a registered model."""

    path: str = ""
    name: str = ""
    version: str = ""


async def list_folder(call: MlflowCall, asked: FolderIn) -> FilesOut:
    """List what lies directly in a folder, by the last parts of the paths."""
    place = place_of(folder_of(asked.path))
    found = await children(call, place, limit=_MOST)
    return FilesOut([file_out(child) for child in found])


async def list_run_folder(call: MlflowCall, asked: RunFolderIn) -> FilesOut:
    """List what lies directly in a folder of a run, by whole paths, in pages."""
    run_id = required(asked.run_id or asked.run_uuid, "run_id")
    place = place_of(f"runs/{run_id}/{folder_of(asked.path)}")
    page, following = await page_of_children(call, place, size=_PAGE, token=asked.page_token)
    prefix = f"{place.path}/" if place.path else ""
    return FilesOut(
        [file_out(child, prefix) for child in page], run_uri(place.id), next_page_token=following
    )


async def download(call: MlflowCall) -> Answer:
    """Answer a file, or the part of it that a Range header asks for."""
    return await answer_file(call, place_of(call.params["path"]))


async def upload(call: MlflowCall) -> None:
    """Store the body at a place, in that of what was there."""
    announced = call.header(b"content-length") or ""
    size = int(announced) if announced.isdecimal() else None
    await store(call, place_of(call.params["path"]), limit=MAX_RAW_BYTES, size=size)


async def delete(call: MlflowCall) -> None:
    """Delete a file, or a folder with what is below it."""
    await remove(call, place_of(call.params["path"]))


async def download_of_run(call: MlflowCall, asked: RunFileIn) -> Answer:
    """Answer a file of a run."""
    return await answer_file(call, _of_run(asked))


async def download_of_version(call: MlflowCall, asked: VersionFileIn) -> Answer:
    """Answer a file of a version of a registered model."""
    version = required(asked.version, "version")
    path = required(asked.path, "path")
    return await answer_file(
        call, place_of(f"registered-models/{required(asked.name, 'name')}/{version}/{path}")
    )


async def upload_to_run(call: MlflowCall) -> None:
    """Store the body, which is small, at a path of a run that the query names."""
    asked = _RUN_FILE.query(call.scope["query_string"])
    await store(call, _of_run(asked), limit=_MAX_UPLOAD, size=None)


async def answer_file(call: MlflowCall, place: Place) -> Answer:
    """Answer a file as something to be saved, never shown."""
    file = await find(call, place)
    return await file_as_answer(call, file)


def file_out(child: Child, prefix: str = "") -> FileOut:
    """Return a child as MLflow lists it, with what stands in front of its name."""
    return FileOut(f"{prefix}{child.name}", child.is_folder, child.size)


def _of_run(asked: RunFileIn) -> Place:
    path = required(asked.path, "path")
    run_id = required(asked.run_id or asked.run_uuid, "run_uuid")
    return place_of(f"runs/{run_id}/{path}")


_RUN_FILE: Final = Reader(RunFileIn)
_READ: Final = Permission.RUNS_READ
_WRITE: Final = Permission.RUNS_WRITE
ROUTES: Final[list[Route]] = [
    route("GET", _ALL, list_folder, _READ, shape=FolderIn),
    route("GET", _ONE, download, _READ),
    route("PUT", _ONE, upload, _WRITE),
    route("DELETE", _ONE, delete, _WRITE),
    route("GET", "/api/2.0/mlflow/artifacts/list", list_run_folder, _READ, shape=RunFolderIn),
    route("POST", "/api/2.0/mlflow/upload-artifact", upload_to_run, _WRITE),
    *(
        route("GET", f"{front}/get-artifact", download_of_run, _READ, shape=RunFileIn)
        for front in ("", "/api/2.0/mlflow")
    ),
    *(
        route(
            "GET",
            f"{front}/model-versions/get-artifact",
            download_of_version,
            Permission.MODELS_READ,
            shape=VersionFileIn,
        )
        for front in ("", "/api/2.0/mlflow")
    ),
]
