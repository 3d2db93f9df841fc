"""The Python of an instance's notebooks: what was built, and on top what people install there.

The built environment is shared by all that asked for the same, so that nobody may write to it.
"""

import json
import subprocess
from pathlib import Path
from typing import Final

from zaffre.base.text import shown
from zaffre.domain.errors import UnavailableError

_FOUND: Final = "import sysconfig; print(sysconfig.get_path('purelib'))"
_LINK: Final = "zaffre-built.pth"
_SECONDS: Final = 120


def lay_kernel(folder: Path, python: str) -> tuple[Path, Path]:
    """Make an environment over the built one, and say so to Jupyter.

    Args:
        folder: Of the instance.
        python: The interpreter of the built environment.

    Returns:
        The folder of its programs, and the one where Jupyter finds the kernel.

    Raises:
        UnavailableError: `InstanceStartFailed`.
    """
    home, kernels = folder / "python", folder / "kernels"
    own = home / "bin" / "python"
    # One whose interpreter is gone is made anew; so is one that was made by half.
    if not (own.exists() and (home / "bin" / "pip").exists()):
        _said(python, "-m", "venv", "--clear", str(home))
    _link(Path(_said(str(own), "-c", _FOUND)), Path(_said(python, "-c", _FOUND)))
    place = kernels / "kernels" / "python3"
    place.mkdir(parents=True, exist_ok=True)
    arguments = [str(own), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec = {"argv": arguments, "display_name": "Python 3 (ipykernel)", "language": "python"}
    (place / "kernel.json").write_text(json.dumps(spec))
    return own.parent, kernels


def _link(own: Path, built: Path) -> None:
    """Let an environment see what is installed in another, behind what it has itself."""
    (own / _LINK).write_text(f"{built}\n")


def _said(*words: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603 (the interpreter that was built)
            words, capture_output=True, text=True, check=False, timeout=_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _failed(str(error)) from error
    if done.returncode:
        raise _failed(done.stderr.strip() or done.stdout.strip())
    return done.stdout.strip()


def _failed(why: str) -> UnavailableError:
    return UnavailableError(
        "InstanceStartFailed", f"No environment for notebooks could be made: {shown(why[-500:])}."
    )
