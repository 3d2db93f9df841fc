"""The programs of the documentation, each as a person would run it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from live import LiveServer
from programs import environ_of

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "README.md", ROOT / "docs" / "how-to.md")
EXAMPLE = re.compile(r"<!-- example: ([\w-]+) -->\n```python\n(.*?)```", re.DOTALL)
EXAMPLES = {name: text for page in PAGES for name, text in EXAMPLE.findall(page.read_text())}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = LiveServer(tmp_path_factory.mktemp("docs") / "home")
    server.start()
    yield server
    server.stop()


def test_every_program_of_the_documentation_is_run():
    blocks = sum(page.read_text().count("```python") for page in PAGES)
    assert len(EXAMPLES) == blocks > 0


@pytest.mark.parametrize("name", EXAMPLES)
def test_programs_of_the_documentation_run(server, tmp_path, name):
    program = tmp_path / "program.py"
    program.write_text(EXAMPLES[name])
    done = subprocess.run(
        [sys.executable, "-W", "error", str(program)],
        cwd=tmp_path,
        env=environ_of(server.home),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
