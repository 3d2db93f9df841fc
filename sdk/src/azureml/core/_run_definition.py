"""The run definition that `get_details` gives back, under the keys of the service of v1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from azureml.core.runconfig import RunConfiguration

# What files of run configurations call otherwise than the definition of a run.
_KEYS = {
    "pytorch": "pyTorch",
    "paralleltask": "parallelTask",
    "amlcompute": "amlCompute",
    "kubernetescompute": "kubernetesCompute",
}


def run_definition(configuration: RunConfiguration, **words: Any) -> dict[str, Any]:
    """Return the definition of a run.

    Args:
        configuration: Where and how it runs.
        **words: What the submission says in place of the configuration.
    """
    content = configuration.to_dict()
    return {
        "useAbsolutePath": False,
        "sourceDirectoryDataStore": None,
        **{_KEYS.get(key, key): value for key, value in content.items()},
        **words,
    }
