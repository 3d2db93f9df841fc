"""Datasets and their uses between the wire and the domain."""

import msgspec
from zaffre_sdk.wire import datasets as wire
from zaffre_sdk.wire import decoding

from zaffre.domain.data_uses import KnownUse, UseDirection, UseMode
from zaffre.domain.datasets import Dataset, Definition, FileMark
from zaffre.protocols.native.translate.words import from_time, to_word
from zaffre.services.data_uses import NewUse
from zaffre.services.dataset_marks import Changes
from zaffre.services.datasets import NewDataset


def to_new_dataset(given: wire.DatasetIn) -> NewDataset:
    """Return what the caller says of a dataset to be."""
    return NewDataset(
        document=msgspec.to_builtins(given.definition),
        name=given.name,
        description=given.description,
        tags=given.tags,
        new_version=given.new_version,
        marks=tuple(
            FileMark(mark.path, mark.size, mark.mark, mark.datastore, mark.digest)
            for mark in given.marks
        ),
        run_id=given.run_id,
    )


def from_definition(definition: Definition) -> wire.Definition:
    """Return a definition as clients read it."""
    return decoding.from_plain(definition.document, wire.Definition)


def from_dataset(dataset: Dataset) -> wire.DatasetOut:
    """Return one version as clients see it; without name and number once it is unregistered."""
    return wire.DatasetOut(
        id=dataset.id,
        definition=from_definition(dataset.definition),
        description=dataset.description,
        tags=dataset.tags,
        files=dataset.files,
        bytes=dataset.size,
        created_by=dataset.created_by,
        created_at=from_time(dataset.created_at),
        name=dataset.name if dataset.is_registered else None,
        version=dataset.version if dataset.is_registered else None,
        run_id=dataset.run_id,
    )


def from_mark(mark: FileMark) -> wire.FileMark:
    """Return what a file was."""
    return wire.FileMark(
        path=mark.path,
        size=mark.size,
        mark=mark.mark,
        datastore=mark.datastore,
        digest=mark.digest,
    )


def from_changes(changes: Changes) -> wire.DatasetChanges:
    """Return how files differ from what they were."""
    return wire.DatasetChanges(
        checked=changes.checked,
        changed=list(changes.changed),
        missing=list(changes.missing),
        added=list(changes.added),
    )


def to_new_use(given: wire.DataUse) -> NewUse:
    """Return what a run tells of data that it read or made."""
    return NewUse(
        name=given.name,
        direction=to_word(given.direction, UseDirection, target="direction"),
        mode=to_word(given.mode, UseMode, target="mode"),
        dataset_id=given.dataset_id,
        datastore=given.datastore,
        path=given.path,
        path_on_compute=given.path_on_compute,
    )


def from_use(known: KnownUse) -> wire.DataUseOut:
    """Return who read or made what."""
    use = known.use
    return wire.DataUseOut(
        run_id=known.run_id,
        experiment=known.experiment_name,
        name=use.name,
        direction=use.direction,
        mode=use.mode,
        at=from_time(use.at),
        dataset_id=use.dataset_id,
        dataset_name=known.dataset_name,
        dataset_version=known.dataset_version,
        datastore=use.datastore,
        path=use.path,
        path_on_compute=use.path_on_compute,
    )
