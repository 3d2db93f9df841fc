"""The environments that a workspace knows by name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from zaffre_sdk.client.blobs import Blobs
from zaffre_sdk.client.logs import LogPart
from zaffre_sdk.client.paths import quoted
from zaffre_sdk.client.transport import Request, Transport
from zaffre_sdk.files.digests import file_digest
from zaffre_sdk.wire.environments import (
    BuildIn,
    BuildList,
    BuildOut,
    BuiltList,
    BuiltOut,
    EnvironmentIn,
    EnvironmentList,
    EnvironmentOut,
    LabelsIn,
    PruneIn,
    PruneOut,
    WheelIn,
    WheelList,
    WheelOut,
)

BUILD_STATE_HEADER = "x-zaffre-build-state"


class Environments:
    """Register, build and read environments."""

    def __init__(self, transport: Transport, root: str, blobs: Blobs) -> None:
        self._transport = transport
        self._workspace = root
        self._root = f"{root}/environments"
        self._blobs = blobs

    def register(self, environment: EnvironmentIn) -> EnvironmentOut:
        """Register a version; an equal definition answers the version that it has."""
        return self._transport.call("POST", self._root, answer=EnvironmentOut, body=environment)

    def list(self, *, curated: bool = False) -> Sequence[EnvironmentOut]:
        """Return the newest version of each environment, by name.

        Args:
            curated: Those too that every workspace knows.
        """
        query = {"curated": "true" if curated else None}
        return self._transport.call("GET", self._root, answer=EnvironmentList, query=query).value

    def get(
        self, name: str, *, version: str | None = None, label: str | None = None
    ) -> EnvironmentOut:
        """Return a version of an environment, the newest by default.

        Raises:
            NotFoundError: There is none.
        """
        query = {"version": version, "label": label}
        return self._transport.call(
            "GET", f"{self._root}/{quoted(name)}", answer=EnvironmentOut, query=query
        )

    def label(self, name: str, *, version: str, labels: Iterable[str]) -> EnvironmentOut:
        """Point labels at a version, away from others, and return it."""
        path = f"{self._root}/{quoted(name)}/labels"
        body = LabelsIn(version=version, labels=[*labels])
        return self._transport.call("PUT", path, answer=EnvironmentOut, body=body)

    def build(self, name: str, *, version: str | None = None) -> BuildOut:
        """Have a version built; one that is being built is answered as it is."""
        path = f"{self._root}/{quoted(name)}/builds"
        return self._transport.call("POST", path, answer=BuildOut, body=BuildIn(version=version))

    def builds(self, name: str, *, version: str | None = None) -> Sequence[BuildOut]:
        """Return the builds of a version, the newest first."""
        path = f"{self._root}/{quoted(name)}/builds"
        query = {"version": version}
        return self._transport.call("GET", path, answer=BuildList, query=query).value

    def show_build(self, build_id: str) -> BuildOut:
        """Return how far a build is."""
        path = f"{self._workspace}/environment-builds/{quoted(build_id)}"
        return self._transport.call("GET", path, answer=BuildOut)

    def build_log(self, build_id: str, *, offset: int = 0, wait: float = 0.0) -> LogPart:
        """Return what a build said behind `offset`, waiting for some while it goes on."""
        path = f"{self._workspace}/environment-builds/{quoted(build_id)}/log"
        query = {"offset": offset, "wait": wait or None}
        answer = self._transport.exchange(Request("GET", path, query=query, seconds=wait))
        state = answer.headers.get(BUILD_STATE_HEADER, "")
        return LogPart(answer.data, state, offset + len(answer.data))

    def add_wheel(self, path: Path) -> WheelOut:
        """Send a wheel, so that environments may install it.

        Raises:
            ConflictError: The workspace has another wheel of this name.
            InvalidError: Its name is none of a wheel.
        """
        digest = file_digest(path, path.stat())
        if self._blobs.missing([digest]):
            self._blobs.upload(digest, path)
        return self._transport.call(
            "PUT", self._wheel(path.name), answer=WheelOut, body=WheelIn(digest=digest)
        )

    def wheels(self) -> Sequence[WheelOut]:
        """Return the wheels of the workspace by name."""
        return self._transport.call("GET", f"{self._workspace}/wheels", answer=WheelList).value

    def wheel_url(self, wheel: WheelOut) -> str:
        """Return the address of a wheel, with its digest behind the `#` as pip takes it."""
        return f"{self._transport.url}{self._wheel(wheel.name)}#sha256={wheel.digest}"

    def _wheel(self, name: str) -> str:
        return f"{self._workspace}/wheels/{quoted(name)}"


class BuiltEnvironments:
    """What lies built on the machine of the server."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._root = "/api/v1/built-environments"

    def list(self) -> Sequence[BuiltOut]:
        """Return all, the one that was used last first."""
        return self._transport.call("GET", self._root, answer=BuiltList).value

    def prune(
        self, *, unused_seconds: float = 0.0, keep_bytes: int | None = None, dry_run: bool = False
    ) -> PruneOut:
        """Remove what nothing uses.

        Args:
            unused_seconds: Only what was not used for so long.
            keep_bytes: Of that what was used last stays, up to so many bytes together.
            dry_run: Only say what would go.
        """
        asked = PruneIn(unused_seconds=unused_seconds, keep_bytes=keep_bytes, dry_run=dry_run)
        return self._transport.call("POST", f"{self._root}/prune", answer=PruneOut, body=asked)
