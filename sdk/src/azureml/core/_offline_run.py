"""The run that a script finds when nobody submitted it: it prints what is logged and keeps it."""

from __future__ import annotations

import sys
import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from azureml.core import _late
from azureml.core._run_logging import Logging
from azureml.exceptions import RunEnvironmentException

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self


@dataclass(frozen=True)
class _Entry:
    name: str
    kind: str
    value: Any
    step: int | None
    time: float


class OfflineRun(Logging):
    """A run of this process alone; nothing is sent anywhere."""

    def __init__(self) -> None:
        self._run_id = f"OfflineRun_{uuid.uuid4()}"
        self._entries: list[_Entry] = []
        self._status = "Running"
        self.tags: dict[str, str] = {}
        self.properties: dict[str, str] = {}
        self.input_datasets: dict[str, Any] = {}
        self.output_datasets: dict[str, Any] = {}

    @property
    def id(self) -> str:
        """`OfflineRun_` and something random."""
        return self._run_id

    @property
    def experiment(self) -> Any:
        """None: there is no experiment to belong to."""
        raise RunEnvironmentException

    @property
    def parent(self) -> None:
        """None."""
        return

    @property
    def status(self) -> str:
        """`Running` until the program says that it ended."""
        return self._status

    def get_status(self) -> str:
        """Return `Running` until the program says that it ended."""
        return self._status

    def get_metrics(self, name: str | None = None, **_: Any) -> dict[str, Any]:
        """Return what was logged, by name."""
        entries = [one for one in self._entries if name in (None, one.name)]
        as_v1 = _late.find("azureml.core._metric_values", "as_v1")
        shaped: dict[str, Any] = as_v1(entries, self._run_id)
        return shaped

    def get_tags(self) -> dict[str, str]:
        """Return the tags."""
        return self.tags

    def get_properties(self) -> dict[str, str]:
        """Return the properties."""
        return self.properties

    def tag(self, key: str, value: str | None = None) -> None:
        """Set a tag."""
        self.tags[key] = "" if value is None else str(value)

    def set_tags(self, tags: dict[str, Any]) -> None:
        """Set tags."""
        for key, value in tags.items():
            self.tag(key, value)

    def add_properties(self, properties: dict[str, Any]) -> None:
        """Add properties."""
        self.properties.update({key: str(value) for key, value in properties.items()})

    def child_run(self, name: str | None = None, *_: Any, **__: Any) -> OfflineRun:
        """Return another run like this."""
        return type(self)()

    def upload_file(
        self, name: str, path_or_stream: Any, datastore_name: str | None = None
    ) -> None:
        """Say that the file would be sent."""
        self._say(f"file `{name}` stays where it is")

    def upload_folder(self, name: str, path: str, datastore_name: str | None = None) -> None:
        """Say that the folder would be sent."""
        self._say(f"folder `{name}` stays where it is")

    def flush(self, timeout_seconds: float = 0) -> None:
        """Do nothing: nothing is on its way."""

    def complete(self, _set_status: bool = True) -> None:
        """Say that the run ended well."""
        self._status = "Completed"

    def fail(self, error_details: Any = None, error_code: Any = None, **_: Any) -> None:
        """Say that the run failed."""
        self._status = "Failed"

    def cancel(self) -> None:
        """Say that the run was given up."""
        self._status = "Canceled"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        (self.complete if kind is None else self.fail)()

    def __repr__(self) -> str:
        return f"Run(Id: {self._run_id}, Status: {self._status})"

    def _record(self, name: str, kind: str, value: Any, step: int | None = None) -> None:
        self._entries.append(_Entry(name, kind, value, step, time.time()))
        self._say(f"{name} = {value}")

    def _record_file(self, name: str, kind: str, data: bytes, ending: str) -> None:
        self._record(name, kind, f"{name}{ending}")

    def _say(self, text: str) -> None:
        sys.stdout.write(f"OfflineRun: {text}\n")
