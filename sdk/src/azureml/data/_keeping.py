"""Letting a workspace keep a dataset: what was its files' state, and local files on their way."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from msgspec.structs import replace

from azureml.core._nouns import nouns_of
from azureml.data._places import is_local, root_of
from azureml.data.constants import MANAGED_DATASET
from azureml.data.dataset_error_handling import DatasetChangedWarning, execution
from azureml.exceptions import UserErrorException
from zaffre_sdk.data.listing import list_files
from zaffre_sdk.data.sending import send_files
from zaffre_sdk.notices import notice
from zaffre_sdk.tracking.context import current_run
from zaffre_sdk.wire.datasets import DataPlace, DatasetIn, DataUse, Definition, FileMark

if TYPE_CHECKING:
    from zaffre_sdk.wire.datasets import DatasetOut

_SHOWN = 10
_TAKEN = "DatasetExists"


def register(dataset: Any, workspace: Any, **wanted: Any) -> DatasetOut:
    """Register a version of a name.

    Args:
        dataset: What to register.
        workspace: Where.
        **wanted: Of `DatasetIn`.

    Raises:
        UserErrorException: The name exists with another definition, and `new_version` is not set.
    """
    name = wanted["name"]
    if not isinstance(name, str) or not name:
        raise UserErrorException(f"`name` is {name!r}; a name for the dataset is expected.")
    datasets = nouns_of(workspace).datasets
    # Local files are sent to a place of their own each time, for nothing when the name is taken.
    is_sent = any(map(is_local, dataset._definition.places))  # noqa: SLF001 - one house
    if is_sent and not wanted["new_version"] and datasets.find(name) is not None:
        raise _taken(name)
    try:
        registered = datasets.register(_given(dataset, workspace, **wanted))
    except UserErrorException as error:
        if error.code != _TAKEN:
            raise
        raise _taken(name, error) from error
    _note_made(workspace, registered)
    return registered


def keep(dataset: Any, workspace: Any) -> DatasetOut:
    """Keep a definition without a name."""
    if workspace is None:
        raise UserErrorException(
            "The dataset belongs to no workspace yet.\n"
            "`register` it in one, or name files of a datastore."
        )
    return nouns_of(workspace).datasets.register(_given(dataset, workspace))


def warn_of_changes(dataset: Any) -> None:
    """Warn when the files of a registered version are not those that were registered."""
    known = dataset._origin  # noqa: SLF001 - one house
    if known is None or known.version is None or not known.definition.places:
        return
    datasets = nouns_of(dataset._workspace).datasets  # noqa: SLF001 - one house
    found = datasets.changes(known.id)
    changed = list(found.changed)
    web = _web_marks(None, known.definition, operation="read")
    if web:
        before = {mark.path: mark for mark in datasets.marks(known.id)}
        changed += [now.path for now in web if _moved(before, now)]
    words = [
        f"{len(names)} {word}: {', '.join(names[:_SHOWN])}{', …' if len(names) > _SHOWN else ''}"
        for word, names in (
            ("changed", changed),
            ("missing", found.missing),
            ("added", found.added),
        )
        if names
    ]
    if words:
        warnings.warn(
            f"The files of the dataset `{known.name}` version {known.version} are no longer what "
            f"they were when it was registered ({'; '.join(words)}). What is read is what is "
            "there now; register it with `create_new_version=True` to keep this state.",
            DatasetChangedWarning,
            stacklevel=3,
        )


def _given(dataset: Any, workspace: Any, **wanted: Any) -> DatasetIn:
    owner = dataset._workspace  # noqa: SLF001 - one house
    if owner is not None and nouns_of(owner).workspace_id != nouns_of(workspace).workspace_id:
        raise UserErrorException(
            f"The files of the dataset belong to the workspace `{owner.name}`, not to "
            f"`{workspace.name}`.\nRegister the datastore there, and make the dataset from it."
        )
    definition = _with_files_sent(workspace, dataset._definition)  # noqa: SLF001 - one house
    run = current_run()
    in_run = run is not None and run.workspace_id == nouns_of(workspace).workspace_id
    return DatasetIn(
        definition=definition,
        marks=_web_marks(nouns_of(workspace).workspace, definition, operation="register"),
        run_id=run.run_id if run is not None and in_run else None,
        **wanted,
    )


def _taken(name: str, error: UserErrorException | None = None) -> UserErrorException:
    return UserErrorException(
        f'There is already a dataset registered under name "{name}". Specify '
        "`create_new_version=True` to register the dataset as a new version. Use `update`, "
        "`add_tags`, or `remove_tags` to change only the description or tags.",
        inner_exception=error,
        code=_TAKEN,
    )


def _note_made(workspace: Any, registered: DatasetOut) -> None:
    """Inside of a run, note that it made the version; not of one that was there before."""
    run = current_run()
    if run is None or registered.run_id != run.run_id:
        return
    use = DataUse(
        name=registered.name or registered.id, direction="output", dataset_id=registered.id
    )
    nouns_of(workspace).datasets.note(run.run_id, use)


def _web_marks(client: Any, definition: Definition, *, operation: str) -> list[FileMark]:
    """Return the present marks of the addresses, which the server does not open."""
    places = [place for place in definition.places if place.datastore is None]
    if not places:
        return []
    with execution(operation):
        files = list_files(client, replace(definition, places=places, steps=[]))
    return [FileMark(one.file.path, one.file.size, one.file.mark) for one in files]


def _moved(before: dict[str, FileMark], now: FileMark) -> bool:
    known = before.get(now.path)
    return known is not None and (known.size, known.mark) != (now.size, now.mark)


def _with_files_sent(workspace: Any, definition: Definition) -> Definition:
    """Return the definition over files of the default datastore in place of local ones."""
    if not any(is_local(place) for place in definition.places):
        return definition
    if definition.partition_format:
        raise UserErrorException(
            "Local files with a `partition_format` cannot be registered: their paths would be "
            "others.\nSend the folder with `Dataset.File.upload_directory`, and make the dataset "
            "from there."
        )
    client = nouns_of(workspace).workspace
    with execution("register"):
        store = client.datastores.default().name
        folder = f"{MANAGED_DATASET}/{uuid4()}"
        places = [
            _sent(client, store, place, folder=f"{folder}/{number}") if is_local(place) else place
            for number, place in enumerate(definition.places)
        ]
    notice(f"the local files of the dataset were sent to `{store}/{folder}`")
    return replace(definition, places=places)


def _sent(client: Any, store: str, place: DataPlace, *, folder: str) -> DataPlace:
    root, rest = root_of(place)
    files = [one.local_path for one in list_files(client, Definition("file", [place]))]
    send_files(client, store, [file for file in files if file], root=root, target=folder)
    return DataPlace(f"{folder}/{rest}".rstrip("/"), store)
