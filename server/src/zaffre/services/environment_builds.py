"""Use cases of building environments ahead of the runs that will need them."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Final

from zaffre.domain.access import Principal
from zaffre.domain.environments import (
    BuildState,
    BuiltEnvironment,
    EnvironmentBuild,
    EnvironmentSpec,
)
from zaffre.domain.errors import missing
from zaffre.ports.stores import Stores
from zaffre.services.access import seen_workspace
from zaffre.services.context import Context
from zaffre.services.environments import EnvironmentService

NOUN: Final = "environment_builds"
_OPEN: Final = frozenset({BuildState.QUEUED, BuildState.RUNNING})
_SHOWN: Final = 20


class EnvironmentBuildService:
    """Use cases of builds, within one transaction."""

    def __init__(self, stores: Stores, context: Context) -> None:
        self._stores = stores
        self._context = context
        self._environments = EnvironmentService(stores, context)

    def start(
        self, workspace_id: str, name: str, *, caller: Principal, version: str | None = None
    ) -> EnvironmentBuild:
        """Have a version built; one that is being built is answered as it is.

        Raises:
            NotFoundError: `EnvironmentNotFound`.
        """
        environment = self._environments.get(workspace_id, name, caller=caller, version=version)
        newest = self._newest(workspace_id, environment.name, environment.version)
        if newest and newest[0].state in _OPEN:
            return newest[0]
        build = EnvironmentBuild(
            workspace_id=workspace_id,
            id=self._context.new_id(),
            name=environment.name,
            version=environment.version,
            state=BuildState.QUEUED,
            created_at=self._context.clock.now(),
        )
        self._stores.environment_builds.add(build)
        self._stores.after_commit(lambda: self._context.wakeup.hint(NOUN))
        return build

    def get(self, workspace_id: str, build_id: str, *, caller: Principal) -> EnvironmentBuild:
        """Return a build; raises `BuildNotFound`."""
        seen_workspace(self._stores, workspace_id, caller=caller)
        found = self._stores.environment_builds.find(workspace_id, build_id)
        if found is None:
            raise missing("build", build_id)
        return found

    def list(
        self, workspace_id: str, name: str, *, caller: Principal, version: str | None = None
    ) -> Sequence[EnvironmentBuild]:
        """Return the builds of a version, the newest first.

        Raises:
            NotFoundError: `EnvironmentNotFound`.
        """
        environment = self._environments.get(workspace_id, name, caller=caller, version=version)
        return self._newest(workspace_id, environment.name, environment.version)

    def open(self) -> Sequence[EnvironmentBuild]:
        """Return those that have not ended, for the engine."""
        return self._stores.environment_builds.open()

    def begin(self, seen: EnvironmentBuild) -> EnvironmentSpec:
        """Note that a build has begun, and return what is to be built."""
        environment = self._environments.find(seen.workspace_id, seen.name, seen.version)
        if environment is None:
            raise missing("environment", f"{seen.name}:{seen.version}")
        self._save(replace(seen, state=BuildState.RUNNING))
        return environment.spec

    def finish(
        self, seen: EnvironmentBuild, *, built: BuiltEnvironment | None, error: str = ""
    ) -> None:
        """Note how a build ended."""
        state = BuildState.FAILED if built is None else BuildState.SUCCEEDED
        now = self._context.clock.now()
        self._save(replace(seen, state=state, ended_at=now, error=error, built=built))

    def forget(self, pythons: Collection[str]) -> Sequence[EnvironmentBuild]:
        """Forget the builds whose environments were removed, and return them."""
        builds = self._stores.environment_builds.ended()
        gone = [
            one
            for one in builds
            if one.built is not None and (one.built.image or one.built.python) in pythons
        ]
        for build in gone:
            self._stores.environment_builds.remove(build)
        return gone

    def _newest(self, workspace_id: str, name: str, version: str) -> Sequence[EnvironmentBuild]:
        return self._stores.environment_builds.newest(
            workspace_id, name, version=version, limit=_SHOWN
        )

    def _save(self, build: EnvironmentBuild) -> None:
        self._stores.environment_builds.save(build)
        self._stores.after_commit(lambda: self._context.wakeup.hint(NOUN))
