"""A server of its own for each benchmark, away from anybody's home."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def fresh_home() -> Iterator[Path]:
    """Give a home in which a server runs, and stop it at the end."""
    with tempfile.TemporaryDirectory(prefix="zaffre-bench-") as folder:
        home = Path(folder) / "home"
        os.environ["ZAFFRE_HOME"] = str(home)
        subprocess.run(
            [sys.executable, "-m", "zaffre", "up", "--port", "0"],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        try:
            yield home
        finally:
            subprocess.run(
                [sys.executable, "-m", "zaffre", "down"], check=False, stdout=subprocess.DEVNULL
            )
