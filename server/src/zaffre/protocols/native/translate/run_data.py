"""The data of runs between the wire and the domain."""

from typing import Any

import msgspec
from zaffre_sdk.wire import datasets as wire
from zaffre_sdk.wire import decoding

from zaffre.domain.run_data import (
    DataInput,
    DataOutput,
    InputMode,
    OutputMode,
    OutputRegistration,
)
from zaffre.protocols.native.translate.words import to_word


def to_data_input(given: wire.DataInput) -> DataInput:
    """Return what a run is given."""
    return DataInput(
        name=given.name,
        mode=to_word(given.mode, InputMode, target="spec.inputs.mode"),
        dataset_id=given.dataset_id,
        datastore=given.datastore,
        path=given.path,
        path_on_compute=given.path_on_compute,
        overwrite=given.overwrite,
    )


def from_data_input(given: DataInput) -> wire.DataInput:
    """Return what a run was given."""
    return wire.DataInput(
        name=given.name,
        mode=given.mode,
        dataset_id=given.dataset_id,
        datastore=given.datastore,
        path=given.path,
        path_on_compute=given.path_on_compute,
        overwrite=given.overwrite,
    )


def to_data_output(output: wire.DataOutput) -> DataOutput:
    """Return what a run is to leave; its definition is kept as the client wrote it."""
    return DataOutput(
        name=output.name,
        mode=to_word(output.mode, OutputMode, target="spec.outputs.mode"),
        datastore=output.datastore,
        path=output.path,
        source=output.source,
        overwrite=output.overwrite,
        globs=tuple(output.globs),
        definition=None if output.definition is None else msgspec.to_builtins(output.definition),
        register=_to_registration(output.register),
    )


def from_data_output(output: DataOutput) -> wire.DataOutput:
    """Return what a run leaves."""
    definition = output.definition
    return wire.DataOutput(
        name=output.name,
        mode=output.mode,
        datastore=output.datastore,
        path=output.path,
        source=output.source,
        overwrite=output.overwrite,
        globs=list(output.globs),
        definition=None if definition is None else _from_document(definition),
        register=_from_registration(output.register),
    )


def _from_document(document: dict[str, Any]) -> wire.Definition:
    return decoding.from_plain(document, wire.Definition)


def _to_registration(given: wire.OutputRegistration | None) -> OutputRegistration | None:
    if given is None:
        return None
    return OutputRegistration(name=given.name, description=given.description, tags=given.tags)


def _from_registration(given: OutputRegistration | None) -> wire.OutputRegistration | None:
    if given is None:
        return None
    return wire.OutputRegistration(name=given.name, description=given.description, tags=given.tags)
