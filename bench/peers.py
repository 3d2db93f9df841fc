"""Environments of their own for the peers that we measure ourselves against."""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
SDK = HERE.parent / "sdk"
FOLDER = HERE / ".peers"
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


def readers() -> Path:
    """Return the interpreter of the environment that all readers of tables share."""
    return environment("data", "-e", f"{SDK}[data]", "polars")


def said(command: list[str | Path]) -> str:
    """Return the last line that a program of this folder printed."""
    done = subprocess.run(command, cwd=HERE, stdout=subprocess.PIPE, text=True, check=True)
    lines = done.stdout.splitlines()
    return lines[-1] if lines else ""
