"""Wheels that were uploaded, as files that uv installs from."""

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from zaffre.adapters.builders.azureml import shadowed
from zaffre.base.text import shown
from zaffre.domain.errors import InvalidError, NotFoundError, UnavailableError
from zaffre.domain.files import check_digest

CopyBlob = Callable[[str, Path], Awaitable[None]]


class PrivateWheel(NamedTuple):
    """A wheel that was uploaded."""

    file: str
    digest: str
    package: str


def private_wheels(wheels: Mapping[str, str]) -> tuple[PrivateWheel, ...]:
    """Return the wheels in order.

    Raises:
        InvalidError: `InvalidRequirement` or `InvalidDigest`: a name is none of a wheel.
    """
    return tuple(_wheel(name, wheels[name]) for name in sorted(wheels))


async def lay_out(wheel: PrivateWheel, folder: Path, copy: CopyBlob) -> str:
    """Write a wheel into `folder` and return the requirement for it.

    Raises:
        UnavailableError: `EnvironmentBuildFailed`: its bytes are gone.
    """
    path = folder / wheel.file
    try:
        await copy(wheel.digest, path)
    except NotFoundError as error:
        raise UnavailableError(
            "EnvironmentBuildFailed",
            f"The wheel {shown(wheel.file)} is no longer in the workspace.",
            target="environment",
            hint="Upload it again with `Environment.add_private_pip_wheel`.",
        ) from error
    return f"{wheel.package} @ {path.as_uri()}"


def _wheel(name: str, digest: str) -> PrivateWheel:
    try:
        package = parse_wheel_filename(name)[0]
    except InvalidWheelFilename as error:
        raise InvalidError(
            "InvalidRequirement",
            f"{shown(name)} is no name of a wheel.",
            target="wheels",
            hint="Wheels are called like `name-1.2-py3-none-any.whl`.",
        ) from error
    if "/" in name or "\\" in name or "\0" in name:
        raise InvalidError(
            "InvalidRequirement", f"{shown(name)} is a path, not a name.", target="wheels"
        )
    if canonicalize_name(package) in {"zaffre-sdk", *shadowed()}:
        raise InvalidError(
            "InvalidRequirement",
            f"The wheel {shown(name)} would lie over zaffre-sdk, which stands in for it.",
            target="wheels",
            hint="Leave it out.",
        )
    return PrivateWheel(name, check_digest(digest, target="wheels"), canonicalize_name(package))
