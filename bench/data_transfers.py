"""Who brings files to a store and back: ours, `cp`, and MLflow through its server."""

import json
import os
import shutil
import subprocess
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Protocol
from unittest.mock import patch

import mlflow_servers
from azureml.core import Datastore
from peers import said


class Transfer(Protocol):
    """One way to bring a folder of files up and down; each returns its seconds."""

    def up(self, source: Path) -> float:
        """Bring a folder to a place of its own in the store."""

    def down(self) -> float:
        """Bring what was brought last back, into a new folder."""


class Zaffre:
    """A datastore of the workspace; beside its files, or through the server as from elsewhere."""

    def __init__(self, folder: Path, store: Datastore, *, near: bool = True) -> None:
        self._back = folder / "back"
        self._near = near
        self._store = store
        self._target = ""

    def up(self, source: Path) -> float:
        """Upload with the call of v1."""
        self._target = f"sent-{uuid.uuid4().hex}"
        upload = self._store.upload
        return self._timed(lambda: upload(str(source), self._target, show_progress=False))

    def down(self) -> float:
        """Download with the call of v1."""
        shutil.rmtree(self._back, ignore_errors=True)
        download, prefix = self._store.download, f"{self._target}/"
        return self._timed(lambda: download(str(self._back), prefix, show_progress=False))

    def _timed(self, do: Callable[[], object]) -> float:
        if self._near:
            return _timed(do)
        # Who is on another machine finds no folder of the store on this one.
        with patch("zaffre_sdk.data.access.near_folder", lambda *_: None):
            return _timed(do)


class Copy:
    """The command of the system; `flushed` waits for the disk, as a store has to."""

    def __init__(self, folder: Path, *, flushed: bool) -> None:
        self._store = folder / f"copied-{flushed}"
        self._back = folder / "copied-back"
        self._flushed = flushed

    def up(self, source: Path) -> float:
        """Copy a folder."""
        shutil.rmtree(self._store, ignore_errors=True)
        return self._copy(source, self._store)

    def down(self) -> float:
        """Copy it back."""
        shutil.rmtree(self._back, ignore_errors=True)
        return self._copy(self._store, self._back)

    def _copy(self, source: Path, target: Path) -> float:
        def copy() -> None:
            subprocess.run(["cp", "-r", source, target], check=True)
            if self._flushed:
                subprocess.run(["sync", "-f", target], check=True)

        return _timed(copy)


class Mlflow:
    """The artifacts of a run of MLflow, by its client and through its server."""

    def __init__(self, folder: Path, python: Path) -> None:
        self._folder, self._python = folder, python
        self._server = mlflow_servers.Mlflow(folder, python=python)
        self._run = ""
        try:
            self._server.start()
        except BaseException:
            self._server.stop()  # Half of its processes may be there.
            raise

    def up(self, source: Path) -> float:
        """Log a folder to a new run."""
        said = self._asked("up", source)
        self._run = said["run"]
        return said["seconds"]

    def down(self) -> float:
        """Download it."""
        back = self._folder / "back"
        shutil.rmtree(back, ignore_errors=True)
        back.mkdir()
        return self._asked("down", back, self._run)["seconds"]

    def stop(self) -> None:
        """End its server."""
        self._server.stop()

    def _asked(self, how: str, folder: Path, *more: str) -> dict:
        os.sync()
        return json.loads(
            said([self._python, "mlflow_files.py", self._server.url, how, folder, *more])
        )


def _timed(do: Callable[[], object]) -> float:
    # What was written before must not be paid for by who comes next.
    os.sync()
    began = time.perf_counter()
    do()
    return time.perf_counter() - began
