"""The conda environments of this machine."""

from __future__ import annotations

import shutil
import subprocess

from zaffre_sdk.errors import SourceError

_PROGRAMS = ("conda", "mamba", "micromamba")
_SECONDS = 120


def export(name: str) -> str:
    """Return the conda file of an environment of this machine.

    Raises:
        SourceError: No conda is installed, or it knows no such environment.
    """
    program = next((found for one in _PROGRAMS if (found := shutil.which(one))), None)
    if program is None:
        raise SourceError(
            f"The conda environment `{name}` cannot be read: neither {', '.join(_PROGRAMS)} is "
            "installed.\nWrite its packages to a file where conda is, with "
            "`conda env export --no-builds`, and load that."
        )
    command = [program, "env", "export", "--no-builds", "--name", name]
    done = subprocess.run(  # noqa: S603 - a fixed program, and the name is one argument
        command, capture_output=True, text=True, timeout=_SECONDS, check=False
    )
    if done.returncode != 0:
        last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
        raise SourceError(
            f"The conda environment `{name}` cannot be read: {' '.join(last) or done.returncode}"
        )
    return done.stdout
