"""The conda environments of this machine."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from zaffre_sdk.errors import SourceError

_PROGRAMS = ("conda", "mamba", "micromamba")
_VARIABLES = ("CONDA_EXE", "MAMBA_EXE")
_SECONDS = 120


def export(name: str) -> str:
    """Return the conda file of an environment of this machine.

    Raises:
        SourceError: No conda is installed, or it knows no such environment.
    """
    program = _program()
    if program is None:
        raise SourceError(
            f"The conda environment `{name}` cannot be read: neither {', '.join(_PROGRAMS)} is "
            "installed.\nWrite its packages to a file where conda is, with "
            "`conda env export --no-builds`, and load that."
        )
    # What `conda` calls so, some versions of micromamba call otherwise.
    plain = "--no-build" if Path(program).name == "micromamba" else "--no-builds"
    where = "--prefix" if os.sep in name else "--name"
    command = [program, "env", "export", plain, where, name]
    done = subprocess.run(  # noqa: S603 - a fixed program, and the name is one argument
        command, capture_output=True, text=True, timeout=_SECONDS, check=False
    )
    if done.returncode != 0:
        last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
        raise SourceError(
            f"The conda environment `{name}` cannot be read: {' '.join(last) or done.returncode}"
        )
    if "dependencies:" not in done.stdout:
        # This is how conda tells that it knows none.
        raise SourceError(
            f"The conda environment `{name}` has no packages, or there is none of that name."
        )
    return done.stdout


def _program() -> str | None:
    """Return the program of this machine; shells that were set up name it in a variable."""
    named = [os.environ.get(variable, "") for variable in _VARIABLES]
    there = [path for path in named if os.access(path, os.X_OK)]
    found = [path for one in _PROGRAMS if (path := shutil.which(one))]
    return next(iter([*there, *found]), None)
