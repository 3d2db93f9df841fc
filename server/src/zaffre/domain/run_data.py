"""What a script run is given before it starts, and which of its folders are kept.

Paths on the machine of the run are for its runner, which works under the rights of the user's own
program; the server opens none of them.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from zaffre.base.text import shown
from zaffre.domain.errors import InvalidError
from zaffre.domain.labels import check_labels
from zaffre.domain.paths import check_path

_NAME = re.compile(r"[A-Za-z0-9_]{1,255}")
_MAX_DATA: Final = 1000
_MAX_PATH_BYTES: Final = 4096


class InputMode(StrEnum):
    """How a script gets data."""

    DIRECT = "direct"
    DOWNLOAD = "download"
    MOUNT = "mount"
    HDFS = "hdfs"
    UPLOAD = "upload"
    """A bare path only: a folder whose files are sent there when the script has ended."""


class OutputMode(StrEnum):
    """How what a script leaves becomes data."""

    UPLOAD = "upload"
    MOUNT = "mount"
    LINK = "link"


@dataclass(frozen=True, slots=True, kw_only=True)
class DataInput:
    """What a script is given: a version of a dataset, or a bare path of a datastore."""

    name: str
    mode: InputMode = InputMode.DIRECT
    dataset_id: str | None = None
    datastore: str | None = None
    path: str = ""
    path_on_compute: str | None = None
    overwrite: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputRegistration:
    """Under which name an output becomes a dataset."""

    name: str
    description: str = ""
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class DataOutput:
    """A folder that a script fills, and where its files go.

    Attributes:
        definition: As the client wrote it; checked when it is registered.
    """

    name: str
    mode: OutputMode = OutputMode.MOUNT
    datastore: str | None = None
    path: str = ""
    source: str | None = None
    overwrite: bool = False
    globs: tuple[str, ...] = ()
    definition: dict[str, Any] | None = None
    register: OutputRegistration | None = None


def check_run_data(inputs: tuple[DataInput, ...], outputs: tuple[DataOutput, ...]) -> None:
    """Refuse data that no run could be given or leave.

    Raises:
        InvalidError: `InvalidRunSpec`, `DuplicateName` or `InvalidPath`, naming the field.
    """
    if len(inputs) + len(outputs) > _MAX_DATA:
        raise _refused(
            f"There are {len(inputs)} inputs and {len(outputs)} outputs; at most {_MAX_DATA} are "
            "taken.",
            "inputs",
        )
    for index, given in enumerate(inputs):
        _check_input(given, f"inputs[{index}]")
    for index, output in enumerate(outputs):
        _check_output(output, f"outputs[{index}]")
    _check_names([*(one.name for one in inputs), *(one.name for one in outputs)])


def _check_input(given: DataInput, field_name: str) -> None:
    if (given.dataset_id is None) == (given.datastore is None):
        raise _refused(
            f"The input {shown(given.name)} is either a dataset or a path of a datastore.",
            f"{field_name}.dataset_id",
        )
    bare_only = given.mode is InputMode.UPLOAD
    dataset_only = given.mode is InputMode.DIRECT
    if (bare_only and given.dataset_id) or (dataset_only and given.datastore):
        what = "a dataset" if given.dataset_id else "a path of a datastore"
        raise _refused(
            f"The input {shown(given.name)} is {what} and has no mode {shown(given.mode)}.",
            f"{field_name}.mode",
        )
    _check_store_path(given.path, f"spec.{field_name}.path")
    _check_machine_path(given.path_on_compute, f"{field_name}.path_on_compute")


def _check_output(output: DataOutput, field_name: str) -> None:
    _check_store_path(output.path, f"spec.{field_name}.path")
    _check_machine_path(output.source, f"{field_name}.source")
    if output.register is not None:
        if not output.register.name:
            raise _refused(
                f"The output {shown(output.name)} is registered under an empty name.",
                f"{field_name}.register.name",
            )
        check_labels(output.register.tags, target=f"spec.{field_name}.register.tags")


def _check_store_path(path: str, target: str) -> None:
    plain = path.strip("/")
    if plain:
        check_path(plain, target=target)


def _check_machine_path(path: str | None, field_name: str) -> None:
    if path is None:
        return
    if not path or "\0" in path or len(path.encode(errors="surrogatepass")) > _MAX_PATH_BYTES:
        raise _refused(f"The path {shown(path)} is empty, too long or has a NUL.", field_name)


def _check_names(names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if not _NAME.fullmatch(name):
            raise _refused(
                f"The name {shown(name)} of an input or output is not allowed: it has 1 to 255 "
                "letters, digits or `_`.",
                "inputs",
            )
        if name in seen:
            raise InvalidError(
                "DuplicateName",
                f"Two inputs or outputs are named {shown(name)}.",
                target="spec.inputs",
                hint="Give each a name of its own, such as with `as_named_input`.",
            )
        seen.add(name)


def _refused(message: str, field_name: str) -> InvalidError:
    return InvalidError("InvalidRunSpec", message, target=f"spec.{field_name}")
