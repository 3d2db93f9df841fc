"""What a generation runs on: a folder of its own with its source and its models."""

import asyncio
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from zaffre.domain.endpoints import DeploymentSpec, Endpoint
from zaffre.domain.files import FileEntry
from zaffre.domain.models import Model
from zaffre.ports.blobs import Blobs
from zaffre.services.endpoints import Contents

SOURCE: Final = "source"
MODELS: Final = "azureml-models"
_DEPLOYMENT: Final = "deployment.json"
_PRIVATE: Final = 0o700
_FILE: Final = 0o400
_EXECUTABLE: Final = 0o500


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A folder that is complete; written beside its contents last.

    Attributes:
        spec: Kept here too, since the endpoint forgets it when it is deployed anew.
        model_dir: What AZUREML_MODEL_DIR names, below the folder.
    """

    generation: int
    spec: DeploymentSpec
    model_dir: str


def folder_of(root: Path, endpoint_id: str, generation: int) -> Path:
    """Return the folder of one generation."""
    return root / endpoint_id / str(generation)


async def lay_out(blobs: Blobs, endpoint: Endpoint, contents: Contents, *, folder: Path) -> Layout:
    """Fill the folder with verified copies, or find it complete.

    Raises:
        PreconditionError: `DigestMismatch`, when stored bytes are not what they were.
    """
    found = await asyncio.to_thread(read_layout, folder)
    if found is not None and found.generation == endpoint.generation:
        return found
    await asyncio.to_thread(_fresh, folder)
    await _copy(blobs, contents.snapshot.files, folder / SOURCE)
    for model in contents.models:
        await _copy(blobs, model.files, folder / MODELS / model.name / str(model.version))
    layout = Layout(
        generation=endpoint.generation,
        spec=endpoint.spec,
        model_dir=model_dir_of(contents.models),
    )
    await asyncio.to_thread(_write, folder, layout)
    return layout


def model_dir_of(models: tuple[Model, ...]) -> str:
    """Return the folder of the only model, or the one of all, as Azure ML has it."""
    if len(models) == 1:
        return f"{MODELS}/{models[0].name}/{models[0].version}"
    return MODELS


def read_layout(folder: Path) -> Layout | None:
    """Return the layout of a complete folder."""
    try:
        return msgspec.json.decode((folder / _DEPLOYMENT).read_bytes(), type=Layout)
    except (OSError, msgspec.DecodeError):
        return None


def complete_layouts(root: Path, endpoint_id: str) -> list[tuple[Path, Layout]]:
    """Return the complete folders of an endpoint, newest first."""
    folder = root / endpoint_id
    inside = folder.iterdir() if folder.is_dir() else ()
    found = [(path, layout) for path in inside if (layout := read_layout(path)) is not None]
    return sorted(found, key=lambda pair: pair[1].generation, reverse=True)


async def remove_folder(folder: Path) -> None:
    """Remove a folder with all that is in it."""
    await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


def remove_others(root: Path, known: set[str]) -> None:
    """Remove the folders of endpoints that are no more."""
    for folder in root.iterdir() if root.is_dir() else ():
        if folder.name not in known:
            shutil.rmtree(folder, ignore_errors=True)


def _fresh(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    for part in (SOURCE, MODELS):
        (folder / part).mkdir(parents=True, mode=_PRIVATE)


async def _copy(blobs: Blobs, files: tuple[FileEntry, ...], folder: Path) -> None:
    for file in files:
        path = folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True, mode=_PRIVATE)
        await blobs.copy_to(file.digest, path)
        path.chmod(_EXECUTABLE if file.executable else _FILE)


def _write(folder: Path, layout: Layout) -> None:
    draft = folder / f"{_DEPLOYMENT}.new"
    draft.write_bytes(msgspec.json.encode(layout))
    draft.replace(folder / _DEPLOYMENT)
