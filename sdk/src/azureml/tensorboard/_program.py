"""The genuine TensorBoard as a child process."""

from __future__ import annotations

import atexit
import os
import re
import subprocess
import sys
import tempfile
import time
import webbrowser
from importlib.util import find_spec
from pathlib import Path

from azureml.exceptions import UserErrorException

MISSING = (
    "TensorBoard is not installed for this Python.\n"
    "Install it: pip install 'zaffre-sdk[tensorboard]'"
)
_PATIENCE = 120.0
_LOOK_SECONDS = 0.1
_END_SECONDS = 5.0
_ADDRESS = re.compile(r"TensorBoard \S+ at (http://\S+)")
_LAST_CHARACTERS = 2000


class TensorboardProgram:
    """TensorBoard on this machine alone; it ends with this program."""

    def __init__(self, root: Path, port: int) -> None:
        """Start it; it takes some seconds until it listens.

        Args:
            root: The folder that it shows.
            port: Where it listens; 0 takes any free port.

        Raises:
            UserErrorException: It is not installed.
        """
        if find_spec("tensorboard") is None:
            raise UserErrorException(MISSING)
        self.url = ""
        # A file, and not a pipe: nobody reads what it says later, and it must not stop for that.
        opened, name = tempfile.mkstemp(prefix="tensorboard-", suffix=".log")
        self._said = Path(name)
        command = [sys.executable, "-m", "tensorboard.main", "--logdir", str(root)]
        with os.fdopen(opened, "wb") as said:
            self._process = subprocess.Popen(  # noqa: S603 (our own words)
                [*command, "--port", str(port), "--host", "127.0.0.1", "--reload_interval", "2"],
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
            )
        atexit.register(self.stop)

    def is_alive(self) -> bool:
        """Tell whether it runs."""
        return self._process.poll() is None

    def wait_until_ready(self, *, start_browser: bool) -> str:
        """Return its address once it listens.

        Raises:
            UserErrorException: It ended, or does not listen; says its last words.
        """
        deadline = time.monotonic() + _PATIENCE
        while not self.url:
            found = _ADDRESS.search(self._words())
            if found is not None:
                self.url = found[1]
            elif not self.is_alive() or time.monotonic() > deadline:
                last = self._words()[-_LAST_CHARACTERS:].strip()
                raise UserErrorException(f"TensorBoard did not start. It said:\n{last}")
            else:
                time.sleep(_LOOK_SECONDS)
        if start_browser:
            webbrowser.open(self.url)
        return self.url

    def stop(self) -> None:
        """End it, and wait until it has ended."""
        atexit.unregister(self.stop)
        self._process.terminate()
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._said.unlink(missing_ok=True)

    def _words(self) -> str:
        return self._said.read_bytes().decode("utf-8", "replace")
