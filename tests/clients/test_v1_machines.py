"""A machine over SSH as v1 programs use it."""

import json

import pytest
from azureml.core import Dataset, Environment, Experiment, ScriptRunConfig
from azureml.core.compute import ComputeTarget, RemoteCompute
from azureml.core.conda_dependencies import CondaDependencies
from azureml.data import OutputFileDatasetConfig
from sshd import SSHD, LiveSshd
from zaffre_sdk.wire.computes import ComputeChange

pytestmark = pytest.mark.skipif(SSHD is None, reason="no sshd here; `make test` brings it")
TRAIN = """
import os, sys
from azureml.core import Run

given, shown, left = sys.argv[1:]
run = Run.get_context()
print(sorted(os.listdir(given)), sorted(os.listdir(shown)), flush=True)
run.log("rows", len(open(os.path.join(given, "a.csv")).readlines()))
with open(os.path.join(left, "out.txt"), "w") as file:
    file.write(sys.prefix)
"""


@pytest.fixture
def sshd(tmp_path):
    sshd = LiveSshd(tmp_path / "machine")
    sshd.start()
    yield sshd
    sshd.stop()


@pytest.fixture
def machine(workspace, sshd):
    configuration = RemoteCompute.attach_configuration(
        username=sshd.username,
        address="127.0.0.1",
        ssh_port=sshd.port,
        private_key_file=str(sshd.key),
    )
    target = ComputeTarget.attach(workspace, "vm1", configuration)
    target.wait_for_completion(show_output=True)
    # The SDK has no word for it; the tests leave the home of their user alone.
    workspace._nouns.computes.change("vm1", ComputeChange(settings=sshd.settings))
    yield target
    target.detach()


def test_a_script_with_data_runs_on_a_remote_compute(workspace, machine, tmp_path, capsys):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.csv").write_text("x\n1\n2\n")
    store = workspace.get_default_datastore()
    store.upload(str(tmp_path / "data"), "machine-data", overwrite=True)
    files = Dataset.File.from_files((store, "machine-data/*.csv"))
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "train.py").write_text(TRAIN)
    environment = Environment("machine")
    environment.python.conda_dependencies = CondaDependencies.create(
        pip_packages=["azureml-defaults"]
    )
    config = ScriptRunConfig(
        str(tmp_path / "src"),
        script="train.py",
        compute_target=machine,
        environment=environment,
        arguments=[
            files.as_named_input("given").as_download(),
            files.as_named_input("shown").as_mount(),
            OutputFileDatasetConfig(destination=(store, "left/{run-id}")),
        ],
    )
    run = Experiment(workspace, "machines").submit(config)
    run.wait_for_completion(show_output=True)
    assert run.get_metrics() == {"rows": 3}
    said = capsys.readouterr().out
    assert "The environment was made in" in said
    assert "['a.csv'] ['a.csv']" in said
    store.download(str(tmp_path / "got"), prefix=f"left/{run.id}")
    prefix = (tmp_path / "got" / "left" / run.id / "out.txt").read_text()
    assert prefix.startswith(f"{tmp_path}/machine/work/environments/")
    assert run.get_details()["target"] == "vm1"
    assert json.loads(json.dumps(machine.serialize()))["properties"]["computeType"]
