"""The run that a script finds when nobody submitted it: it prints what is logged and keeps it."""

from __future__ import annotations

import atexit
import sys
import time
import traceback
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from azureml.core import _late
from azureml.core._run_base import text_pairs
from azureml.core._run_datasets import InputDatasets, OutputDatasets
from azureml.core._run_files import Uploading
from azureml.core._run_logging import Logging, file_name
from azureml.exceptions import RunEnvironmentException, UserErrorException
from zaffre_sdk.tracking.offline import OfflineKeeper, offline_folder

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

_ENDED = frozenset({"Completed", "Failed", "Canceled"})


@dataclass(frozen=True)
class _Entry:
    name: str
    kind: str
    value: Any
    step: int | None
    time: float


class OfflineRun(Logging, Uploading):
    """A run of this process alone. What it logs is kept, and `zaffre runs sync` sends it."""

    def __init__(self, *, _parent: OfflineRun | None = None, _name: str | None = None) -> None:
        self._run_id = f"OfflineRun_{uuid.uuid4()}"
        self._parent = _parent
        self._name = _name
        self._description = ""
        self._entries: list[_Entry] = []
        self._files: set[str] = set()
        self._children: list[OfflineRun] = []
        self._status = "Running"
        self._tags: dict[str, str] = {}
        self._properties: dict[str, str] = {}
        self.input_datasets = InputDatasets(None)
        self.output_datasets = OutputDatasets(None)
        self._keeper = OfflineKeeper(self._run_id, self._folder(), display_name=_name)
        atexit.register(self._leave)

    @property
    def id(self) -> str:
        """`OfflineRun_` and something random."""
        return self._run_id

    @property
    def experiment(self) -> Any:
        """Refuse: there is no experiment to belong to."""
        raise RunEnvironmentException

    @property
    def parent(self) -> OfflineRun | None:
        """The run that started this one, or None."""
        return self._parent

    @property
    def type(self) -> None:
        """None: its program drives it."""
        return

    @property
    def name(self) -> str:
        """What people call the run."""
        return self._name or self._run_id

    @property
    def display_name(self) -> str:
        """What people call the run."""
        return self.name

    @display_name.setter
    def display_name(self, name: str) -> None:
        self._name = name
        self._keeper.event("display_name", name)

    @property
    def description(self) -> str:
        """What people say about the run."""
        return self._description

    @description.setter
    def description(self, description: str) -> None:
        self._description = description
        self._keeper.event("description", description)

    @property
    def tags(self) -> dict[str, str]:
        """The tags."""
        return dict(self._tags)

    @property
    def properties(self) -> dict[str, str]:
        """The properties, which are never changed once set."""
        return dict(self._properties)

    @property
    def status(self) -> str:
        """`Running` until the program says that it ended."""
        return self._status

    def get_status(self) -> str:
        """Return `Running` until the program says that it ended."""
        return self._status

    def get_metrics(
        self,
        name: str | None = None,
        recursive: bool = False,
        run_type: str | None = None,
        populate: bool = False,
    ) -> dict[str, Any]:
        """Return what was logged, by name; with `recursive`, by run for the children too."""
        entries = [one for one in self._entries if name in (None, one.name)]
        as_v1 = _late.find("azureml.core._metric_values", "as_v1")
        shaped: dict[str, Any] = as_v1(entries, self._run_id)
        if not recursive:
            return shaped
        below = self.get_children(recursive=True)
        return {self.id: shaped, **{child.id: child.get_metrics(name) for child in below}}

    def get_details(self) -> dict[str, Any]:
        """Return what is known about the run, under v1's keys."""
        return {
            "runId": self._run_id,
            "target": "local",
            "status": self._status,
            "properties": self.properties,
            "inputDatasets": [],
            "outputDatasets": [],
            "runDefinition": {},
            "logFiles": {},
        }

    def get_tags(self) -> dict[str, str]:
        """Return the tags."""
        return self.tags

    def get_properties(self) -> dict[str, str]:
        """Return the properties."""
        return self.properties

    def tag(self, key: str, value: str | None = None) -> None:
        """Set a tag."""
        self.set_tags({key: value})

    def set_tags(self, tags: dict[str, Any]) -> None:
        """Set tags; those that are not named stay."""
        self._tags.update(text_pairs(tags, "tags"))
        self._keeper.event("tags", text_pairs(tags, "tags"))

    def remove_tags(self, tags: Any) -> dict[str, str]:
        """Remove tags, given by their keys, and return what is left."""
        gone = _late.find("azureml.core._run_filters", "label_filter")(tags, "tags")
        self._tags = {key: one for key, one in self._tags.items() if key not in gone}
        self._keeper.event("tags", dict.fromkeys(gone))
        return self.tags

    def add_properties(self, properties: dict[str, Any]) -> None:
        """Add properties; what was set before cannot be changed."""
        added = text_pairs(properties, "properties")
        for key, value in added.items():
            if self._properties.get(key, value) != value:
                raise UserErrorException(
                    f"The property `{key}` is `{self._properties[key]}` and cannot become "
                    f"`{value}`.\nProperties are written once; use a tag for what changes."
                )
        self._properties.update(added)
        self._keeper.event("properties", added)

    def child_run(
        self, name: str | None = None, run_id: str | None = None, outputs: str | None = None
    ) -> OfflineRun:
        """Start another run like this below it."""
        child = type(self)(_parent=self, _name=name)
        self._children.append(child)
        return child

    def create_children(
        self, count: int | None = None, tag_key: str | None = None, tag_values: Any = None
    ) -> list[OfflineRun]:
        """Start several runs below this one, one for each of `tag_values` or `count` of them."""
        children = []
        for tags in child_tags(count, tag_key, tag_values):
            child = self.child_run()
            if tags:
                child.set_tags(tags)
            children.append(child)
        return children

    def get_children(self, recursive: bool = False, **_: Any) -> list[OfflineRun]:
        """Return the runs that this one started, newest first."""
        found = []
        for child in reversed(self._children):
            found += [child, *(child.get_children(recursive=True) if recursive else ())]
        return found

    def get_file_names(self) -> list[str]:
        """Return the paths of all files of the run."""
        return sorted(self._files)

    def flush(self, timeout_seconds: float = 0) -> None:
        """Do nothing: nothing is on its way."""

    def start(self) -> None:
        """Do nothing: it has begun."""

    def complete(self, _set_status: bool = True) -> None:
        """Say that the run ended well."""
        self._end("Completed")

    def fail(
        self, error_details: Any = None, error_code: Any = None, _set_status: bool = True
    ) -> None:
        """Say that the run failed."""
        words = str(error_details) if error_details is not None else "The program called `fail`."
        self._end("Failed", {"code": str(error_code or "UserError"), "message": words})

    def cancel(self) -> None:
        """Say that the run was given up."""
        self._end("Canceled")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: object,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.complete()
        else:
            self.fail("".join(traceback.format_exception_only(kind, error)).strip())

    def __repr__(self) -> str:
        return f"Run(Id: {self._run_id}, Status: {self._status})"

    def _folder(self) -> Path | None:
        if self._parent is not None:
            return self._parent._keeper.child_folder(self._run_id)  # noqa: SLF001 - its own class
        root = offline_folder()
        return None if root is None else root / self._run_id

    def _record(self, name: str, kind: str, value: Any, step: int | None = None) -> None:
        self._entries.append(_Entry(name, kind, value, step, time.time()))
        self._keeper.metric(name, kind, value, step)
        self._say(f"{name} = {value}")

    def _record_file(self, name: str, kind: str, data: bytes, ending: str) -> None:
        path = file_name(name, ending)
        self._files.add(path)
        self._keeper.file(path, data)
        self._record(name, kind, path)

    def _send(self, files: dict[str, Any]) -> list[None]:
        for name, source in files.items():
            self._keeper.file(name, source)
            self._files.add(name)
            self._say(f"file `{name}`")
        return [None] * len(files)

    def _end(self, status: str, error: dict[str, str] | None = None) -> None:
        self._status = status
        end: dict[str, Any] = {"state": status, "at": time.time()}
        self._keeper.event("end", end if error is None else {**end, "error": error})

    def _leave(self) -> None:
        """Say how the program ended, if it did not, and let others send the run."""
        if not self._keeper.has_begun:
            return
        if self._status not in _ENDED:
            # People who type go on after an error, a program does not.
            raised = None if hasattr(sys, "ps1") else getattr(sys, "last_value", None)
            if raised is None:
                self.complete()
            else:
                self.fail("".join(traceback.format_exception_only(type(raised), raised)).strip())
        self._keeper.release()
        if self._parent is None and self._keeper.folder is not None:
            self._say(f"kept in {self._keeper.folder}; `zaffre runs sync` sends it to a server")

    def _say(self, text: str) -> None:
        # A closed stream is no reason to stop the program.
        try:
            sys.stdout.write(f"OfflineRun: {text}\n")
        except (AttributeError, OSError, ValueError):
            return


def child_tags(count: int | None, tag_key: str | None, tag_values: Any) -> list[dict[str, str]]:
    """Return the tags of each of several runs to be started.

    Raises:
        UserErrorException: Neither `count` nor `tag_values`, or both; or values without a key.
    """
    if (count is None) == (tag_values is None):
        raise UserErrorException("Give either `count`, or `tag_key` with `tag_values`.")
    if tag_values is None:
        return [{} for _ in range(int(count or 0))]
    if tag_key is None:
        raise UserErrorException("`tag_values` needs a `tag_key`.")
    return [{tag_key: str(value)} for value in tag_values]
