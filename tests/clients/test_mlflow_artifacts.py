"""The genuine client of MLflow against a live server: files up and down."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from live import LiveServer

PROGRAM = """
import os, pathlib, sys
import mlflow
from mlflow.exceptions import MlflowException
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
from mlflow.tracking import MlflowClient

root = pathlib.Path(sys.argv[1])
client = MlflowClient()
source = root / "source"
for number in range(40):
    file = source / f"d{number % 4}" / f"{number} ä.txt"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"file {number}")
(source / "empty").touch()

mlflow.set_experiment("files")
with mlflow.start_run() as run:
    mlflow.log_text("hello", "notes/a.txt")
    mlflow.log_dict({"a": 1}, "config.json")
    mlflow.log_artifacts(source, "many")
run_id = run.info.run_id


def listed(path=None):
    return [(f.path, f.is_dir, f.file_size) for f in client.list_artifacts(run_id, path)]


assert listed() == [("config.json", False, 12), ("many", True, None), ("notes", True, None)]
assert listed("notes") == [("notes/a.txt", False, 5)]
assert listed("notes/a.txt") == []
assert len(listed("many")) == 5
assert mlflow.artifacts.load_text(f"runs:/{run_id}/notes/a.txt") == "hello"
assert mlflow.artifacts.load_dict(f"runs:/{run_id}/config.json") == {"a": 1}
target = root / "target"
target.mkdir()
mlflow.artifacts.download_artifacts(run_id=run_id, artifact_path="many", dst_path=str(target))
names = sorted(p.relative_to(source) for p in source.rglob("*") if p.is_file())
assert names == sorted(p.relative_to(target / "many") for p in target.rglob("*") if p.is_file())
for name in names:
    assert (target / "many" / name).read_bytes() == (source / name).read_bytes()

# A run that has ended takes more files.
client.log_text(run_id, "later", "late.txt")
assert mlflow.artifacts.load_text(f"runs:/{run_id}/late.txt") == "later"
try:
    mlflow.artifacts.load_text(f"runs:/{run_id}/absent.txt")
except (MlflowException, OSError):
    pass
else:
    raise AssertionError("an absent file was read")

repository = get_artifact_repository(run.info.artifact_uri)
repository.delete_artifacts("notes")
assert [path for path, *_ in listed()] == ["config.json", "late.txt", "many"]

# In parts, and read back in parts without a token.
large = root / "large.bin"
large.write_bytes(os.urandom(11 << 20))
client.log_artifact(run_id, str(large), "big")
assert listed("big") == [("big/large.bin", False, 11 << 20)]
back = mlflow.artifacts.download_artifacts(
    run_id=run_id, artifact_path="big/large.bin", dst_path=str(root)
)
assert pathlib.Path(back).read_bytes() == large.read_bytes()
print("all good")
"""
PARTS = {
    "MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD": "true",
    "MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD": "true",
    "MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE": str(5 << 20),
    "MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE": str(5 << 20),
    "MLFLOW_MULTIPART_DOWNLOAD_CHUNK_SIZE": str(5 << 20),
}

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[LiveServer]:
    with LiveServer(tmp_path / "home") as live:
        yield live


@pytest.mark.parametrize("way", [{}, PARTS], ids=["whole", "in parts"])
def test_files_go_up_and_come_down(server: LiveServer, tmp_path: Path, way: dict[str, str]):
    said = {
        "MLFLOW_TRACKING_URI": server.url,
        "MLFLOW_TRACKING_TOKEN": (server.home / "token").read_text().strip(),
        "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    }
    told = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path)],
        env={**os.environ, **said, **way},
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.stdout.endswith("all good\n"), told.stdout + told.stderr
    assert "Failed to" not in told.stderr
