"""The programs of `examples/data`, each as a person runs it, and twice where that matters."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from azurite import ACCOUNT, KEY, azurite
from live import LiveServer
from programs import environ_of

FOLDER = Path(__file__).parents[2] / "examples" / "data"
PROGRAMS = {
    "datastores.py": [
        "workspaceblobstore AzureBlob (default)",
        "workspacefilestore AzureFile ",
        "Uploaded 2 files",
        "downloaded 2 ['2020.csv', '2021.csv']",
        "the same bytes: True",
        "kept: True",
        "replaced: True",
        "default: workspacefilestore",
    ],
    "datasets.py": [
        "split: 1000 both parts: True",
        "spring: 276 ['year']",
        "60 pictures, such as /lying/000.pgm",
        "downloaded 10",
        "mounted 30 of those that stand",
        "['for training', 'patients', 'pictures']",
        "patients has a version: True",
        "versions: 1 True",
        "the registered split is the same: True",
    ],
    "train_on_data.py": [
        "read patients as training_data Direct",
        "accuracy on the table: True",
        "read pictures as images Download",
        "read pictures as images Mount",
        "the same folder by its name: True",
        "accuracy on files: True",
        "files in the folder: 2",
    ],
    "chain.py": [
        "made prepared patients as prepared",
        "accuracy: True",
        "it read what the first run made: True",
        "model prepared has a version: True",
    ],
}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with LiveServer(tmp_path_factory.mktemp("data") / "home") as server:
        yield server


CONTAINER = [
    "blob_data",
    "the key is not shown again: True",
    "default: blob_data",
    "rows: 1300",
    "files of the first: 30",
    "files of the latest: 60",
    "the first is what it was: True",
    "accuracy: True",
]


def run(server, folder, program, **variables):
    done = subprocess.run(
        [sys.executable, "-W", "error", str(folder / program)],
        env=environ_of(server.home, **variables),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


@pytest.fixture
def folder(tmp_path):
    return shutil.copytree(FOLDER, tmp_path / "data")


def test_every_program_is_run():
    assert {path.name for path in FOLDER.glob("*.py")} == {
        *PROGRAMS,
        "making.py",
        "container.py",
    }


@pytest.mark.slow
@pytest.mark.parametrize("program", PROGRAMS)
def test_programs_of_the_examples_say_what_they_promise(server, folder, program):
    said = run(server, folder, program)
    assert [line for line in PROGRAMS[program] if line not in said] == [], "\n".join(said)


@pytest.mark.slow
def test_programs_on_data_run_again(server, folder):
    for _ in range(2):
        said = run(server, folder, "datasets.py")
        assert "the registered split is the same: True" in said


@pytest.mark.slow
def test_the_program_on_a_container_of_azure_runs(server, folder, tmp_path):
    with azurite(tmp_path) as account:
        account.make_container("data-container")
        said = run(
            server,
            folder,
            "container.py",
            AZURE_STORAGE_ACCOUNT=ACCOUNT,
            AZURE_STORAGE_KEY=KEY,
            AZURE_STORAGE_ENDPOINT=f"http://{account.endpoint}",
        )
    assert [line for line in CONTAINER if line not in said] == [], "\n".join(said)
