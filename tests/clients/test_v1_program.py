"""The program of the examples, whole, as a person runs it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.slow
def test_the_first_program_runs_twice(server, tmp_path):
    folder = tmp_path / "examples"
    shutil.copytree(EXAMPLES, folder)
    environ = {**os.environ, "ZAFFRE_HOME": str(server.home), "PYTHONWARNINGS": "error"}
    for version in (1, 2):
        done = subprocess.run(
            [sys.executable, str(folder / "first_program.py")],
            env=environ,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert f"breast-cancer version {version}" in done.stdout
        assert "run: [0, 0, 0]" in done.stdout
        assert "http: 200 [0, 0, 0]" in done.stdout
        assert "local: [0, 0, 0]" in done.stdout
        assert "model written to outputs/model.pkl" in done.stdout
    assert (folder / "downloads" / "model.pkl").stat().st_size > 0
    assert (folder / ".azureml" / "config.json").is_file()
