"""Use cases of wheels, and of the other files that environments are made of."""

import re
from collections.abc import Sequence
from typing import Final

from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from zaffre.base.text import shown
from zaffre.domain.access import Principal
from zaffre.domain.environments import EnvironmentFile, EnvironmentSpec
from zaffre.domain.errors import ConflictError, InvalidError, PreconditionError, missing
from zaffre.domain.files import check_digest
from zaffre.ports.stores import Stores
from zaffre.services.access import seen_workspace
from zaffre.services.context import Context

_WHEELS: Final = "wheels"
_MAX_FILES: Final = 1_000
_WHEEL_NAME: Final = re.compile(r"[A-Za-z0-9._+!\-]{1,255}")


class WheelService:
    """Use cases of the wheels of a workspace, within one transaction."""

    def __init__(self, stores: Stores, context: Context) -> None:
        self._stores = stores
        self._context = context

    def add(
        self, workspace_id: str, name: str, *, digest: str, caller: Principal
    ) -> EnvironmentFile:
        """Keep bytes that were sent as a wheel.

        Raises:
            InvalidError: `InvalidWheel`: the name is none of a wheel.
            PreconditionError: `BlobMissing`.
            ConflictError: `WheelExists`, when there is another one of this name.
        """
        seen_workspace(self._stores, workspace_id, caller=caller)
        path = f"{_WHEELS}/{check_wheel(name)}"
        check_digest(digest)
        present = self._stores.environments.file(workspace_id, path)
        if present is not None and present.digest != digest:
            raise ConflictError(
                "WheelExists",
                f"The workspace has another wheel {shown(name)}.",
                target="name",
                hint="Give the new one another version.",
            )
        if present is not None:
            return present
        return _keep(self._stores, self._context, workspace_id, {path: digest})[0]

    def get(self, workspace_id: str, name: str, *, caller: Principal) -> EnvironmentFile:
        """Return the wheel of that name; raises `WheelNotFound`."""
        seen_workspace(self._stores, workspace_id, caller=caller)
        found = self._stores.environments.file(workspace_id, f"{_WHEELS}/{name}")
        if found is None:
            raise missing("wheel", name)
        return found

    def list(self, workspace_id: str, *, caller: Principal) -> Sequence[EnvironmentFile]:
        """Return the wheels of a workspace by name."""
        seen_workspace(self._stores, workspace_id, caller=caller)
        return self._stores.environments.files(workspace_id, _WHEELS)


def check_wheel(name: str) -> str:
    """Return the name of a wheel.

    Raises:
        InvalidError: `InvalidWheel`.
    """
    if not _WHEEL_NAME.fullmatch(name):
        raise _no_wheel(name)
    try:
        parse_wheel_filename(name)
    except InvalidWheelFilename as error:
        raise _no_wheel(name) from error
    return name


def accept(
    stores: Stores, context: Context, workspace_id: str, *, spec: EnvironmentSpec | None
) -> None:
    """Check a specification, and give its files a name that outlives what names them now.

    Raises:
        InvalidError: `InvalidRequirement`, `InvalidWheel`, `TooManyFiles` or `InvalidDigest`.
        PreconditionError: `BlobMissing`, naming the file.
    """
    if spec is None:
        return
    context.check_environment(spec)
    named = {**spec.wheels, **(spec.image.files if spec.image else {})}
    if len(named) > _MAX_FILES:
        raise InvalidError(
            "TooManyFiles",
            f"The environment names {len(named)} files; at most {_MAX_FILES} are kept.",
            target="environment",
            hint="Leave out of the build context what the Dockerfile does not use.",
        )
    for name in spec.wheels:
        check_wheel(name)
    for name, digest in named.items():
        check_digest(digest, target=f"environment file {shown(name)}")
    _keep(stores, context, workspace_id, {f"sha256/{one}": one for one in named.values()})


def _no_wheel(name: str) -> InvalidError:
    return InvalidError(
        "InvalidWheel",
        f"{shown(name)} is no name of a wheel.",
        target="name",
        hint="Wheels are called like `name-1.2-py3-none-any.whl`; build one with `pip wheel`.",
    )


def _keep(
    stores: Stores, context: Context, workspace_id: str, digests: dict[str, str]
) -> list[EnvironmentFile]:
    known = stores.snapshots.known_blobs(workspace_id, digests.values()) if digests else {}
    for path, digest in digests.items():
        if digest not in known:
            raise PreconditionError(
                "BlobMissing",
                f"The bytes of {shown(path)}, {digest}, were not sent.",
                target="environment",
                hint="Send them first, then name them.",
            )
    now = context.clock.now()
    files = [
        EnvironmentFile(
            workspace_id=workspace_id,
            path=path,
            digest=digest,
            size=known[digest],
            created_at=now,
        )
        for path, digest in digests.items()
    ]
    for file in files:
        stores.environments.keep(file)
    return files
