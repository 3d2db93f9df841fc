"""What a run may be asked to do: the checks of a specification before it is queued."""

import re
from collections.abc import Iterable
from typing import Final

from zaffre.base.text import closest, shown
from zaffre.domain.errors import InvalidError, NotFoundError
from zaffre.domain.paths import check_path
from zaffre.domain.runs import RunKind, RunSpec
from zaffre.domain.snapshots import Snapshot
from zaffre.ports.stores import Stores

COMPUTES: Final = ("local",)
"""Where a run can execute."""

_MAX_WORDS: Final = 1000
_MAX_WORD_BYTES: Final = 128 * 1024  # Linux starts no process with a longer single argument
_SHOWN_FILES: Final = 10
_VARIABLE = re.compile(r"[^\x00-\x20=\x7f]{1,255}")


def check_spec(stores: Stores, workspace_id: str, spec: RunSpec) -> None:
    """Refuse what could never run.

    Raises:
        InvalidError: `InvalidRunSpec`, `InvalidArgument`, `InvalidVariable`, `ScriptNotFound` or
            `InvalidPath`.
        NotFoundError: `ComputeNotFound` or `SnapshotNotFound`.
    """
    _check_compute(spec.compute)
    _check_words(spec.arguments, target="spec.arguments")
    _check_words(spec.command, target="spec.command")
    _check_variables(spec.variables)
    if spec.max_seconds is not None and spec.max_seconds < 1:
        raise _refused(f"The limit of {spec.max_seconds} seconds is not allowed.", "max_seconds")
    if spec.kind is RunKind.SCRIPT:
        _check_task(spec)
    if spec.snapshot_id is not None:
        snapshot = stores.snapshots.get(workspace_id, spec.snapshot_id)
        if spec.script is not None:
            _check_script(spec.script, snapshot)


def _check_task(spec: RunSpec) -> None:
    if bool(spec.script) == bool(spec.command):
        raise _refused("A script run has either a script or a command.", "script")
    if spec.snapshot_id is None:
        raise _refused("A script run needs the snapshot of its source folder.", "snapshot_id")
    if spec.environment is None:
        raise _refused("A script run needs an environment.", "environment")


def _refused(message: str, field: str) -> InvalidError:
    return InvalidError("InvalidRunSpec", message, target=f"spec.{field}")


def _check_compute(name: str) -> None:
    if name not in COMPUTES:
        known = ", ".join(f"`{compute}`" for compute in COMPUTES)
        raise NotFoundError(
            "ComputeNotFound",
            f"There is no compute target {shown(name)} here.",
            target="spec.compute",
            hint=f"Compute targets: {known}.",
        )


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


def _check_variables(variables: dict[str, str]) -> None:
    for name, value in variables.items():
        if not _VARIABLE.fullmatch(name) or "\0" in value:
            raise InvalidError(
                "InvalidVariable",
                f"The environment variable {shown(name)} is not allowed.",
                target="spec.variables",
                hint="A name has no space and no `=`, a value has no NUL.",
            )


def _check_script(script: str, snapshot: Snapshot) -> None:
    paths = [file.path for file in snapshot.files]
    if check_path(script, target="spec.script") not in paths:
        raise InvalidError(
            "ScriptNotFound",
            f"The script {shown(script)} is not in the source folder.",
            target="spec.script",
            hint=there_is(paths, meant=script),
        )


def there_is(paths: Iterable[str], *, meant: str) -> str:
    """Return words on which files there are, and which of them was probably meant."""
    ordered = sorted(paths)
    named = ", ".join(shown(path) for path in ordered[:_SHOWN_FILES])
    rest = f" and {len(ordered) - _SHOWN_FILES} more" if len(ordered) > _SHOWN_FILES else ""
    guess = closest(meant, ordered)
    question = f"Did you mean {shown(guess)}? " if guess else ""
    return f"{question}There is: {named or 'nothing'}{rest}."
