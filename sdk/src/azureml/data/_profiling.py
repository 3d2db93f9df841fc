"""Measuring the columns of a table, here or in a run."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from azureml.core import _late
from azureml.core._nouns import nouns_of
from azureml.data._keeping import warn_of_changes
from azureml.data.dataset_error_handling import execution
from azureml.data.dataset_profile import DatasetProfile
from azureml.exceptions import UserErrorException
from zaffre_sdk.data.tabular.profiles import Profile
from zaffre_sdk.wire.datasets import DataUse

if TYPE_CHECKING:
    from collections.abc import Iterator

_USE = "dataset_profile"
_FILE = "dataset_profile.json"


def submit(dataset: Any, experiment: Any) -> Any:
    """Measure a table in a run of this process, and return the run."""
    workspace = experiment.workspace
    dataset_id = dataset._ensure_saved(workspace)  # noqa: SLF001 - one house
    run = experiment.start_logging(display_name=_USE, snapshot_directory=None)
    try:
        use = DataUse(_USE, "input", dataset_id=dataset_id)
        nouns_of(workspace).datasets.note(run.id, use)
        profile = measured(dataset)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, _FILE)
            file.write_text(json.dumps(profile.to_dict()), encoding="utf-8")
            run.upload_file(_FILE, str(file))
    except BaseException as error:
        run.fail(error_details=str(error))
        raise
    run.complete()
    return _late.find("azureml.data.dataset_profile_run", "DatasetProfileRun")(
        workspace, dataset, run
    )


def latest(dataset: Any, workspace: Any = None) -> DatasetProfile:
    """Return what the latest run measured, else what is measured now."""
    where = workspace or dataset._workspace  # noqa: SLF001 - one house
    for run in runs(dataset, where) if dataset.id is not None and where is not None else ():
        kept = _kept(run)
        if kept is not None:
            return _profile(dataset, where, run, kept)
    return DatasetProfile(dataset.id, None, None, where, measured(dataset))


def of_run(dataset: Any, run: Any, *, workspace: Any) -> DatasetProfile:
    """Return what a run measured.

    Raises:
        AzureMLException: The run has not measured anything.
    """
    return _profile(dataset, workspace, run, _kept(run))


def runs(dataset: Any, workspace: Any = None) -> Iterator[Any]:
    """Yield the runs that measured a table, newest first.

    Raises:
        UserErrorException: No workspace keeps the table.
    """
    where = workspace or dataset._workspace  # noqa: SLF001 - one house
    if dataset.id is None or where is None:
        raise UserErrorException(
            "No run measured this dataset: no workspace keeps it yet.\n"
            "`submit_profile_run` measures it in a run."
        )
    uses = list(nouns_of(where).datasets.uses(dataset.id))
    kind = _late.find("azureml.core.run", "Run")
    run_kind = _late.find("azureml.data.dataset_profile_run", "DatasetProfileRun")
    for use in reversed(uses):
        if use.name == _USE:
            yield run_kind(where, dataset, kind.get(where, use.run_id))


def measured(dataset: Any) -> Profile:
    """Measure a table now."""
    warn_of_changes(dataset)
    with execution("get_profile"):
        found: Profile = dataset._table().profile()  # noqa: SLF001 - one house
    return found


def _profile(dataset: Any, workspace: Any, run: Any, kept: Profile | None) -> DatasetProfile:
    return DatasetProfile(dataset.id, run.id, run.experiment.name, workspace, kept)


def _kept(run: Any) -> Profile | None:
    """Return what a run measured; None when it did not."""
    if _FILE not in run.get_file_names():
        return None
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, _FILE)
        run.download_file(_FILE, str(file))
        return Profile.from_dict(json.loads(file.read_text(encoding="utf-8")))
