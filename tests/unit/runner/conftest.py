"""What a real runner needs beside it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from attempt_server import AttemptServer


@pytest.fixture
def attempts(tmp_path: Path) -> Iterator[AttemptServer]:
    with AttemptServer(tmp_path) as server:
        yield server
