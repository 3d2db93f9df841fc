"""Building environments ahead of the runs that need them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from azureml.exceptions import UserErrorException

if TYPE_CHECKING:
    from zaffre_sdk.wire.environments import BuildOut

_SUCCEEDED = "Succeeded"
_ENDED = (_SUCCEEDED, "Failed")
_WAIT_SECONDS = 20.0


class DockerImageDetails(dict):  # type: ignore[type-arg] # as v1 has it
    """What became of an environment: an image, or a folder with an interpreter."""

    @property
    def image_exist(self) -> bool:
        """Whether the environment is built."""
        return bool(self.get("imageExistsInRegistry"))

    @property
    def repository(self) -> str | None:
        """The name of the image; None where the environment is none."""
        found: str | None = self["dockerImage"]["name"]
        return found

    @property
    def registry(self) -> str | None:
        """The registry of the image: None, images stay on the machine that builds them."""
        found: str | None = self["dockerImage"]["registry"]["address"]
        return found

    @property
    def image(self) -> str | None:
        """The whole name of the image; None where the environment is none."""
        return "/".join(one for one in (self.registry, self.repository) if one) or None

    @property
    def interpreter_path(self) -> str | None:
        """The interpreter of the environment."""
        found: str | None = self["pythonEnvironment"]["interpreterPath"]
        return found

    @property
    def environment_path(self) -> str | None:
        """The folder of the environment."""
        found: str | None = self["pythonEnvironment"]["condaEnvironmentPath"]
        return found

    @property
    def dockerfile(self) -> str | None:
        """The Dockerfile that the environment was given; None without one."""
        found: str | None = self["ingredients"]["dockerfile"]
        return found


class ImageBuildDetails:
    """The building of an environment.

    Example:
        >>> details = environment.build(workspace).wait_for_completion(show_output=True)
        >>> details.status
        'Succeeded'
    """

    def __init__(self, environment_client: Any, location: str) -> None:
        self.environment_client = environment_client
        self.log_url: str | None = None
        self._location = location

    @property
    def status(self) -> str:
        """`Queued`, `Running`, `Succeeded` or `Failed`."""
        found: str = self._show().state
        return found

    def get_log(self) -> str:
        """Return what the build said so far."""
        pieces = []
        offset = 0
        while piece := self.environment_client.build_log(self._location, offset=offset).data:
            pieces.append(piece)
            offset += len(piece)
        return b"".join(pieces).decode(errors="replace")

    def wait_for_completion(self, show_output: bool = True) -> ImageBuildDetails:
        """Wait until the build has ended, and return this object.

        Args:
            show_output: Print what the build says while it goes on.
        """
        offset, shown = 0, ""
        while True:
            part = self.environment_client.build_log(
                self._location, offset=offset, wait=_WAIT_SECONDS
            )
            offset += len(part.data)
            if show_output and part.state != shown:
                sys.stdout.write(f"Image Build Status: {part.state}\n\n")
                shown = part.state
            if show_output and part.data:
                sys.stdout.write(part.data.decode(errors="replace"))
                sys.stdout.flush()
            if part.state in _ENDED and not part.data:
                return self

    def _show(self) -> BuildOut:
        found: BuildOut = self.environment_client.show_build(self._location)
        return found


def built_or_raise(details: ImageBuildDetails) -> None:
    """Raise with what went wrong when a build has failed."""
    build = details._show()  # noqa: SLF001 - of this module
    if build.state != _SUCCEEDED:
        raise UserErrorException(
            f"The environment `{build.environment}` could not be built: {build.error}"
        )


def image_details(build: BuildOut | None, dockerfile: str | None) -> DockerImageDetails:
    """Return what is known of the newest build of an environment."""
    is_built = build is not None and build.state == _SUCCEEDED
    python = build.python if build is not None and is_built else None
    folder = str(Path(python).parent.parent) if python else None
    return DockerImageDetails(
        {
            "imageExistsInRegistry": is_built,
            "dockerImage": {
                "name": build.image if build is not None else None,
                "registry": {"address": None, "username": None, "password": None},
            },
            "pythonEnvironment": {"interpreterPath": python, "condaEnvironmentPath": folder},
            "ingredients": {"dockerfile": dockerfile},
        }
    )
