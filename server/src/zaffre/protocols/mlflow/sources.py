"""What the source of a new version says, read strictly: it never names anything outside.

There is one reader of these addresses, and what it does not take apart completely is refused, so
that nothing can hide behind a fragment, a query, a parameter or an escape.
"""

import re
from typing import Final

from zaffre.base.text import shown
from zaffre.domain.errors import InvalidError
from zaffre.domain.model_sources import (
    LoggedModelSource,
    ModelSource,
    PromptSource,
    RunSource,
    VersionSource,
)
from zaffre.domain.paths import check_path

# What the releases of MLflow send for a prompt, which has no files.
_PROMPTS: Final = frozenset({"dummy-source", "prompt-template"})
_NAME: Final = r"[^\x00-\x1f\x7f#?;%\\/:@]+"
_ID: Final = r"[\w.\-]+"
_LOGGED: Final = r"m-[0-9a-f]{32}"
_HEADS: Final = tuple(
    re.compile(head)
    for head in (
        rf"runs:/(?://)?(?P<run>{_ID})",
        rf"mlflow-artifacts:/(?://)?runs/(?P<run>{_ID})",
        rf"models:/(?://)?(?P<model>{_LOGGED})",
        rf"mlflow-artifacts:/(?://)?models/(?P<model>{_LOGGED})",
        rf"models:/(?://)?(?P<name>{_NAME})@(?P<alias>[\w\-]+)",
        rf"models:/(?://)?(?P<name>{_NAME})/(?P<at>\w+)",
        rf"mlflow-artifacts:/(?://)?registered-models/(?P<name>{_NAME})/(?P<at>[0-9]+)",
        # As MLflow's own server lays files out.
        rf"mlflow-artifacts:/(?://)?(?:experiments/)?{_ID}/models/(?P<model>{_LOGGED})/artifacts",
        rf"mlflow-artifacts:/(?://)?(?:experiments/)?{_ID}/(?P<run>{_ID})/artifacts",
    )
)
_PATH: Final = re.compile(r"(?:/[^\x00-\x1f\x7f#?;%\\]*)?")


def source_of(text: str) -> ModelSource:
    """Return where a version comes from.

    Raises:
        InvalidError: `InvalidSource`, for everything that is not ours.
    """
    if text in _PROMPTS:
        return PromptSource()
    for head in _HEADS:
        found = head.match(text)
        if found is not None and _PATH.fullmatch(text, found.end()):
            return _source(found.groupdict(), _path(text, found.end()))
    raise _refused(text)


def _source(said: dict[str, str], path: str) -> ModelSource:
    if "run" in said:
        return RunSource(said["run"], path)
    if "model" in said:
        return LoggedModelSource(said["model"], path)
    if "alias" in said:
        return VersionSource(said["name"], said["alias"], is_alias=True, path=path)
    return VersionSource(said["name"], said["at"], path=path)


def _path(text: str, start: int) -> str:
    path = text[start:].strip("/")
    if not path:
        return ""
    try:
        return check_path(path, target="source")
    except InvalidError as error:
        raise _refused(text) from error


def _refused(text: str) -> InvalidError:
    return InvalidError(
        "InvalidSource",
        f"Invalid model version source: {shown(text)}.",
        target="source",
        hint="Use `runs:/<run id>/<path>`, `models:/<name>/<version>`, "
        "`models:/<logged model id>` or the artifact URI of a run; nothing else is opened.",
    )
