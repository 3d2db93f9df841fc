"""Runs in the genuine TensorBoard: event files that are fetched, and metrics that are exported."""

import json
import sys
import urllib.request

import pytest
from azureml.core import Experiment, ScriptRunConfig
from azureml.exceptions import UserErrorException
from azureml.tensorboard import Tensorboard
from azureml.tensorboard.export import export_to_tensorboard
from live import until
from matplotlib.figure import Figure

tensorboard = pytest.importorskip("tensorboard", reason="NO TENSORBOARD HERE")


@pytest.fixture
def experiment(workspace):
    return Experiment(workspace, "boards")


def asked(url, plugin, what="tags"):
    address = f"{url.rstrip('/')}/data/plugin/{plugin}/{what}"
    with urllib.request.urlopen(address, timeout=30) as answer:  # noqa: S310 (our own program)
        return json.loads(answer.read())


def written(folder, values, *, name="events.out.tfevents.1.host"):
    """Write an event file as a training program would."""
    from azureml.tensorboard._writing import Event, RecordWriter, Summary  # noqa: PLC0415 (slow)

    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    with file.open("wb") as opened:
        writer = RecordWriter(opened)
        writer.write(Event(wall_time=1.0, file_version="brain.Event:2").SerializeToString())
        for step, value in enumerate(values):
            summary = Summary(value=[Summary.Value(tag="loss", simple_value=value)])
            writer.write(
                Event(wall_time=2.0 + step, step=step, summary=summary).SerializeToString()
            )
    return file


def test_event_files_of_a_run_are_shown_while_it_goes_on(experiment, tmp_path):
    with experiment.start_logging(snapshot_directory=None) as run:
        run.upload_file("logs/train/e", written(tmp_path, [1.0, 0.5], name="one"))
        first = written(tmp_path, [1.0, 0.5])
        run.upload_file(f"logs/train/{first.name}", str(first))
        run.upload_file("outputs/model.txt", str(first))
        board = Tensorboard([run], local_root=str(tmp_path / "root"), port=0)
        try:
            url = board.start()
            assert board.start() == url
            name = f"{run.id}/train"
            until(lambda: asked(url, "scalars").get(name), seconds=60)
            assert list(asked(url, "scalars")[name]) == ["loss"]
            more = written(tmp_path, [1.0, 0.5, 0.25])
            run.upload_file(f"logs/train/{first.name}", str(more))

            def third():
                points = asked(url, "scalars", f"scalars?run={run.id}%2Ftrain&tag=loss")
                return [value for _, _, value in points] == [1.0, 0.5, 0.25]

            until(third, seconds=60)
        finally:
            board.stop()
    files = {one.name for one in (tmp_path / "root").rglob("*") if one.is_file()}
    assert files == {"e", first.name}
    with pytest.raises(OSError, match="refused"):
        asked(url, "scalars")


@pytest.fixture
def logged(experiment):
    """A run with one metric of each kind, and a run below it."""
    with experiment.start_logging(snapshot_directory=None) as run:
        for step in range(3):
            run.log("loss", 1 / (step + 1), step=step * 10)
            run.log_row("losses", epoch=step, test=0.5)
        run.log("note", "text | with *marks*")
        run.log_list("sizes", [3, 2, 1])
        figure = Figure(figsize=(2, 1))
        figure.subplots().plot([1, 2])
        run.log_image("plot", plot=figure)
        matrix = {"class_labels": ["a", "b"], "matrix": [[3, 1], [0, 4]]}
        document = {"schema_type": "confusion_matrix", "schema_version": "1.0.0", "data": matrix}
        run.log_confusion_matrix("confusion", document)
        with run.child_run() as child:
            child.log("below", 1.5)
    return run, child


def test_metrics_are_exported_as_curves_images_and_texts(logged, tmp_path):
    run, child = logged
    export_to_tensorboard(run, str(tmp_path))
    export_to_tensorboard([run], str(tmp_path))
    assert len([one for one in tmp_path.rglob("*") if one.is_file()]) == 2
    board = Tensorboard([], local_root=str(tmp_path), port=0)
    try:
        url = board.start()
        until(lambda: len(asked(url, "scalars")) == 2, seconds=60)
        shown = asked(url, "scalars")
        assert set(shown[run.id]) == {"loss", "losses/epoch", "losses/test", "sizes"}
        assert set(shown[f"{run.id}/{child.id}"]) == {"below"}
        points = asked(url, "scalars", f"scalars?run={run.id}&tag=loss")
        steps = [(step, round(value, 3)) for _, step, value in points]
        assert steps == [(0, 1.0), (10, 0.5), (20, 0.333)]
        assert set(asked(url, "images")[run.id]) == {"plot"}
        assert set(asked(url, "text")[run.id]) == {"note", "losses", "confusion"}
        page = asked(url, "text", f"text?run={run.id}&tag=confusion")[0]["text"]
        assert "<table>" in page
    finally:
        board.stop()


def test_what_was_asked_of_a_run_becomes_hyperparameters(experiment, tmp_path):
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "train.py").write_text("print('done')")
    run = experiment.submit(
        ScriptRunConfig(str(folder), script="train.py", arguments=["--rate", 0.1])
    )
    run.cancel()
    export_to_tensorboard(run, str(tmp_path / "logs"))
    file = next((tmp_path / "logs").rglob("events*"))
    assert b"_hparams_/session_start_info" in file.read_bytes()
    assert b"rate" in file.read_bytes()


def test_experiments_are_exported_without_the_runs_below(experiment, tmp_path):
    with experiment.start_logging(snapshot_directory=None) as run:
        run.log("loss", 1.0)
        run.child_run().complete()
    export_to_tensorboard(
        Experiment(run.experiment.workspace, "boards"), tmp_path, recursive=False
    )
    found = {one.parent for one in tmp_path.rglob("events*")}
    assert tmp_path / run.id in found
    assert all(one.parent == tmp_path for one in found)


def test_a_port_that_is_taken_and_a_missing_program_are_said(tmp_path, monkeypatch):
    first = Tensorboard([], local_root=str(tmp_path), port=0)
    try:
        port = int(first.start().rstrip("/").rpartition(":")[2])
        with pytest.raises(UserErrorException, match=str(port)):
            Tensorboard([], local_root=str(tmp_path), port=port).start()
    finally:
        first.stop()
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    with pytest.raises(UserErrorException, match=r"pip install 'zaffre-sdk\[tensorboard\]'"):
        Tensorboard([]).start()
    with pytest.raises(UserErrorException, match="pip install"):
        export_to_tensorboard([], str(tmp_path))
    with pytest.raises(UserErrorException, match="must be runs"):
        Tensorboard("run")
