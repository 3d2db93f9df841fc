"""From sections of a run configuration to the inputs and outputs that the server takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

import msgspec

from azureml.exceptions import UserErrorException
from zaffre_sdk.wire import decoding
from zaffre_sdk.wire.datasets import (
    DataInput,
    DataOutput,
    DataPlace,
    Definition,
    OutputRegistration,
)

if TYPE_CHECKING:
    from azureml.core._data_sections import (
        Data,
        DataLocation,
        DataReferenceConfiguration,
        Dataset,
        OutputData,
        OutputOptions,
        RegistrationOptions,
    )

DEFAULT_OUTPUT_PATH = "dataset/{run-id}/{output-name}"
_INPUT_MODES = ("direct", "download", "mount", "hdfs")
_REFERENCE_MODES = ("download", "mount", "upload")
_OUTPUT_MODES = {"upload": "upload", "mount": "mount", "link": "link", "hdfs": "mount"}
_WEB = ("http", "https")


class Datasets(Protocol):
    """Finds the ids of datasets, and keeps definitions that have none."""

    def dataset_id(self, dataset: Dataset) -> str:
        """Return the id of the dataset that a section names."""

    def keep(self, definition: Definition) -> str:
        """Keep a definition without a name and return its id."""


def input_of_data(name: str, data: Data, datasets: Datasets) -> DataInput:
    """Return an input for a section of `run_config.data`.

    Raises:
        UserErrorException: It says not, or not clearly, where the data lies or how it is given.
    """
    mode = _mode(name, data.mechanism, _INPUT_MODES)
    dataset_id, datastore, path = _place(name, data.data_location, datasets)
    if dataset_id is None and mode == "direct":
        raise UserErrorException(
            f"The input `{name}` is a path of a datastore and cannot have the mechanism "
            "`direct`.\nUse `mount` or `download`."
        )
    return DataInput(
        name=name,
        mode=mode,
        dataset_id=dataset_id,
        datastore=datastore,
        path=path,
        path_on_compute=data.path_on_compute or None,
        overwrite=bool(data.overwrite),
    )


def input_of_reference(name: str, reference: DataReferenceConfiguration) -> DataInput:
    """Return an input for a section of `run_config.data_references`.

    Raises:
        UserErrorException: It names no datastore, or a mode that there is not.
    """
    if not reference.datastore_name:
        raise UserErrorException(f"The data reference `{name}` has no `datastore_name`.")
    return DataInput(
        name=name,
        mode=_mode(name, reference.mode, _REFERENCE_MODES),
        datastore=reference.datastore_name,
        path=_below(reference.path_on_datastore),
        path_on_compute=reference.path_on_compute or None,
        overwrite=bool(reference.overwrite),
    )


def output_of(name: str, output: OutputData) -> DataOutput:
    """Return an output for a section of `run_config.output_data`.

    Raises:
        UserErrorException: Its mechanism, or what is to be done with its files, is not known.
    """
    mode = _OUTPUT_MODES[_mode(name, output.mechanism, tuple(_OUTPUT_MODES))]
    location = output.output_location
    place = None if location is None else location.data_path
    found = DataOutput(name=name, mode=mode, path=DEFAULT_OUTPUT_PATH)
    if place is not None:
        found.datastore = place.datastore_name
        found.path = _below(place.relative_path) or DEFAULT_OUTPUT_PATH
    if output.additional_options is not None:
        _take_options(found, output.additional_options)
    return found


def _take_options(found: DataOutput, options: OutputOptions) -> None:
    found.source = options.path_on_compute or None
    upload = options.upload_options
    if upload is not None:
        found.overwrite = bool(upload.overwrite)
        found.globs = list((upload.source_globs and upload.source_globs.patterns) or [])
    registration = options.registration_options
    if registration is not None:
        found.definition = _definition(found.name, registration)
        if registration.name:
            found.register = OutputRegistration(
                name=registration.name,
                description=registration.description or "",
                tags=dict(registration.tags or {}),
            )


def _definition(name: str, registration: RegistrationOptions) -> Definition | None:
    options = registration.dataset_registration_options
    text = None if options is None else options.additional_transformations
    if not text:
        return None
    try:
        return decoding.from_json(str(text).encode(), Definition)
    except msgspec.MsgspecError as error:
        raise UserErrorException(
            f"The `additional_transformations` of the output `{name}` cannot be read: {error}.\n"
            "Describe the output with OutputFileDatasetConfig and its `read_delimited_files`."
        ) from error


def _place(
    name: str, location: DataLocation | None, datasets: Datasets
) -> tuple[str | None, str | None, str]:
    """Return the id of a dataset, or a datastore with a path."""
    if location is not None and location.dataset is not None:
        return datasets.dataset_id(location.dataset), None, ""
    if location is not None and location.data_path is not None:
        place = location.data_path
        if place.datastore_name:
            return None, place.datastore_name, _below(place.relative_path)
    if location is not None and location.uri is not None and location.uri.path:
        return _address(name, location.uri.path, datasets)
    raise UserErrorException(
        f"The input `{name}` has no `data_location` with a dataset, a data path or a URI."
    )


def _address(name: str, address: str, datasets: Datasets) -> tuple[str | None, str | None, str]:
    parts = urlsplit(address)
    if parts.scheme in _WEB:
        definition = Definition(kind="file", places=[DataPlace(path=address)])
        return datasets.keep(definition), None, ""
    store, found, path = address.partition("/datastores/")[2].partition("/paths/")
    if parts.scheme == "azureml" and found:
        return None, store, _below(path)
    raise UserErrorException(
        f"The input `{name}` lies at `{address}`, which cannot be read.\n"
        "Use an http(s) address, or `azureml://datastores/<name>/paths/<path>`."
    )


def _below(path: Any) -> str:
    """Return a path below a datastore: without what stands before its first name."""
    text = str(path or "").replace("\\", "/")
    return "/".join(part for part in text.split("/") if part not in {"", "."})


def _mode(name: str, given: Any, known: tuple[str, ...]) -> str:
    mode = str(getattr(given, "value", given)).lower()
    if mode not in known:
        raise UserErrorException(
            f"`{name}` has the mode `{given}`; one of {', '.join(known)} is expected."
        )
    return mode
