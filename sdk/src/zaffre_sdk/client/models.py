"""The registered models of a workspace."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, cast

from msgspec.structs import replace

from zaffre_sdk.client.blobs import Blobs
from zaffre_sdk.client.paths import quoted
from zaffre_sdk.client.transfer import download_files
from zaffre_sdk.client.transport import Query, Transport
from zaffre_sdk.errors import NotFoundError
from zaffre_sdk.wire.models import ModelChange, ModelIn, ModelList, ModelOut

if TYPE_CHECKING:
    from typing import Unpack  # newer than the oldest Python that this runs on


class ModelFilter(TypedDict, total=False):
    """Which models to list; what is left out does not narrow.

    Attributes:
        run: Registered from this run.
        newest: 1 for only the newest version of each name.
        limit: Models in a page, not altogether.
    """

    name: str
    run: str
    newest: int
    limit: int


class Models:
    """Register, find and fetch models."""

    def __init__(self, transport: Transport, root: str, blobs: Blobs) -> None:
        self._transport = transport
        self._root = f"{root}/models"
        self._blobs = blobs

    def register(self, model: ModelIn, *, source: Path | None = None) -> ModelOut:
        """Register the next version of a model.

        Args:
            model: What to register; with `run_id` and `run_path` its files are those of a run.
            source: A local file or folder whose content becomes the model. A folder keeps its own
                name as the first part of each path.

        Raises:
            SourceError: There is nothing at `source`.
        """
        if source is not None:
            from zaffre_sdk.files.sources import model_files  # noqa: PLC0415 (slow to load)

            files = model_files(source)
            self._blobs.send(files)
            model = replace(model, files=[file.entry for file in files])
        return self._transport.call("POST", self._root, answer=ModelOut, body=model)

    def get(self, model_id: str) -> ModelOut:
        """Return a version of a model by its id, `name:version`.

        Raises:
            NotFoundError: There is none.
        """
        return self._transport.call("GET", self._path(model_id), answer=ModelOut)

    def find(self, name: str, *, version: int | None = None) -> ModelOut | None:
        """Return a version of a model, the newest by default, or None."""
        if version is None:
            return next(self.list(name=name, newest=1), None)
        try:
            return self.get(f"{name}:{version}")
        except NotFoundError:
            return None

    def list(self, **filters: Unpack[ModelFilter]) -> Iterator[ModelOut]:
        """Yield the model versions that fit, newest first."""
        for page in self._transport.pages(
            self._root, answer=ModelList, query=cast("Query", filters)
        ):
            yield from page.value

    def change(self, model_id: str, change: ModelChange) -> ModelOut:
        """Change what is given; leave the rest."""
        return self._transport.call("PATCH", self._path(model_id), answer=ModelOut, body=change)

    def delete(self, model_id: str) -> None:
        """Delete a version of a model.

        Raises:
            ConflictError: Endpoints use it; the message names them.
        """
        self._transport.delete(self._path(model_id))

    def download(self, model_id: str, folder: Path) -> ModelOut:
        """Write the files of a model into a folder; every digest is checked.

        Raises:
            UnsafePathError: A path would leave the folder; nothing is written then.
        """
        model = self.get(model_id)
        folder.mkdir(parents=True, exist_ok=True)
        root = f"{self._path(model_id)}/files"
        download_files(self._transport, root, model.files, folder=folder)
        return model

    def _path(self, model_id: str) -> str:
        return f"{self._root}/{quoted(model_id)}"
