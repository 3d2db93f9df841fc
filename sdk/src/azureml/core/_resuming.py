"""Runs that go on from what another left."""

from __future__ import annotations

from typing import Any

from azureml.exceptions import UserErrorException

_NAME = "MODEL_LOCATION"
_OPTION = "--resume-from"


def resume(config: Any, place: Any) -> None:
    """Give a script the folder of a `DataPath` as `--resume-from`.

    Args:
        config: The ScriptRunConfig; changed.
        place: The path.

    Raises:
        UserErrorException: It is something else.
    """
    reference = reference_to(place)
    if not config.command:
        config.arguments = [*config.arguments, _OPTION, reference]
    elif isinstance(config.command, str):
        config.command = f'{config.command} {_OPTION} "{reference}"'
        config.run_config.data_references[_NAME] = reference.to_config()
    else:
        config.command = [*config.command, _OPTION, reference]


def reference_to(place: Any) -> Any:
    """Return the data reference that stands for what is gone on from.

    Raises:
        UserErrorException: It is no `DataPath`.
    """
    if not hasattr(place, "create_data_reference") or not hasattr(place, "path_on_datastore"):
        raise UserErrorException(
            f"`resume_from` must be a DataPath, not {place!r} ({type(place).__name__}).\n"
            "Such as `DataPath(datastore, 'checkpoints/run-1')`."
        )
    return place.create_data_reference(data_reference_name=_NAME)
