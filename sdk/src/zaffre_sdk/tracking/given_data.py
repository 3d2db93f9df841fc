"""The data of a run as the environment of its process says it: what it was given, what it leaves.

The names are Azure ML's, which scripts look up themselves.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import NamedTuple

INPUTS_VARIABLE = "AZUREML_DATASET_ENVIRONMENT_VARS"
FILE_OUTPUTS_VARIABLE = "AZUREML_DATASET_FILE_OUTPUTS"
LINK_OUTPUTS_VARIABLE = "AZUREML_LINK_DATASET_OUTPUTS"
_REFERENCE = "AZUREML_DATAREFERENCE_"
_INPUT = "AZURE_ML_INPUT_"
_OUTPUT = "AZURE_ML_OUTPUT_"


class GivenInput(NamedTuple):
    """An input as the script finds it.

    Attributes:
        mode: `direct`, `download`, `mount` or `hdfs`; for a bare path also `upload`.
        value: The id of a dataset that is given directly, else where it lies.
        is_dataset: It is no bare path of a datastore.
    """

    name: str
    mode: str
    value: str
    is_dataset: bool = True

    @property
    def is_path(self) -> bool:
        """Whether it lies on this machine."""
        return self.mode != "direct"


def with_data(
    environment: Mapping[str, str],
    inputs: Iterable[GivenInput],
    *,
    folders: Mapping[str, str],
    links: Iterable[str] = (),
) -> dict[str, str]:
    """Return an environment that names the data too.

    The plain names of inputs and outputs replace nothing: an input may be called `path`.

    Args:
        environment: What is there without it.
        inputs: What the run is given.
        folders: Of its outputs, by name.
        links: The outputs to which a script links datasets.
    """
    found: dict[str, str] = {}
    plain: dict[str, str] = {}
    datasets = []
    for each in inputs:
        found[_INPUT + each.name] = each.value
        if each.is_path:
            found[_REFERENCE + each.name] = each.value
        if each.is_dataset:
            datasets.append(f"{each.name}:{each.mode.capitalize()}")
        plain |= {each.name: each.value, each.name.upper(): each.value}
    for name, folder in folders.items():
        found |= {_OUTPUT + name: folder, _REFERENCE + name: folder}
        plain |= {name: folder, name.upper(): folder}
    lists = {
        INPUTS_VARIABLE: ",".join(datasets),
        FILE_OUTPUTS_VARIABLE: ";".join(folders),
        LINK_OUTPUTS_VARIABLE: ";".join(links),
    }
    found |= {name: value for name, value in lists.items() if value}
    return {**plain, **environment, **found}


def given_inputs(environment: Mapping[str, str] | None = None) -> list[GivenInput]:
    """Return the datasets that this process was given."""
    variables = os.environ if environment is None else environment
    found = []
    for entry in _listed(variables, INPUTS_VARIABLE, ","):
        name, _, mode = entry.partition(":")
        value = variables.get(_INPUT + name, variables.get(name))
        if value is not None:
            found.append(GivenInput(name, mode.lower(), value))
    return found


def output_folders(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the folders that this process fills, by the names of the outputs."""
    variables = os.environ if environment is None else environment
    names = _listed(variables, FILE_OUTPUTS_VARIABLE, ";")
    return {name: variables[_OUTPUT + name] for name in names if _OUTPUT + name in variables}


def link_outputs(environment: Mapping[str, str] | None = None) -> list[str]:
    """Return the names of the outputs to which this process links datasets."""
    variables = os.environ if environment is None else environment
    return _listed(variables, LINK_OUTPUTS_VARIABLE, ";")


def _listed(variables: Mapping[str, str], name: str, separator: str) -> list[str]:
    return [each for each in variables.get(name, "").split(separator) if each]
