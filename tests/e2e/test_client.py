"""The client against a real server of its own."""

import hashlib
import os
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import psutil
import pytest
from zaffre_sdk.client import Client, Transport
from zaffre_sdk.client.connection import local_client
from zaffre_sdk.client.starting import start_server
from zaffre_sdk.errors import ConflictError, NotFoundError, UnauthenticatedError
from zaffre_sdk.home import Home
from zaffre_sdk.metrics import MetricSender
from zaffre_sdk.wire.models import ModelIn
from zaffre_sdk.wire.runs import RunIn, RunSpec
from zaffre_sdk.wire.workspaces import WorkspaceIn

LARGE = 100 * 1024 * 1024
ZAFFRE = [sys.executable, "-m", "zaffre"]


@pytest.fixture
def home(tmp_path, monkeypatch):
    home = Home(tmp_path / "home")
    monkeypatch.setenv("ZAFFRE_HOME", str(home.root))
    for name in ("ZAFFRE_URL", "ZAFFRE_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    yield home
    subprocess.run([*ZAFFRE, "down", "--home", str(home.root)], check=False, timeout=60)


@pytest.fixture
def client(home):
    return local_client(home, url=start_server(home, arguments=["--port", "0"]).url)


@pytest.fixture
def workspace(client):
    made = client.workspaces.create(WorkspaceIn(name="w", subscription_id="s", resource_group="g"))
    return client.workspace(made.id)


def start_run(workspace):
    workspace.experiments.ensure("e")
    return workspace.runs.create(RunIn(experiment="e", spec=RunSpec(kind="interactive")))


def write_large(path: Path) -> str:
    block = hashlib.sha256(b"seed").digest() * 32768
    digest = hashlib.sha256()
    with path.open("wb") as file:
        for _ in range(LARGE // len(block)):
            digest.update(block)
            file.write(block)
    return digest.hexdigest()


def test_workspaces_experiments_and_runs(client, workspace):
    found = client.workspaces.find("s", "g", name="w")
    assert found is not None
    assert found.id == workspace.id
    run = start_run(workspace)
    assert workspace.runs.get(run.id).state == "Running"
    assert [listed.id for listed in workspace.runs.list(experiment="e")] == [run.id]
    assert [listed.name for listed in workspace.experiments.list()] == ["e"]
    ended = workspace.runs.end(run.id, "Completed")
    assert workspace.runs.wait(run.id, seconds=5).state == ended.state == "Completed"
    with pytest.raises(NotFoundError):
        workspace.runs.get("absent")
    with pytest.raises(UnauthenticatedError):
        Client(Transport(client.url, "wrong")).server()


@pytest.mark.slow
def test_100_megabytes_there_and_back(home, workspace, tmp_path):
    run = start_run(workspace)
    digest = write_large(tmp_path / "large")
    server = psutil.Process(home.running().pid)
    before = server.memory_info().rss
    began = time.monotonic()
    stored = workspace.artifacts.upload(run.id, "outputs/large", tmp_path / "large")
    sent = time.monotonic()
    fetched = workspace.artifacts.download(run.id, "outputs/large", tmp_path / "back")
    done = time.monotonic()
    print(f"up {sent - began:.2f} s, down {done - sent:.2f} s")  # noqa: T201 (a measure)
    assert stored.digest == digest
    with fetched.open("rb") as file:
        assert hashlib.file_digest(file, "sha256").hexdigest() == digest
    assert server.memory_info().rss - before < 64 * 1024 * 1024
    assert [listed.path for listed in workspace.artifacts.list(run.id)] == ["outputs/large"]
    with pytest.raises(NotFoundError):
        workspace.artifacts.download(run.id, "outputs/none", tmp_path / "none")


def test_snapshots_are_sent_once(workspace, tmp_path, monkeypatch):
    source = tmp_path / "src"
    source.mkdir()
    for number in range(200):
        (source / f"{number}.py").write_text(f"print({number})")
    (source / "run.sh").write_text("#!/bin/sh\n")
    (source / "run.sh").chmod(0o755)
    first = workspace.snapshots.create(source)
    sent = []
    monkeypatch.setattr(workspace.blobs, "upload", lambda digest, _: sent.append(digest))
    assert workspace.snapshots.create(source).id == first.id
    assert sent == []
    workspace.snapshots.download(first.id, tmp_path / "work")
    assert (tmp_path / "work" / "7.py").read_text() == "print(7)"
    assert os.access(tmp_path / "work" / "run.sh", os.X_OK)


def test_a_snapshot_is_sent_again_when_the_server_has_forgotten_its_files(
    workspace, home, tmp_path
):
    source = tmp_path / "source"
    source.mkdir()
    (source / "train.py").write_text("print()")
    first = workspace.snapshots.create(source)
    with closing(sqlite3.connect(home.root / "data" / "zaffre.db", timeout=30)) as database:
        for table in ("snapshot_files", "snapshots", "workspace_blobs"):
            database.execute(f"DELETE FROM {table}")  # noqa: S608 (fixed names)
        database.commit()
    assert workspace.snapshots.create(source).files == first.files


def test_models_are_registered_found_and_fetched(workspace, tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "weights.bin").write_bytes(b"weights")
    model = workspace.models.register(ModelIn(name="m"), source=tmp_path / "model")
    assert model.id == "m:1"
    assert workspace.models.find("m").version == 1
    assert workspace.models.find("m", version=2) is None
    workspace.models.download(model.id, tmp_path / "got")
    assert (tmp_path / "got" / "model" / "weights.bin").read_bytes() == b"weights"


def test_logs_are_appended_and_read_as_they_grow(workspace):
    run = start_run(workspace)
    workspace.logs.append(run.id, "user_logs/std_log.txt", offset=0, data=b"first\n")
    assert workspace.logs.read(run.id, "user_logs/std_log.txt").data == b"first\n"
    timer = threading.Timer(
        0.3,
        lambda: workspace.logs.append(run.id, "user_logs/std_log.txt", offset=6, data=b"second\n"),
    )
    timer.start()
    part = workspace.logs.read(run.id, "user_logs/std_log.txt", offset=6, wait=20)
    timer.join()
    assert part == (b"second\n", "Running", 13)


def test_r01_metrics_survive_a_server_that_is_killed_and_comes_back(home, workspace, tmp_path):
    run = start_run(workspace)
    sender = MetricSender(
        lambda batch: workspace.metrics.send(run.id, batch, patience=0), tmp_path / "spool"
    )
    for number in range(10_000):
        sender.log("m", "scalar", float(number), number)
        if number == 5000:
            assert sender.flush(30)
            server = psutil.Process(home.running().pid)
            server.kill()
            server.wait(10)
    start_server(home, arguments=["--port", "0"])
    assert sender.flush(60)
    assert sender.close()
    values = [entry.value for entry in workspace.metrics.entries(run.id, name="m")]
    assert values == [float(number) for number in range(10_000)]
    [summary] = workspace.metrics.summaries(run.id)
    assert (summary.count, summary.last) == (10_000, 9999.0)
    assert len(workspace.metrics.sample(run.id, "m", size=100)) <= 101


def test_logging_after_the_end_is_refused_and_told(workspace, tmp_path, capfd):
    run = start_run(workspace)
    workspace.runs.end(run.id, "Completed")
    with pytest.raises(ConflictError):
        workspace.runs.end(run.id, "Failed")
    sender = MetricSender(lambda batch: workspace.metrics.send(run.id, batch), tmp_path / "spool")
    sender.log("m", "scalar", 1.0)
    sender.close()
    assert sender.rejected == 1
    assert "refused metrics for good" in capfd.readouterr().err
