"""Preparing: making the environment, with a log that people can follow."""

import logging
from dataclasses import replace
from typing import Final

from zaffre.base.text import shown
from zaffre.domain.computes import ComputeKind
from zaffre.domain.environments import (
    BuiltEnvironment,
    EnvironmentSpec,
    Image,
    lock_of,
)
from zaffre.domain.errors import ZaffreError
from zaffre.domain.runs import Run, RunError, RunState
from zaffre.engine.runs import sparks, starting
from zaffre.engine.runs.parts import Parts, owner_of
from zaffre.engine.runs.progress import BuildLog, unless_moved

logger = logging.getLogger(__name__)
_FAR: Final = frozenset({ComputeKind.MACHINE, ComputeKind.KUBERNETES})
"""Kinds of places that have interpreters of their own."""
LOCK_PATH: Final = "logs/azureml/environment_lock.txt"


async def step(parts: Parts, run: Run) -> bool:
    """Build the environment and launch the first runner, or end the run."""
    if run.is_preempted:
        await starting.give_up_nodes(parts, run)
        return True
    lacking = await sparks.lacking(parts, run)
    if lacking is not None:
        await parts.finish(run, RunState.FAILED, lacking)
        return True
    log = BuildLog(parts.logs, owner_of(run))
    try:
        async with log:
            built = await _build_unless_moved(parts, run, log)
    except ZaffreError as error:
        await parts.finish(run, RunState.FAILED, build_error(run, error, log.last_lines))
        return True
    if built is not None:
        own = run.spec.environment.variables if run.spec.environment else {}
        variables = {**built.variables, **own}
        await _write_lock(parts, run, built)
        begun, secret = await parts.work.write(
            lambda s: s.attempts.begin(run, built, variables=variables)
        )
        await starting.launch(parts, begun, secret)
    return True


async def _write_lock(parts: Parts, run: Run, built: BuiltEnvironment) -> None:
    """Keep what is installed with the run; of several attempts that of the first."""
    lock = lock_of(built, name=run.spec.environment_name).encode()
    try:
        await parts.logs.append(owner_of(run), LOCK_PATH, 0, lock)
    except ZaffreError as error:
        logger.warning("What the run %s has installed was not kept: %s", run.id, error.message)


def build_error(run: Run, error: ZaffreError, last_lines: str) -> RunError:
    """Say why a run failed whose environment could not be made."""
    name = f" {shown(run.spec.environment_name)}" if run.spec.environment_name else ""
    message = f"The environment{name} could not be prepared: {error.message}"
    hint = f" {error.hint}" if error.hint else ""
    return RunError(code="EnvironmentBuildFailed", message=message + hint, details=last_lines)


async def _build_unless_moved(parts: Parts, run: Run, log: BuildLog) -> BuiltEnvironment | None:
    """Build, and stop when the run is no longer being prepared, because somebody canceled it."""
    kind = run.handle.get("place", {}).get("kind")
    spec = await _to_build(parts, run, log)
    if kind == ComputeKind.KUBERNETES:
        # A cluster fetches the image itself; packages are put beside what that has.
        spec = replace(spec, image=None)
    if kind == ComputeKind.DATABRICKS:
        # The driver's own, with libraries that its workspace installs.
        return BuiltEnvironment(python="python3")
    if kind in _FAR and spec.interpreter is not None and spec.image is None:
        # It is one of that machine, and nothing is made of it here.
        return BuiltEnvironment(python=spec.interpreter)
    return await unless_moved(parts, run, parts.builder.build(spec, log.write))


async def _to_build(parts: Parts, run: Run, log: BuildLog) -> EnvironmentSpec:
    """Return what is built: what was asked for, and what the server adds to it."""
    spec = await sparks.environment_of(parts, run)
    in_pod = run.handle.get("place", {}).get("kind") == ComputeKind.KUBERNETES
    if run.spec.container is not None and spec.image is None and not in_pod:
        if parts.base_image and spec.interpreter is None:
            return replace(spec, image=Image(name=parts.base_image))
        log.write("A container was asked for, and no image: the run executes on this machine.")
    if spec.image is None or not spec.image.password_secret:
        return spec
    return await parts.work.read(lambda s: s.secrets.with_password(run.workspace_id, spec))
