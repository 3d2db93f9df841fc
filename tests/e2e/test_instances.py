"""Instances: a real JupyterLab of each, behind the door of the server."""

import json
import os
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from live import LiveRuns, LiveServer, Refused, until

# Run by the interpreter of the instance, which has a client for web sockets.
IN_A_KERNEL = """
import json, sys, urllib.request, uuid, websocket
url, token, code = sys.argv[1:]
headers = {"authorization": "Bearer " + token, "content-type": "application/json"}
body = json.dumps({"name": "python3", "path": "Users/owner/x.ipynb"}).encode()
asked = urllib.request.Request(url + "api/kernels", data=body, headers=headers, method="POST")
kernel = json.load(urllib.request.urlopen(asked))["id"]
socket = websocket.create_connection(
    url.replace("http", "ws", 1) + f"api/kernels/{kernel}/channels",
    header=["Authorization: Bearer " + token], suppress_origin=True, timeout=60,
)
header = {"msg_id": uuid.uuid4().hex, "msg_type": "execute_request", "username": "",
          "session": "s", "version": "5.3"}
content = {"code": code, "silent": False, "store_history": False, "user_expressions": {},
           "allow_stdin": False}
socket.send(json.dumps({"header": header, "parent_header": {}, "metadata": {}, "buffers": [],
                        "content": content, "channel": "shell"}))
while True:
    told = json.loads(socket.recv())
    if told["parent_header"].get("msg_id") != header["msg_id"]:
        continue
    if told["msg_type"] == "stream":
        print(told["content"]["text"], end="")
    if told["msg_type"] == "error":
        print(*told["content"]["traceback"], sep="\\n")
    if told["msg_type"] == "status" and told["content"]["execution_state"] == "idle":
        break
"""


class Instance:
    """An instance of a live server."""

    def __init__(self, runs: LiveRuns, name: str = "ci1", **settings: Any) -> None:
        self.server = runs.server
        self.path = f"{runs.root}/computes/{name}"
        self.base = f"/instances/{runs.workspace_id}/{name}/"
        self.token = (self.server.home / "token").read_text().strip()
        kind = {"kind": "instance", "type": "ComputeInstance", "vm_size": "STANDARD_DS3_V2"}
        body = {"name": name, **kind, "settings": settings}
        self.server.json("POST", f"{runs.root}/computes", body)

    def look(self) -> dict[str, Any]:
        return self.server.json("GET", self.path)

    def until(self, power: str) -> dict[str, Any]:
        return until(lambda: found if (found := self.look())["power"] == power else {}, seconds=90)

    def until_running(self) -> dict[str, Any]:
        found = until(
            lambda: one if (one := self.look())["power"] in {"Running", "SetupFailed"} else {},
            seconds=90,
        )
        errors = str(found["errors"])
        if "EnvironmentBuildFailed" in errors and _is_offline():
            pytest.skip("no package index here: JupyterLab cannot be installed")
        assert found["power"] == "Running", errors
        return found

    def turn(self, action: str) -> None:
        self.server.json("POST", f"{self.path}/{action}")

    def get(self, page: str) -> bytes:
        asked = urllib.request.Request(  # noqa: S310 (our own server)
            f"{self.server.url}{self.base}{page}",
            headers={"authorization": f"Bearer {self.token}"},
        )
        with urllib.request.urlopen(asked, timeout=60) as answer:  # noqa: S310 (as above)
            return answer.read()

    def answers(self) -> bool:
        try:
            return bool(self.get("api/status"))
        except urllib.error.HTTPError as error:
            error.close()
            return False

    @property
    def handle(self) -> dict[str, Any]:
        """Return what the server noted of the process; nothing between two of them."""
        found = list((self.server.home / "instances").glob("*/*/handle.json"))
        return json.loads(found[0].read_bytes()) if found else {"pid": 0}

    @property
    def pid(self) -> int:
        return self.handle["pid"]

    def until_another(self, pid: int) -> None:
        until(lambda: self.pid not in {0, pid} and self.answers(), seconds=60)

    def in_a_kernel(self, code: str) -> str:
        python = psutil.Process(self.handle["pid"]).cmdline()[0]
        words = [python, "-c", IN_A_KERNEL, f"{self.server.url}{self.base}", self.token, code]
        done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=90)
        return done.stdout + done.stderr


def _is_offline() -> bool:
    try:
        urllib.request.urlopen("https://pypi.org/simple/pip/", timeout=10).close()
    except OSError:
        return True
    return False


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[LiveRuns]:
    with LiveServer(tmp_path / "home") as server:
        runs = LiveRuns(server)
        yield runs
        for one in server.json("GET", f"{runs.root}/computes")["value"]:
            server.ask("DELETE", f"{runs.root}/computes/{one['name']}")
        until(lambda: not server.json("GET", f"{runs.root}/computes")["value"], seconds=60)


def test_an_instance_from_its_beginning_to_its_end(runs: LiveRuns):
    instance = Instance(runs)
    assert instance.look()["state"] == "Creating"
    found = instance.until_running()
    assert (found["state"], found["errors"]) == ("Succeeded", [])
    assert found["urls"]["JupyterLab"] == f"{runs.server.url}{instance.base}lab"
    assert b"<title>JupyterLab</title>" in instance.get("lab")
    assert b"Jupyter" in instance.get("tree")
    # No command line and no environment tells what opens it.
    process, secret = psutil.Process(instance.handle["pid"]), instance.handle["secret"]
    assert secret not in " ".join([*process.cmdline(), *process.environ().values()])
    # What runs in it finds the workspace, and its notebooks lie in a datastore.
    said = instance.in_a_kernel(
        "import os; from azureml.core import Workspace\n"
        "print(Workspace.from_config().name, os.getcwd())\n"
        # What is installed goes to this instance alone.
        "import pip, sys; print(os.path.relpath(sys.prefix, os.environ['ZAFFRE_HOME']))"
    )
    folder = runs.server.home / "datastores" / runs.workspace_id / "workspaceworkingdirectory"
    own = f"instances/{runs.workspace_id}/ci1/python"
    assert said == f"ws {folder}/Users/owner\n{own}\n"
    (folder / "Users" / "owner" / "kept.txt").write_text("kept")
    pids = [process.pid, *(child.pid for child in process.children(recursive=True))]
    assert len(pids) > 1
    instance.turn("stop")
    assert instance.until("Stopped")["urls"] == {}
    assert not any(psutil.pid_exists(pid) for pid in pids)
    assert not instance.answers()
    instance.turn("start")
    instance.until_running()
    started_again_and_deleted(instance, folder / "Users" / "owner" / "kept.txt")


def started_again_and_deleted(instance: Instance, kept: Path) -> None:
    pid = instance.pid
    instance.turn("restart")
    instance.until_another(pid)
    assert b"kept.txt" in instance.get("api/contents/Users/owner")
    instance.until("Running")
    pid = instance.pid
    instance.server.ask("DELETE", instance.path)
    with pytest.raises(Refused, match="ComputeNotFound"):
        until(lambda: not instance.look())
    assert not psutil.pid_exists(pid)
    assert not list((instance.server.home / "instances").glob("*/*"))
    assert kept.exists()


def test_instances_go_on_when_the_server_is_killed_and_when_they_die_themselves(runs: LiveRuns):
    instance = Instance(runs)
    instance.until_running()
    pid = instance.pid
    runs.server.kill()
    assert psutil.pid_exists(pid)
    runs.server.start()
    until(instance.answers)
    assert instance.pid == pid
    # The server has another port now.
    until(lambda: instance.look()["urls"]["JupyterLab"].startswith(runs.server.url))
    os.kill(pid, signal.SIGKILL)
    instance.until_another(pid)
    assert instance.look()["power"] == "Running"
    # One that died while there was no server is started again by the next.
    pid = instance.pid
    runs.server.stop()
    os.kill(pid, signal.SIGKILL)
    runs.server.start()
    instance.until_another(pid)


def test_an_instance_that_nobody_uses_is_stopped(runs: LiveRuns):
    instance = Instance(runs, idle_seconds=2)
    until(lambda: instance.look()["power"] != "Starting", seconds=90)
    instance.until("Stopped")
