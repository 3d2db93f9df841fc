"""Environments of their own for the peers that we measure ourselves against."""

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / ".peers"
UV = Path(sys.executable).with_name("uv")


def environment(name: str, *requirements: str) -> Path:
    """Return the interpreter of an environment with `requirements`, made once."""
    folder = FOLDER / name
    python = folder / "bin" / "python"
    ready = folder / ".ready"
    if not ready.exists() or ready.read_text() != "\n".join(requirements):
        subprocess.run(
            [UV, "venv", "--quiet", "--clear", "--python", sys.executable, folder], check=True
        )
        subprocess.run(
            [UV, "pip", "install", "--quiet", "--python", python, *requirements], check=True
        )
        ready.write_text("\n".join(requirements))
    return python
