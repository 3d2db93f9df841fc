"""What addresses below `mlflow-artifacts:/` mean.

`runs/<run>/…`, `models/<logged model>/…`, `traces/<trace>/…`, and to be read only
`registered-models/<name>/<version>/…`. What MLflow's own server would say,
`<experiment>/<run>/artifacts/…`, means the same as `runs/<run>/…`.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import Final, NamedTuple

from zaffre.domain.artifacts import FileOwner, OwnerKind
from zaffre.domain.errors import ForbiddenError, missing
from zaffre.domain.paths import check_path
from zaffre.protocols.mlflow.run_words import RUN_ARTIFACTS


class Owner(StrEnum):
    """What has files."""

    RUN = "run"
    LOGGED_MODEL = "logged_model"
    TRACE = "trace"
    MODEL_VERSION = "model_version"


class Place(NamedTuple):
    """A file or a folder of something.

    Attributes:
        id: Of the run, the logged model or the trace; `name:version` of a model version.
        path: Relative; empty is the topmost folder.
    """

    owner: Owner
    id: str
    path: str

    def file_owner(self, workspace_id: str) -> FileOwner:
        """Return whose files these are, if it is not a run.

        Raises:
            ForbiddenError: `Forbidden`, for a model version.
        """
        kind = _KINDS.get(self.owner)
        if kind is None:
            raise ForbiddenError(
                "Forbidden",
                "The files of a registered model version do not change.",
                target="path",
                hint="Register another version.",
            )
        return FileOwner(workspace_id, kind, self.id)

    def file(self) -> str:
        """Return the path of a file, checked.

        Raises:
            InvalidError: `InvalidPath`.
        """
        return check_path(self.path)


_KINDS: Final = {
    Owner.LOGGED_MODEL: OwnerKind.LOGGED_MODEL,
    Owner.TRACE: OwnerKind.TRACE,
}


def place_of(address: str) -> Place:
    """Return what an address means; it was decoded before, once.

    Raises:
        InvalidError: `InvalidPath`.
        NotFoundError: `ArtifactNotFound`.
    """
    address = address.strip("/")
    if address:
        address = check_path(address)
    first, *rest = address.split("/")
    read = _READERS.get(first)
    found = read(rest) if read is not None else _of_experiment([first, *rest])
    if found is None:
        raise missing("artifact", address)
    return found


def folder_of(address: str) -> str:
    """Return the address of a folder without segments that say `here` or nothing.

    Programs ask for the folder `.` of a run, and put a slash behind folders. What climbs stays
    in the address, for `place_of` to refuse.
    """
    return "/".join(segment for segment in address.split("/") if segment not in {"", "."})


def run_uri(run_id: str) -> str:
    """Return where clients find the files of a run."""
    return f"{RUN_ARTIFACTS}{run_id}"


def _simple(owner: Owner) -> Callable[[list[str]], Place | None]:
    def read(rest: list[str]) -> Place | None:
        return Place(owner, rest[0], "/".join(rest[1:])) if rest else None

    return read


def _of_experiment(rest: list[str]) -> Place | None:
    """Read how MLflow's own server lays files out, with `experiments/` before it or without."""
    match rest:
        case [_, "models", model, "artifacts", *path]:
            return Place(Owner.LOGGED_MODEL, model, "/".join(path))
        case [_, "traces", trace, "artifacts", *path]:
            return Place(Owner.TRACE, trace, "/".join(path))
        case [_, run, "artifacts", *path]:
            return Place(Owner.RUN, run, "/".join(path))
    return None


def _of_version(rest: list[str]) -> Place | None:
    match rest:
        case [name, version, *path] if version.isdecimal():
            return Place(Owner.MODEL_VERSION, f"{name}:{int(version)}", "/".join(path))
    return None


_READERS: Final[dict[str, Callable[[list[str]], Place | None]]] = {
    "runs": _simple(Owner.RUN),
    "models": _simple(Owner.LOGGED_MODEL),
    "traces": _simple(Owner.TRACE),
    "experiments": _of_experiment,
    "registered-models": _of_version,
}
