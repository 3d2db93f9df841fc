"""The files of a new version, found among those that we keep: nothing is opened or copied."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol, TypeVar

from zaffre.domain.access import Principal
from zaffre.domain.artifacts import FileOwner, OwnerKind
from zaffre.domain.errors import InvalidError, missing
from zaffre.domain.files import FileEntry
from zaffre.domain.model_sources import (
    LoggedModelSource,
    ModelSource,
    RunSource,
    VersionSource,
)
from zaffre.domain.models import Model, ModelStage, RegisteredModel
from zaffre.domain.names import MODEL
from zaffre.domain.paths import check_path
from zaffre.domain.runs import Run
from zaffre.ports.stores import Stores
from zaffre.services.access import seen_run

_PAGE: Final = 1000
_MAX_VERSION_DIGITS: Final = 9
_LATEST: Final = "latest"
_NONE: Final = 0
"""A number that no version has."""
# The folder that files lie in which were not in one: what is deployed or fetched has a name.
_ALL_OF_RUN: Final = "artifacts"
_ALL_OF_MODEL: Final = "model"


class Stored(Protocol):
    """A file of a run or of something else."""

    @property
    def path(self) -> str:
        """Where it lies there."""

    @property
    def digest(self) -> str:
        """SHA-256 of its bytes."""

    @property
    def size(self) -> int:
        """Bytes."""


S = TypeVar("S", bound=Stored)


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What a source comes to.

    Attributes:
        files: As a model keeps them; empty when nothing is there.
        run_id: The run that they came from, if the source says one.
        framework: Of the version that the source is, if it is one.
    """

    files: tuple[FileEntry, ...] = ()
    run_id: str | None = None
    logged_model_id: str | None = None
    experiment_name: str | None = None
    framework: str = ""
    framework_version: str = ""


def origin_of(
    stores: Stores, workspace_id: str, source: ModelSource, *, caller: Principal
) -> Origin:
    """Return what a source comes to.

    Raises:
        NotFoundError: `RunNotFound`, `LoggedModelNotFound` or `ModelNotFound`.
        InvalidError: `InvalidPath`, or `InvalidSource` for a version of a prompt.
    """
    if isinstance(source, RunSource):
        run = seen_run(stores, workspace_id, source.run_id, caller=caller)
        return _of_run(run, run_files(stores, run, source.path))
    if isinstance(source, LoggedModelSource):
        return _of_logged_model(stores, workspace_id, source)
    if isinstance(source, VersionSource):
        return _of_version(version_at(stores, workspace_id, source), source.path)
    return Origin()


def version_at(stores: Stores, workspace_id: str, source: VersionSource) -> Model:
    """Return the version that a name points at by number, alias, stage or `latest`.

    Raises:
        NotFoundError: `ModelNotFound`.
        InvalidError: `InvalidSource`, for a prompt.
    """
    registered = stores.registered_models.get(workspace_id, MODEL.normal(source.name))
    if registered.is_prompt:
        raise InvalidError(
            "InvalidSource",
            f"Invalid model version source: {source.name} is a prompt.",
            target="source",
            hint="A prompt has no files.",
        )
    number = _number(stores, registered, source)
    found = stores.models.find(workspace_id, registered.name, number)
    if found is None:
        raise missing("model", f"{source.name}:{source.pointer}")
    return found


def run_files(stores: Stores, run: Run, path: str) -> tuple[FileEntry, ...]:
    """Return artifacts of a run as a model keeps them; none when nothing is at the path."""

    def page(after: str | None) -> Sequence[Stored]:
        return stores.artifacts.list(
            run.workspace_id, run.id, prefix=wanted, limit=_PAGE, after=after
        )

    wanted = _place(path)
    return _entries(_all(page), wanted, whole=_ALL_OF_RUN)


def _number(stores: Stores, registered: RegisteredModel, source: VersionSource) -> int | None:
    if source.is_alias:
        return registered.aliases.get(source.pointer, _NONE)
    if source.pointer.isdecimal():
        return int(source.pointer) if len(source.pointer) <= _MAX_VERSION_DIGITS else _NONE
    if source.pointer.lower() == _LATEST:
        return None
    stage = ModelStage.of(source.pointer)
    there = stores.models.in_stage(registered.workspace_id, registered.name, stage)
    return max((model.version for model in there), default=_NONE)


def _of_run(run: Run, files: tuple[FileEntry, ...]) -> Origin:
    return Origin(files=files, run_id=run.id, experiment_name=run.experiment_name)


def _of_logged_model(stores: Stores, workspace_id: str, source: LoggedModelSource) -> Origin:
    model = stores.logged_models.get(workspace_id, source.model_id)
    owner = FileOwner(workspace_id, OwnerKind.LOGGED_MODEL, model.id)

    def page(after: str | None) -> Sequence[Stored]:
        return stores.owned_files.list(owner, limit=_PAGE, after=after)

    files = _entries(_all(page), _place(source.path), whole=_ALL_OF_MODEL)
    return Origin(
        files=files,
        run_id=model.run_id,
        logged_model_id=model.id,
        experiment_name=stores.logged_models.experiment_name(model),
    )


def _of_version(model: Model, path: str) -> Origin:
    files = model.files
    if path:
        files = _entries(model.files_inside(), _place(path), whole=_ALL_OF_MODEL)
    return Origin(
        files=files,
        run_id=model.run_id,
        logged_model_id=model.logged_model_id,
        experiment_name=model.experiment_name,
        framework=model.framework,
        framework_version=model.framework_version,
    )


def _place(path: str) -> str:
    plain = path.strip("/")
    return check_path(plain, target="source") if plain else ""


def _all(page: Callable[[str | None], Sequence[S]]) -> list[S]:
    found: list[S] = []
    while True:
        some = page(found[-1].path if found else None)
        found += some
        if len(some) < _PAGE:
            return found


def _entries(files: Iterable[Stored], place: str, *, whole: str) -> tuple[FileEntry, ...]:
    """Return the file at `place`, or those in that folder below its own name."""
    entries = (FileEntry(file.path, file.digest, file.size) for file in files)
    if not place:
        return tuple(replace(entry, path=f"{whole}/{entry.path}") for entry in entries)
    above = len(place.rpartition("/")[0])
    return tuple(
        replace(entry, path=entry.path[above:].lstrip("/"))
        for entry in entries
        if entry.path == place or entry.path.startswith(f"{place}/")
    )
