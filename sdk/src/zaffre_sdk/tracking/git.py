"""Which commit a source folder is at, for the properties that v1 gives every run."""

from __future__ import annotations

import subprocess
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

_SECONDS = 5.0


def git_properties(folder: Path) -> dict[str, str]:
    """Return v1's properties about the repository that a folder lies in; empty outside of one.

    A password in the address of the remote is left out.
    """
    if not _is_in_repository(folder):
        return {}
    commit = _ask(folder, "rev-parse", "HEAD")
    if not commit:
        return {}
    found = {
        "repository_uri": _without_password(_ask(folder, "remote", "get-url", "origin")),
        "branch": _ask(folder, "symbolic-ref", "--short", "-q", "HEAD"),
        "commit": commit,
        "dirty": str(bool(_ask(folder, "status", "--porcelain", "--untracked-files=no"))),
    }
    ours = {f"azureml.git.{name}": value for name, value in found.items() if value}
    theirs = {"repository_uri": "repoURL", "branch": "branch", "commit": "commit"}
    mlflow = {f"mlflow.source.git.{theirs[name]}": found[name] for name in theirs if found[name]}
    return {**ours, **mlflow}


def _is_in_repository(folder: Path) -> bool:
    # Cheaper than asking git, which most folders need not be asked about.
    try:
        root = folder.resolve()
        return any((one / ".git").exists() for one in (root, *root.parents))
    except OSError:
        return False


def _ask(folder: Path, *words: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - fixed words
            ["git", *words],  # noqa: S607 - the user's own git
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    if parts.username is None:
        return url
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
