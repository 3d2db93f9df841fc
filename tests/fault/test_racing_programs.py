"""Programs that find no server start one between them, and `zaffre down` ends all there is."""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from live import until
from programs import Program, environ_of, processes_of

STARTER = """
from azureml.core import Experiment, Workspace

workspace = Workspace.create('ws', subscription_id='s', resource_group='g', exist_ok=True)
run = Experiment(workspace, 'inline').start_logging()
run.log('loss', 1)
run.complete()
print(run.get_portal_url().split('/studio')[0])
"""
# Everything that can be active at once: inline runs, scripts with children, and replicas.
BUSY = """
import sys, time
from pathlib import Path
from azureml.core import Environment, Experiment, Model, ScriptRunConfig, Workspace
from azureml.core.model import InferenceConfig
from azureml.core.webservice import AciWebservice

Path('source').mkdir()
Path('source/train.py').write_text('''
import subprocess, sys, time
quiet = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
subprocess.Popen([sys.executable, "-c", quiet], start_new_session=True, cwd="/")
print("up", flush=True)
time.sleep(600)
''')
Path('source/score.py').write_text('''
import subprocess, sys
def init():
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
def run(raw):
    return raw
''')
Path('word.txt').write_text('hello')
workspace = Workspace.create('ws', subscription_id='s', resource_group='g', exist_ok=True)
environment = Environment('given')
environment.python.user_managed_dependencies = True
environment.python.interpreter_path = sys.executable
experiment = Experiment(workspace, 'busy')
inline = [experiment.start_logging() for _ in range(2)]
config = ScriptRunConfig('source', script='train.py', environment=environment)
scripts = [experiment.submit(config) for _ in range(2)]
model = Model.register(workspace, 'word.txt', 'word')
inference = InferenceConfig('score.py', source_directory='source', environment=environment)
service = Model.deploy(
    workspace, 'echo', [model], inference, AciWebservice.deploy_configuration(cpu_cores=1)
)
service.wait_for_deployment()
while not all('user_logs/std_log.txt' in run.get_file_names() for run in scripts):
    time.sleep(0.1)
print('busy')
"""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


def zaffre(home: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "zaffre", *arguments],
        env=environ_of(home),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def servers_of(home: Path) -> list[int]:
    return [process.pid for process in processes_of(home) if "--foreground" in process.cmdline()]


@pytest.fixture
def homes(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    made: list[Path] = []

    def make(name: str) -> Path:
        made.append(tmp_path / name)
        return made[-1]

    yield make
    for home in made:
        zaffre(home, "down")
        assert processes_of(home) == []


def test_eight_programs_that_race_start_one_server(homes, tmp_path: Path):
    home = homes("home")
    programs = [Program(home, tmp_path / f"program-{number}", STARTER) for number in range(8)]
    for program in programs:
        program.wait(120)
    assert len({program.lines[-1] for program in programs}) == 1
    told = [program for program in programs if "started a local server at" in program.errors]
    assert len(told) == 1
    assert len(servers_of(home)) == 1


def test_programs_of_two_homes_start_two_servers(homes, tmp_path: Path):
    first, second = homes("first"), homes("second")
    programs = [
        Program(home, tmp_path / f"program-{home.name}-{number}", STARTER)
        for home in (first, second)
        for number in range(4)
    ]
    for program in programs:
        program.wait(120)
    assert len({program.lines[-1] for program in programs[:4]}) == 1
    assert len({program.lines[-1] for program in programs}) == 2
    assert len(servers_of(first)) == len(servers_of(second)) == 1
    zaffre(first, "down")
    assert processes_of(first) == []
    assert len(servers_of(second)) == 1


def test_down_ends_runs_replicas_and_server_and_says_so(homes, tmp_path: Path):
    home = homes("home")
    program = Program(home, tmp_path / "program", BUSY)
    program.wait(150)
    assert program.lines[-1] == "busy"
    commands = [" ".join(process.cmdline()) for process in processes_of(home)]
    assert sum("zaffre_sdk.runner" in command for command in commands) == 2
    assert any("zaffre_sdk.scoring" in command for command in commands)
    told = zaffre(home, "down")
    assert "Canceled 4 runs." in told
    assert re.search(r"Stopped the server at http://\S+\.\n", told)
    assert processes_of(home) == []
    # Another server over the same home finds the runs ended, and brings the endpoint back.
    zaffre(home, "up", "--port", "0")
    assert re.search(r"active runs\s+0", zaffre(home, "status"))
    until(lambda: any("zaffre_sdk.scoring" in p.cmdline() for p in processes_of(home)))
    zaffre(home, "down")
    assert processes_of(home) == []
