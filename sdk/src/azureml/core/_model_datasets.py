"""Which datasets a model came of, was measured on, and takes as an example."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from azureml.core import _late
from azureml.exceptions import UserErrorException
from zaffre_sdk.wire.models import ModelDataset

SAMPLE_INPUT = "sample_input"
SAMPLE_OUTPUT = "sample_output"
_SAMPLES = (SAMPLE_INPUT, SAMPLE_OUTPUT)


def references(
    workspace: Any, datasets: Any, sample_input: Any = None, sample_output: Any = None
) -> list[ModelDataset]:
    """Return what the server is told; a dataset that is not kept yet is kept without a name.

    Args:
        workspace: Where the model is.
        datasets: Pairs of what a dataset was for, such as `training`, and the dataset.
        sample_input: A dataset as the model takes it.
        sample_output: A dataset as the model answers it.

    Raises:
        UserErrorException: Something is no such pair, or no dataset.
    """
    pairs = [
        *_pairs(datasets),
        *((SAMPLE_INPUT, one) for one in [sample_input] if one is not None),
        *((SAMPLE_OUTPUT, one) for one in [sample_output] if one is not None),
    ]
    return [ModelDataset(name=str(name), dataset_id=_id(workspace, one)) for name, one in pairs]


def by_purpose(workspace: Any, known: Iterable[ModelDataset]) -> dict[str, list[Any]]:
    """Return the datasets of a model by what they were for; examples are not among them."""
    found: dict[str, list[Any]] = {}
    for each in known:
        if each.name not in _SAMPLES:
            found.setdefault(each.name, []).append(_dataset(workspace, each.dataset_id))
    return found


def sample(workspace: Any, known: Iterable[ModelDataset], name: str) -> Any:
    """Return the example that was given last, or None."""
    given = [each.dataset_id for each in known if each.name == name]
    return _dataset(workspace, given[-1]) if given else None


def _pairs(datasets: Any) -> Iterable[tuple[str, Any]]:
    for pair in datasets or ():
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:  # noqa: PLR2004 - a pair
            raise UserErrorException(
                f"`datasets` has {pair!r}.\n"
                "Give pairs, such as `(Dataset.Scenario.TRAINING, dataset)`."
            )
        yield pair[0], pair[1]


def _id(workspace: Any, dataset: Any) -> str:
    kind = _late.find("azureml.data.abstract_dataset", "AbstractDataset")
    if not isinstance(dataset, kind):
        raise UserErrorException(
            f"`{dataset!r}` is no dataset.\nMake one with `Dataset.Tabular` or `Dataset.File`."
        )
    if dataset.id is not None:
        return str(dataset.id)
    keep = _late.find("azureml.data._keeping", "keep")
    return str(keep(dataset, workspace).id)


def _dataset(workspace: Any, dataset_id: str) -> Any:
    return _late.find("azureml.core.dataset", "Dataset").get_by_id(workspace, dataset_id)
