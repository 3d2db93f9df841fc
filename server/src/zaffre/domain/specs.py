"""What a run may be asked to do: the rules of a specification before it is queued."""

import re
from typing import Final

from zaffre.base.text import shown
from zaffre.domain.computes import MAX_NODES
from zaffre.domain.containers import check_container, check_image
from zaffre.domain.errors import InvalidError
from zaffre.domain.files import there_is
from zaffre.domain.paths import check_path
from zaffre.domain.run_data import check_run_data
from zaffre.domain.runs import Distribution, RunKind, RunSpec
from zaffre.domain.snapshots import Snapshot
from zaffre.domain.spark import check_spark

_MAX_PRIORITY: Final = 1_000_000
_MAX_PROCESSES: Final = 10_000
_COUNTS: Final = {
    "process_count": 1,
    "process_count_per_node": 1,
    "worker_count": 1,
    "parameter_server_count": 0,
}
_MAX_WORDS: Final = 1000
_MAX_WORD_BYTES: Final = 128 * 1024  # Linux starts no process with a longer single argument
_VARIABLE = re.compile(r"[^\x00-\x20=\x7f]{1,255}")


def check_spec(spec: RunSpec) -> None:
    """Refuse what could never run.

    Raises:
        InvalidError: `InvalidRunSpec`, `InvalidArgument`, `InvalidVariable`, `InvalidPath`,
            `InvalidImage`, `InvalidContainerArgument`, `InvalidSparkSetting` or `DuplicateName`.
    """
    _check_words(spec.arguments, target="spec.arguments")
    _check_words(spec.command, target="spec.command")
    _check_variables(spec.variables, target="spec.variables")
    _check_surroundings(spec)
    if spec.max_seconds is not None and spec.max_seconds < 1:
        raise _refused(f"The limit of {spec.max_seconds} seconds is not allowed.", "max_seconds")
    if not 1 <= spec.node_count <= MAX_NODES:
        raise _refused(f"A run takes 1 to {MAX_NODES} nodes, not {spec.node_count}.", "node_count")
    if abs(spec.priority) > _MAX_PRIORITY:
        raise _refused(f"The priority {spec.priority} is out of bounds.", "priority")
    if spec.distribution is not None:
        _check_distribution(spec.distribution, nodes=spec.node_count)
    check_run_data(spec.inputs, spec.outputs)
    if spec.kind is RunKind.SCRIPT:
        _check_task(spec)


def check_script(script: str, snapshot: Snapshot) -> None:
    """Refuse a script that is not in the source folder.

    Raises:
        InvalidError: `ScriptNotFound`, with files that are there, or `InvalidPath`.
    """
    paths = [file.path for file in snapshot.files]
    if check_path(script, target="spec.script") not in paths:
        raise InvalidError(
            "ScriptNotFound",
            f"The script {shown(script)} is not in the source folder.",
            target="spec.script",
            hint=there_is(paths, meant=script),
        )


def _check_surroundings(spec: RunSpec) -> None:
    environment = spec.environment
    if environment is not None:
        _check_variables(environment.variables, target="spec.environment.variables")
        if environment.image is not None:
            check_image(environment.image)
    if spec.container is not None:
        check_container(spec.container)
    if spec.spark is not None:
        check_spark(spec.spark)
        if spec.distribution is not None or spec.node_count > 1:
            raise _refused(
                "A run of Spark is one process on one node, whose threads work together. Leave "
                "`distribution` and `node_count` out.",
                "spark",
            )


def _check_task(spec: RunSpec) -> None:
    if bool(spec.script) == bool(spec.command):
        raise _refused("A script run has either a script or a command.", "script")
    if spec.snapshot_id is None:
        raise _refused("A script run needs the snapshot of its source folder.", "snapshot_id")
    if spec.environment is None:
        raise _refused("A script run needs an environment.", "environment")


def _check_distribution(distribution: Distribution, *, nodes: int) -> None:
    for name, least in _COUNTS.items():
        value = getattr(distribution, name)
        if value is not None and not least <= value <= _MAX_PROCESSES:
            raise _refused(
                f"`{name}` is {value}; {least} to {_MAX_PROCESSES} are possible.",
                f"distribution.{name}",
            )
    whole = nodes * (distribution.process_count_per_node or 1)
    if whole > _MAX_PROCESSES:
        raise _refused(
            f"{whole} processes on {nodes} nodes are more than {_MAX_PROCESSES}.",
            "distribution.process_count_per_node",
        )


def _refused(message: str, field: str) -> InvalidError:
    return InvalidError("InvalidRunSpec", message, target=f"spec.{field}")


def _check_words(words: tuple[str, ...], *, target: str) -> None:
    if len(words) > _MAX_WORDS:
        raise InvalidError(
            "InvalidArgument",
            f"There are {len(words)} arguments; at most {_MAX_WORDS} are passed on.",
            target=target,
        )
    for index, word in enumerate(words):
        if "\0" in word or len(word.encode(errors="surrogatepass")) >= _MAX_WORD_BYTES:
            raise InvalidError(
                "InvalidArgument",
                f"The argument {shown(word)} has a NUL, or {_MAX_WORD_BYTES} bytes or more.",
                target=f"{target}[{index}]",
            )


def _check_variables(variables: dict[str, str], *, target: str) -> None:
    for name, value in variables.items():
        if not _VARIABLE.fullmatch(name) or "\0" in value:
            raise InvalidError(
                "InvalidVariable",
                f"The environment variable {shown(name)} is not allowed.",
                target=target,
                hint="A name has no space and no `=`, a value has no NUL.",
            )
