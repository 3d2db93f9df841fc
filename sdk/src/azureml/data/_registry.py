"""Finding what a workspace keeps, with the words of v1 for what it has not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from azureml.core._nouns import nouns_of
from azureml.exceptions import UserErrorException
from zaffre_sdk.tracking.context import current_run
from zaffre_sdk.wire.datasets import DataUse

if TYPE_CHECKING:
    from zaffre_sdk.wire.datasets import DatasetOut


def by_name(workspace: Any, name: Any, version: Any = "latest") -> DatasetOut:
    """Return a version of a name.

    Raises:
        UserErrorException: There is none; says what there is.
    """
    datasets = nouns_of(workspace).datasets
    wanted = _version(version)
    if not isinstance(name, str) or not name:
        raise UserErrorException(f"`name` is {name!r}; the name of a dataset is expected.")
    found = datasets.find(name, wanted)
    if found is not None:
        _note(workspace, found)
        return found
    which = "" if wanted == "latest" else f" (version: {wanted})"
    raise UserErrorException(
        f'Cannot find dataset registered with name "{name}"{which} in the workspace.\n'
        f"{_there(workspace, name)}",
        code="DatasetNotFound",
    )


def by_id(workspace: Any, dataset_id: str) -> DatasetOut:
    """Return what a workspace keeps under an id.

    Raises:
        UserErrorException: There is nothing.
    """
    try:
        found = nouns_of(workspace).datasets.get(str(dataset_id))
    except UserErrorException as error:
        if error.code not in ("NotFound", "DatasetNotFound"):
            raise
        raise UserErrorException(
            f'Cannot find dataset with id "{dataset_id}" in the workspace.', code=error.code
        ) from error
    _note(workspace, found)
    return found


def _version(version: Any) -> int | str:
    if version is None or version == "latest":
        return "latest"
    text = str(version)
    if isinstance(version, bool) or not text.isdecimal() or int(text) < 1:
        raise UserErrorException(
            f"`version` is {version!r}; a number from 1, or `latest`, is expected."
        )
    return int(text)


def _there(workspace: Any, name: str) -> str:
    datasets = nouns_of(workspace).datasets
    latest = datasets.find(name)
    if latest is not None:
        return f"Its latest version is {latest.version}."
    names = sorted(str(one.name) for one in datasets.list())
    return f"Registered datasets: {', '.join(names) or 'none'}"


def _note(workspace: Any, found: DatasetOut) -> None:
    """Inside of a run, note that it reads the dataset."""
    run = current_run()
    if run is None or run.workspace_id != nouns_of(workspace).workspace_id:
        return
    datasets = nouns_of(workspace).datasets
    use = DataUse(name=found.name or found.id, direction="input", dataset_id=found.id)
    known = datasets.of_run(run.run_id)
    if not any((one.direction, one.dataset_id) == ("input", found.id) for one in known):
        datasets.note(run.run_id, use)
