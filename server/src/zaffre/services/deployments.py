"""What a deployment, its keys and its port may be."""

from dataclasses import replace
from typing import Final

from zaffre.base.text import shown
from zaffre.domain.endpoints import Capacity, DeploymentSpec, EndpointKind
from zaffre.domain.errors import ConflictError, InvalidError
from zaffre.domain.files import there_is
from zaffre.domain.models import Model
from zaffre.domain.paths import check_path
from zaffre.ports.stores import Stores

MIN_KEY_LENGTH: Final = 16
MAX_KEY_LENGTH: Final = 256
MAX_TIMEOUT_SECONDS: Final = 3600.0
MAX_CONCURRENT: Final = 10_000
MAX_MODELS: Final = 100
_MIN_PORT: Final = 1024
_MAX_PORT: Final = 65_535
_KEY_NAMES: Final = ("primary", "secondary")


def check_deployment(
    stores: Stores, workspace_id: str, spec: DeploymentSpec, *, capacity: Capacity
) -> DeploymentSpec:
    """Return a deployment whose parts are there and whose sizes can be had.

    Raises:
        InvalidError: `CapacityExceeded`, `TooManyModels` or `EntryScriptNotFound`.
        NotFoundError: `ModelNotFound` or `SnapshotNotFound`.
    """
    for field, value, most in (
        ("cpu_cores", spec.cpu_cores, capacity.cpu_cores),
        ("memory_gb", spec.memory_gb, capacity.memory_gb),
        ("replicas", spec.replicas, capacity.replicas),
        ("timeout_seconds", spec.timeout_seconds, MAX_TIMEOUT_SECONDS),
        ("max_concurrent", spec.max_concurrent, MAX_CONCURRENT),
    ):
        if not 0 < value <= most:
            raise InvalidError(
                "CapacityExceeded",
                f"The value {shown(value)} of `{field}` cannot be had.",
                target=f"spec.{field}",
                hint=f"Ask for more than 0 and at most {most:g}.",
            )
    if len(spec.model_ids) > MAX_MODELS:
        raise InvalidError(
            "TooManyModels",
            f"There are {len(spec.model_ids)} models; a deployment has at most {MAX_MODELS}.",
            target="spec.model_ids",
        )
    for model_id in spec.model_ids:
        _check_model(stores.models.get(workspace_id, model_id))
    return replace(spec, entry_script=_entry_script(stores, workspace_id, spec))


def check_port(stores: Stores, kind: EndpointKind, port: int | None) -> int | None:
    """Return the port for an endpoint of that kind.

    Raises:
        InvalidError: `InvalidPort`.
        ConflictError: `PortInUse`, by another endpoint.
    """
    if port is None:
        return None
    if kind is not EndpointKind.LOCAL or not _MIN_PORT <= port <= _MAX_PORT:
        raise InvalidError(
            "InvalidPort",
            f"The port {shown(port)} cannot be had.",
            target="port",
            hint=f"Local web services have ports from {_MIN_PORT} to {_MAX_PORT}; others have "
            "none.",
        )
    holder = next((e for e in stores.endpoints.list(None) if e.port == port), None)
    if holder is not None:
        raise port_in_use(port, f" by the endpoint {shown(holder.name)}")
    return port


def port_in_use(port: int, whom: str = "") -> ConflictError:
    """Return the error for a port that somebody has."""
    return ConflictError(
        "PortInUse",
        f"The port {shown(port)} is in use{whom}.",
        target="port",
        hint="Choose another one, or none to be given a free one.",
    )


def check_key(key: str) -> str:
    """Return a key that a caller chose.

    Raises:
        InvalidError: `InvalidKey`; the message does not repeat it.
    """
    if not MIN_KEY_LENGTH <= len(key) <= MAX_KEY_LENGTH or not all("!" <= c <= "~" for c in key):
        raise InvalidError(
            "InvalidKey",
            "The key is not allowed.",
            target="key",
            hint=f"A key has {MIN_KEY_LENGTH} to {MAX_KEY_LENGTH} printable ASCII characters "
            "without spaces; leave it out to be given a good one.",
        )
    return key


def check_which(which: str) -> int:
    """Return the place of the key of that name.

    Raises:
        InvalidError: `InvalidKeyName`.
    """
    if which.lower() not in _KEY_NAMES:
        raise InvalidError(
            "InvalidKeyName",
            f"There is no key {shown(which)}.",
            target="which",
            hint="Use `primary` or `secondary`.",
        )
    return _KEY_NAMES.index(which.lower())


def _entry_script(stores: Stores, workspace_id: str, spec: DeploymentSpec) -> str:
    path = check_path(spec.entry_script.removeprefix("./"), target="spec.entry_script")
    paths = [file.path for file in stores.snapshots.get(workspace_id, spec.snapshot_id).files]
    if path not in paths or not path.endswith(".py"):
        raise InvalidError(
            "EntryScriptNotFound",
            f"The source folder has no script {shown(path)}.",
            target="spec.entry_script",
            hint=there_is(paths, meant=path),
        )
    return path


def _check_model(model: Model) -> None:
    if not model.files:
        raise InvalidError(
            "ModelEmpty",
            f"The model {shown(model.id)} has no files, so that there is nothing to deploy.",
            target="spec.model_ids",
            hint=f"It was registered from {shown(model.source)}; register it again once its "
            "files are there.",
        )
