"""What holds for every test."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from mariadb import mariadb  # noqa: F401 (a fixture, known to every test)
from postgres import postgres  # noqa: F401 (a fixture, known to every test)

LEFTOVERS = Path(__file__).with_name("leftovers.py")


@pytest.fixture(scope="session", autouse=True)
def _nothing_is_left(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """End servers and runners of this session in its end, also when it is interrupted or killed.

    Runners outlive whoever started them, as they are to.
    """
    folder = tmp_path_factory.getbasetemp()
    with subprocess.Popen(
        [sys.executable, LEFTOVERS],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        text=True,
    ) as ending:
        assert ending.stdin is not None
        ending.stdin.write(f"{folder}\n")
        ending.stdin.flush()
        yield
