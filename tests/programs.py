"""Programs as users write them, in processes of their own, and what they leave on the machine."""

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import psutil

NOT_INHERITED = ("ZAFFRE_", "AZUREML_")


def environ_of(home: Path, **variables: str) -> dict[str, str]:
    """Return what a program sees that knows nothing but its home."""
    kept = {n: v for n, v in os.environ.items() if not n.startswith(NOT_INHERITED)}
    return {**kept, "ZAFFRE_HOME": str(home), **variables}


class Program:
    """A program that runs beside the test; its output is kept in files, and no pipe fills up."""

    def __init__(self, home: Path, folder: Path, text: str, *arguments: str) -> None:
        folder.mkdir(parents=True)
        path = folder / "program.py"
        path.write_text(text)
        self._output, self._errors = folder / "output.txt", folder / "errors.txt"
        with self._output.open("wb") as output, self._errors.open("wb") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-u", str(path), *arguments],
                env=environ_of(home),
                cwd=folder,
                stdout=output,
                stderr=errors,
            )

    @property
    def lines(self) -> list[str]:
        """The whole lines that it wrote so far."""
        return self._output.read_text().rpartition("\n")[0].splitlines()

    @property
    def errors(self) -> str:
        return self._errors.read_text()

    def has_written(self, lines: int) -> bool:
        """Tell whether it wrote so many lines; fail if it ended before."""
        ended = self.process.poll() is not None
        written = len(self.lines) >= lines
        assert written or not ended, f"it ended with {self.process.returncode}\n{self.errors}"
        return written

    def wait(self, seconds: float) -> None:
        """Wait for its end, which must be a good one."""
        code = self.process.wait(seconds)
        assert code == 0, f"it ended with {code}\n{self.errors}"

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


def processes_of(home: Path) -> list[psutil.Process]:
    """Return the living processes that name a home in their command, environment or folder."""
    found = []
    for process in psutil.process_iter():
        # Those of other users, and those that end while one looks, are not ours.
        with contextlib.suppress(psutil.Error, OSError):
            if process.pid != os.getpid() and _names(process, home):
                found.append(process)
    return found


def _names(process: psutil.Process, home: Path) -> bool:
    if process.status() == psutil.STATUS_ZOMBIE:
        return False
    words = [*process.cmdline(), *process.environ().values(), process.cwd()]
    return any(word == str(home) or f"{home}/" in word for word in words)
