"""Models: logged ones under their ids, registered ones under the numbers of their versions."""

import posixpath
from typing import Final

from zaffre_sdk.errors import NotFoundError
from zaffre_sdk.wire.files import FileEntry
from zaffre_sdk.wire.imports import (
    LoggedModelImport,
    MeasureImport,
    RegisteredModelImport,
    VersionImport,
)

from zaffre.importing.entities import LoggedModel, RegisteredModel, Version
from zaffre.importing.report import Report
from zaffre.importing.sending import send_files, stored_entries
from zaffre.importing.sources.origins import in_logged_model, in_run
from zaffre.importing.sources.source import Source
from zaffre.importing.target import Target
from zaffre.importing.words import PENDING, is_prompt

_FOLDER: Final = "model"
_SAME_TIME: Final = 0.001


class ModelWriter:
    """Brings models, one after the other."""

    def __init__(self, source: Source, target: Target, report: Report, *, files: bool) -> None:
        self._source = source
        self._target = target
        self._report = report
        self._files = files

    def bring_logged(self, model: LoggedModel, experiment_id: str) -> None:
        """Bring a logged model; it is pending until its files are there."""
        with self._report.about(f"logged model {model.id}"):
            begun = self._target.native.imports.logged_model(
                _logged(model, experiment_id, status=PENDING)
            )
            if not begun.is_pending:
                self._report.was_there("logged models")
                return
            if self._files:
                send_files(
                    self._source.logged_model_files(model),
                    self._target,
                    self._report,
                    place=f"models/{model.id}",
                    about=f"files of logged model {model.id}",
                    there={},
                )
            self._target.native.imports.logged_model(
                _logged(model, experiment_id, status=model.status)
            )
            if begun.is_new:
                self._report.came("logged models")
            else:
                self._report.was_there("logged models")

    def bring_registered(self, model: RegisteredModel) -> None:
        """Bring a registered model, or those of its versions that are new."""
        with self._report.about(f"registered model {model.name}"):
            made = self._target.native.imports.registered_model(_registered(model))
            if made.is_new:
                self._report.came("registered models")
            else:
                self._report.was_there("registered models")
            for version in model.versions:
                aliases = [
                    one for one, number in model.aliases.items() if number == version.version
                ]
                self._bring_version(version, aliases)

    def _bring_version(self, version: Version, aliases: list[str]) -> None:
        with self._report.about(f"version {version.version} of {version.name}"):
            if self._is_there(version):
                self._report.was_there("versions")
                return
            files = self._entries(version) if self._files else []
            self._target.native.imports.version(_version(version, files, aliases))
            self._report.came("versions")

    def _is_there(self, version: Version) -> bool:
        """Tell whether this version came before; another one of its number is refused later."""
        try:
            found = self._target.native.models.get(f"{version.name}:{version.version}")
        except NotFoundError:
            return False
        return abs(found.created_at - version.created_at / 1000) < _SAME_TIME

    def _entries(self, version: Version) -> list[FileEntry]:
        """Send the files of a version; without those that cannot be read it comes all the same."""
        if is_prompt(version.tags):
            return []
        with self._report.about(f"files of version {version.version} of {version.name}"):
            return stored_entries(
                self._source.version_files(version), self._target, _folder_of(version)
            )
        return []


def _folder_of(version: Version) -> str:
    """Return the name of the folder that was registered."""
    for place in (version.source, version.place):
        said = in_logged_model(place) or in_run(place)
        if said is not None:
            return posixpath.basename(said[1].rstrip("/")) or _FOLDER
    return posixpath.basename(version.place.rstrip("/")) or _FOLDER


def _logged(model: LoggedModel, experiment_id: str, *, status: str) -> LoggedModelImport:
    return LoggedModelImport(
        id=model.id,
        experiment_id=experiment_id,
        name=model.name,
        status=status,
        status_message=model.status_message,
        created_at=model.created_at / 1000,
        updated_at=model.updated_at / 1000,
        model_type=model.model_type,
        run_id=model.run_id,
        archived=model.is_deleted,
        tags=model.tags,
        params=model.params,
        measures=[
            MeasureImport(
                name=one.name,
                value=one.value,
                step=one.step,
                time=one.time / 1000,
                run_id=one.run_id,
                dataset_name=one.dataset_name,
                dataset_digest=one.dataset_digest,
            )
            for one in model.measures
        ],
    )


def _registered(model: RegisteredModel) -> RegisteredModelImport:
    return RegisteredModelImport(
        name=model.name,
        created_at=model.created_at / 1000,
        updated_at=model.updated_at / 1000,
        description=model.description,
        tags=model.tags,
    )


def _version(version: Version, files: list[FileEntry], aliases: list[str]) -> VersionImport:
    return VersionImport(
        name=version.name,
        version=version.version,
        created_at=version.created_at / 1000,
        updated_at=version.updated_at / 1000,
        files=files,
        source=version.source,
        run_id=version.run_id,
        run_link=version.run_link,
        logged_model_id=version.logged_model_id,
        stage=version.stage,
        description=version.description,
        tags=version.tags,
        aliases=aliases,
    )
