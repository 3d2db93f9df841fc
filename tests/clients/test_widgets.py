"""`RunDetails` in a real kernel: notebooks that nobody looks at while they run."""

from itertools import pairwise

import nbformat
import pytest
from azureml.core import Experiment
from azureml.widgets import RunDetails
from live import until
from nbclient import NotebookClient
from zaffre_sdk.widgets.reading import RunSight
from zaffre_sdk.widgets.watching import Watch

WIDGET = "application/vnd.jupyter.widget-view+json"
BEGIN = """
from azureml.core import Experiment, Workspace
from azureml.widgets import RunDetails
ws = Workspace.create("v1", subscription_id="...", resource_group="tests", exist_ok=True)
run = Experiment(ws, "notebook").start_logging(snapshot_directory=None)
run.log("loss", 0.5)
run.flush()
RunDetails(run).show()
"""
END = """
import threading
run.complete()
for thread in threading.enumerate():
    if thread.name == "run-details":
        thread.join(30)
"""


def executed(tmp_path, *cells):
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [nbformat.v4.new_code_cell(cell) for cell in cells]
    resources = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(notebook, timeout=120, resources=resources).execute()
    return notebook


@pytest.fixture(autouse=True)
def _kernels_of_this_python(tmp_path, monkeypatch):
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))


@pytest.mark.usefixtures("workspace")
def test_an_executed_notebook_holds_the_widget_and_what_is_seen_without_it(tmp_path):
    shown = executed(tmp_path, BEGIN, END).cells[0].outputs[0].data
    assert set(shown) == {WIDGET, "text/html", "text/plain"}
    assert "<td>Completed</td>" in shown["text/html"], "brought up to the end of the run"
    assert "loss                     0.5" in shown["text/plain"]


@pytest.mark.usefixtures("workspace")
def test_without_anywidget_a_notebook_has_html_and_text(tmp_path):
    absent = "import sys\nsys.modules['anywidget'] = None\n"
    shown = executed(tmp_path, absent + BEGIN, "run.complete()").cells[0].outputs[0].data
    assert set(shown) == {"text/html", "text/plain"}


def test_a_server_that_is_away_is_said_and_nothing_is_raised(workspace, monkeypatch, capsys):
    run = Experiment(workspace, "away").start_logging(snapshot_directory=None)
    run.complete()
    monkeypatch.setattr(RunSight, "look", _away)
    RunDetails(run).show()
    assert "out of reach" in capsys.readouterr().out


def _away(_sight, _run=None):
    raise OSError("out of reach")


def test_a_watch_tells_changes_alone_and_ends_with_the_run(workspace):
    run = Experiment(workspace, "watched").start_logging(snapshot_directory=None)
    sight = RunSight(run._nouns.workspace, run.id, page="http://localhost/")
    told = []
    watch = Watch(sight, sight.look(), tell=told.append)
    watch.start()
    run.log("loss", 0.5)
    run.flush()
    until(lambda: told)
    assert told[0].figures[0]["value"] == 0.5
    run.complete()
    assert watch.join(30)
    assert told[-1].run["state"] == "Completed"
    assert all(one != two for one, two in pairwise(told))


def test_a_watch_that_is_stopped_ends_and_tells_nothing_more(workspace):
    with Experiment(workspace, "stopped").start_logging(snapshot_directory=None) as run:
        sight = RunSight(run._nouns.workspace, run.id, page="http://localhost/")
        told = []
        watch = Watch(sight, sight.look(), tell=told.append)
        watch.start()
        watch.stop()
        assert watch.join(30)
        assert told == []
