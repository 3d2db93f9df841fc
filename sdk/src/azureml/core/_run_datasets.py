"""The data of a run as its script finds it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from azureml.core import _late
from azureml.core._nouns import nouns_of
from azureml.exceptions import UserErrorException
from zaffre_sdk.tracking.context import current_run
from zaffre_sdk.tracking.given_data import given_inputs, link_outputs, output_folders
from zaffre_sdk.wire.datasets import DataUse

if TYPE_CHECKING:
    from collections.abc import Mapping

_OFFLINE = (
    "This program runs outside of a run, which has no inputs and outputs. Read the dataset with "
    "`Dataset.get_by_name(workspace, name)`, or submit the program."
)


class InputDatasets(dict):  # type: ignore[type-arg] # of Python 3.9, too
    """The datasets that a script was given, by their names: a dataset, or the path of its files.

    Args:
        workspace: Where datasets are read from; None outside of runs.
    """

    def __init__(self, workspace: Any) -> None:
        super().__init__()
        self._workspace = workspace
        if workspace is None:
            return
        for given in given_inputs():
            self[given.name] = given.value if given.is_path else _dataset(workspace, given.value)

    def __missing__(self, name: str) -> NoReturn:
        _refuse(name, self, "input", "`dataset.as_named_input('{}')`", self._workspace)


class OutputDatasets(dict):  # type: ignore[type-arg] # of Python 3.9, too
    """The outputs of a script by their names: the folder to fill, or what to link a dataset to.

    Args:
        workspace: The workspace of the run; None outside of runs.
    """

    def __init__(self, workspace: Any) -> None:
        super().__init__()
        self._workspace = workspace
        if workspace is not None:
            self.update(output_folders())
            self.update({name: LinkOutput(workspace, name) for name in link_outputs()})

    def __missing__(self, name: str) -> NoReturn:
        words = "`OutputFileDatasetConfig('{}')`"
        _refuse(name, self, "output", words, self._workspace)


class LinkOutput:
    """An output to which a script links a dataset.

    Args:
        workspace: The workspace of the run.
        name: The output.
    """

    def __init__(self, workspace: Any, name: str | None = None) -> None:
        self._workspace = workspace
        self._name = name

    def link(self, dataset: Any, run: Any = None) -> None:
        """Say that a dataset is this output; one that was not registered is kept without a name.

        Args:
            dataset: A FileDataset or a TabularDataset.
            run: The run whose output it is; the run of this program without.

        Raises:
            UserErrorException: It is no dataset, or this program runs outside of a run.
        """
        if not hasattr(dataset, "_ensure_saved"):
            raise UserErrorException(
                f"`dataset` is {dataset!r} ({type(dataset).__name__}); a dataset is expected."
            )
        here = current_run()
        run_id = run.id if run is not None else here.run_id if here is not None else None
        if run_id is None:
            raise UserErrorException(f"An output is linked inside of a run.\n{_OFFLINE}")
        use = DataUse(
            name=self._name or "output",
            direction="output",
            mode="link",
            dataset_id=dataset._ensure_saved(self._workspace),  # noqa: SLF001 - one house
        )
        nouns_of(self._workspace).datasets.note(run_id, use)


def data_details(workspace: Any, run: Any) -> dict[str, Any]:
    """Return which datasets a run read and made, as `get_details` has them.

    Args:
        workspace: The workspace.
        run: As the server answers it.
    """
    inputs: list[dict[str, Any]] = []
    outputs: list[dict[str, Any]] = []
    asked = {one.name for one in run.spec.inputs} | {one.name for one in run.spec.outputs}
    known: dict[str, Any] = {}
    for use in nouns_of(workspace).datasets.of_run(run.id):
        if use.dataset_id is None:
            continue
        if use.dataset_id not in known:
            known[use.dataset_id] = _dataset(workspace, use.dataset_id)
        dataset = known[use.dataset_id]
        details = _details(use)
        if use.direction == "input":
            kind = "RunInput" if use.name in asked else "Reference"
            inputs.append({"dataset": dataset, "consumptionDetails": {"type": kind, **details}})
        else:
            kind = "RunOutput" if use.name in asked else "Reference"
            outputs.append(
                {
                    "identifier": {"savedId": use.dataset_id},
                    "outputType": kind,
                    "outputDetails": details,
                    "dataset": dataset,
                }
            )
    return {"inputDatasets": inputs, "outputDatasets": outputs}


def _details(use: Any) -> dict[str, Any]:
    details = {f"{use.direction}Name": use.name, "mechanism": use.mode.capitalize()}
    if use.path_on_compute is not None:
        details["pathOnCompute"] = use.path_on_compute
    return details


def _dataset(workspace: Any, dataset_id: str) -> Any:
    """Return a dataset by its id; that it is looked at so is no reading."""
    found = nouns_of(workspace).datasets.get(dataset_id)
    return _late.find("azureml.data.abstract_dataset", "dataset_of")(workspace, found)


def _refuse(name: str, there: Mapping[str, Any], noun: str, how: str, workspace: Any) -> NoReturn:
    if workspace is None:
        raise KeyError(f"There is no {noun} `{name}`. {_OFFLINE}")
    known = ", ".join(f"`{one}`" for one in there) or "none"
    raise KeyError(
        f"The run has no {noun} `{name}`; it has {known}. Give it one in the arguments of its "
        f"ScriptRunConfig, with {how.format(name)}."
    )
