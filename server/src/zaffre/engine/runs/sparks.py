"""Programs of Spark: whether this machine can run one, and what its environment needs."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

from zaffre.domain.computes import ComputeKind
from zaffre.domain.environments import EnvironmentSpec
from zaffre.domain.runs import Run, RunError
from zaffre.domain.spark import brings_java, with_pyspark
from zaffre.engine.runs.parts import Parts

_HERE: Final = frozenset({ComputeKind.CLUSTER, ComputeKind.INSTANCE, ComputeKind.SPARK})
"""The kinds of targets whose runs execute on this machine."""
_NO_JAVA: Final = RunError(
    code="SparkNotAvailable",
    message="A run with the framework `PySpark` needs Java, and this machine has none. Install "
    "one, such as with `apt-get install openjdk-17-jre-headless`, or start the server with "
    "`JAVA_HOME` set to the folder of one.",
)


async def lacking(parts: Parts, run: Run) -> RunError | None:
    """Return why a program of Spark cannot run here, before its environment is built."""
    if run.spec.spark is None or not _is_here(run):
        return None
    return None if await _javas(parts, run) else _NO_JAVA


async def environment_of(parts: Parts, run: Run) -> EnvironmentSpec:
    """Return what a run asks for, with PySpark where it is a program of Spark."""
    spec = run.spec.environment or EnvironmentSpec()
    if run.spec.spark is None:
        return spec
    return with_pyspark(spec, await _javas(parts, run) if _is_here(run) else ())


async def _javas(parts: Parts, run: Run) -> Sequence[int]:
    return await asyncio.to_thread(parts.javas, _variables(run))


def _is_here(run: Run) -> bool:
    """Tell whether the Java of this machine is the one that counts."""
    spec = run.spec.environment or EnvironmentSpec()
    has_own = run.spec.container is not None or spec.image is not None or brings_java(spec)
    kind = run.handle.get("place", {}).get("kind", ComputeKind.CLUSTER)
    return not has_own and kind in _HERE


def _variables(run: Run) -> Mapping[str, str]:
    own = run.spec.environment.variables if run.spec.environment else {}
    return {**own, **run.spec.variables}
