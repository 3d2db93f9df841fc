"""Processes of a run whose nodes are those of a Ray cluster."""

import json
import socket
import struct
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from zaffre_sdk.runner.command import processes_of
from zaffre_sdk.runner.members import DistributionError
from zaffre_sdk.runner.order import folders_at
from zaffre_sdk.runner.seats import _CALL
from zaffre_sdk.wire.runs import AttemptStarted, Distribution, RunSpec

SECRET = "s1"  # noqa: S105 (of nobody)


def started(kind: str) -> AttemptStarted:
    spec = RunSpec(
        kind="script",
        script="train.py",
        node_count=2,
        distribution=Distribution(kind=kind, process_count=2),
    )
    return AttemptStarted(
        run_id="exp_1",
        spec=spec,
        python="/env/bin/python",
        experiment="exp",
        variables={},
        log_path="user_logs/std_log.txt",
        beat_seconds=1.0,
        kill_grace_seconds=1.0,
    )


def plans(folder: Path, kind: str = "pytorch"):
    return processes_of(
        started(kind),
        folders_at(folder),
        words=["/env/bin/python", "train.py"],
        environ={"PATH": "/bin"},
        devices=lambda _: {},
    )


def lay(folder: Path, port: int = 1) -> None:
    said = {"port": port, "secret": SECRET, "addresses": ["10.0.0.5", "10.0.0.6"]}
    (folder / "seats.json").write_text(json.dumps(said))


def test_processes_of_other_nodes_are_called_and_find_the_first(tmp_path: Path):
    lay(tmp_path)
    first, second = plans(tmp_path)
    assert first.argv == ["/env/bin/python", "train.py"]
    assert second.argv[-5:-2] == [str(_CALL), str(tmp_path / "seats.json"), "1"]
    assert second.argv[-2:] == ["/env/bin/python", "train.py"]
    assert {plan.environ["MASTER_ADDR"] for plan in (first, second)} == {"10.0.0.5"}
    # They talk over the network, whichever that is.
    assert "GLOO_SOCKET_IFNAME" not in first.environ
    # The secret is nowhere to be seen.
    assert SECRET not in second.argv


def test_mpi_on_several_nodes_is_refused(tmp_path: Path):
    lay(tmp_path)
    with pytest.raises(DistributionError, match="several nodes of a Ray cluster"):
        plans(tmp_path, "mpi")


@pytest.mark.parametrize("code", [0, 3, -15])
def test_a_call_writes_and_ends_as_the_other_process_does(tmp_path: Path, code: int):
    asked: list[bytes] = []

    def serve() -> None:
        connection, _ = listener.accept()
        with connection, connection.makefile("rb") as lines:
            asked.extend([lines.readline(), lines.readline()])
            connection.sendall(struct.pack(">BI", 1, 3) + b"hi\n")
            connection.sendall(struct.pack(">BIi", 2, 4, code))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        lay(tmp_path, listener.getsockname()[1])
        server = threading.Thread(target=serve)
        server.start()
        done = subprocess.run(
            [sys.executable, str(_CALL), str(tmp_path / "seats.json"), "1", "program", "a b"],
            cwd=tmp_path,
            capture_output=True,
            check=False,
            timeout=30,
        )
        server.join()
    assert (done.returncode, done.stdout) == (code, b"hi\n")
    assert asked[0] == SECRET.encode() + b"\n"
    said = json.loads(asked[1])
    assert (said["node"], said["argv"], said["folder"]) == (1, ["program", "a b"], str(tmp_path))


def test_a_call_whose_node_is_lost_fails(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        lay(tmp_path, listener.getsockname()[1])
        with subprocess.Popen(
            [sys.executable, str(_CALL), str(tmp_path / "seats.json"), "1", "program"],
            stderr=subprocess.PIPE,
        ) as calling:
            listener.accept()[0].close()
            _, errors = calling.communicate(timeout=30)
    assert calling.returncode == 1
    assert b"Traceback" not in errors
