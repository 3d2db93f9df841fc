"""Script runs, from submission to their end, on a real server with real processes."""

import contextlib
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from live import LiveRuns, LiveServer, Refused, until

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveRuns]:
    server = LiveServer(tmp_path_factory.mktemp("e2e") / "home")
    server.home.mkdir(mode=0o700)
    server.start()
    try:
        yield LiveRuns(server)
    finally:
        server.stop()


def no_process_left(runs: LiveRuns, run: str, *pids: int) -> None:
    until(lambda: not runs.processes(run), seconds=10)
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, 0)
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
            assert state == "Z", f"{pid} lives"


def test_a_script_completes_with_its_log_and_its_files(runs: LiveRuns):
    script = (
        "import os, pathlib, sys\n"
        "import helper\n"
        "print('args', sys.argv[1:])\n"
        "print('to stderr', file=sys.stderr)\n"
        "print(helper.WORD, os.environ['AZUREML_RUN_ID'], os.environ['COLOUR'])\n"
        "assert os.getcwd() == sys.path[0]\n"
        "pathlib.Path('outputs/deep').mkdir(parents=True)\n"
        "pathlib.Path('outputs/deep/model.bin').write_bytes(b'x' * 100)\n"
        "pathlib.Path('logs/own.log').write_text('mine')\n"
        "os.symlink('/etc/passwd', 'outputs/passwd')\n"
    )
    snapshot = runs.snapshot({"train.py": script, "helper.py": "WORD = 'helped'"})
    run = runs.submit(
        "", snapshot_id=snapshot, arguments=["--rate", "0.1"], variables={"COLOUR": "blue"}
    )
    ended = runs.wait(run)
    assert (ended["state"], ended["error"]) == ("Completed", None), runs.log(run)
    log = runs.log(run)
    assert "args ['--rate', '0.1']" in log
    assert "to stderr" in log
    assert f"helped {run} blue" in log
    assert runs.artifacts(run) == ["logs/own.log", "outputs/deep/model.bin"]
    assert ended["ended_at"] >= ended["started_at"] >= ended["created_at"]
    no_process_left(runs, run)


def test_a_command_runs_as_it_is(runs: LiveRuns):
    run = runs.submit("", script=None, command=["sh", "-c", "echo from $0 $AZUREML_RUN_ID", "sh"])
    assert runs.wait(run)["state"] == "Completed"
    assert runs.log(run) == f"from sh {run}\n"


def test_a_failure_names_its_exit_code_and_the_last_lines(runs: LiveRuns):
    run = runs.submit("raise SystemExit('no data today')")
    ended = runs.wait(run)
    assert (ended["state"], ended["error"]["code"]) == ("Failed", "UserScriptFailed")
    assert "exit code 1" in ended["error"]["message"]
    assert "no data today" in ended["error"]["details"]


@pytest.mark.parametrize(
    ("act", "words"),
    [
        ("os.kill(os.getpid(), signal.SIGKILL)", "signal 9 (SIGKILL), perhaps because"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "signal 11 (SIGSEGV)"),
        ("os._exit(9)", "exit code 9"),
    ],
)
def test_r08_a_violent_end_is_told_as_it_was(runs: LiveRuns, act: str, words: str):
    run = runs.submit(f"import os, signal\nprint('before', flush=True)\n{act}\n")
    ended = runs.wait(run)
    assert ended["state"] == "Failed"
    assert words in ended["error"]["message"]
    assert ended["error"]["details"] == "before"


def test_r08_os_exit_zero_completes(runs: LiveRuns):
    assert runs.wait(runs.submit("import os; os._exit(0)"))["state"] == "Completed"


_FORK_AWAY = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
read, write = os.pipe()
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.write(write, str(os.getpid()).encode())
        os.environ.clear()
        os.execve(sys.executable, [sys.executable, '-c', 'import time; time.sleep(600)'], {})
    os._exit(0)
pid = os.read(read, 20).decode()
print('grandchild', pid, flush=True)
"""


def grandchild_of(runs: LiveRuns, run: str) -> int:
    runs.wait_for(run, "grandchild ")
    return int(runs.log(run).split("grandchild ")[1].split()[0])


def test_r08_a_grandchild_that_left_the_session_ends_with_the_run(runs: LiveRuns):
    run = runs.submit(_FORK_AWAY)
    ended = runs.wait(run)
    assert ended["state"] == "Completed"
    no_process_left(runs, run, grandchild_of(runs, run))


def test_r10_cancel_ends_the_whole_tree_even_if_it_ignores_the_signal(runs: LiveRuns):
    run = runs.submit(_FORK_AWAY + "while True: time.sleep(1)\n")
    grandchild = grandchild_of(runs, run)
    assert runs.cancel(run)["state"] == "CancelRequested"
    assert runs.cancel(run)["state"] == "CancelRequested"
    assert runs.wait(run, seconds=20)["state"] == "Canceled"
    no_process_left(runs, run, grandchild)
    assert runs.cancel(run)["state"] == "Canceled"


def test_r10_cancel_lets_the_script_say_goodbye(runs: LiveRuns):
    script = (
        "import signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: (print('goodbye', flush=True), sys.exit(0)))\n"
        "print('ready', flush=True)\n"
        "while True: time.sleep(0.05)\n"
    )
    run = runs.submit(script)
    runs.wait_for(run, "ready")
    runs.cancel(run)
    assert runs.wait(run, seconds=10)["state"] == "Canceled"
    assert "goodbye" in runs.log(run)


def test_r10_cancel_after_the_end_is_refused(runs: LiveRuns):
    run = runs.submit("pass")
    runs.wait(run)
    with pytest.raises(Refused) as caught:
        runs.cancel(run)
    assert (caught.value.status, caught.value.code) == (409, "RunIsTerminal")


def test_r39_a_run_over_its_time_ends_and_says_so(runs: LiveRuns):
    run = runs.submit("import time; time.sleep(600)", max_seconds=1)
    error = runs.wait(run, seconds=20)["error"]
    assert error["code"] == "MaxRunDurationExceeded"
    assert "max_run_duration_seconds" in error["message"]


def test_r09_a_killed_runner_fails_the_run_and_leaves_nothing(runs: LiveRuns):
    run = runs.submit(_FORK_AWAY + "while True: time.sleep(1)\n")
    grandchild = grandchild_of(runs, run)
    runs.runner(run).kill()
    ended = runs.wait(run, seconds=40)
    assert (ended["state"], ended["error"]["code"]) == ("Failed", "SupervisorLost")
    no_process_left(runs, run, grandchild)


def test_r38_a_flood_of_output_arrives_whole(runs: LiveRuns):
    script = (
        "import sys\n"
        "out = sys.stdout.buffer\n"
        "out.write(b'x' * 10_000_000 + b'\\n')\n"
        "out.write(b'\\xff\\x00\\n')\n"
        "for i in range(100_000): out.write(b'%d\\n' % i)\n"
    )
    run = runs.submit(script)
    assert runs.wait(run)["state"] == "Completed"
    logs = runs.server.json("GET", f"{runs.root}/runs/{run}/logs")["value"]
    size = next(log["size"] for log in logs if log["path"] == "user_logs/std_log.txt")
    assert size == 10_000_001 + 3 + sum(len(f"{i}\n") for i in range(100_000))


def test_a46_a_snapshot_that_was_edited_is_not_run(runs: LiveRuns):
    script = "print('the original')"
    snapshot = runs.snapshot({"train.py": script})
    for blob in (runs.server.home / "data" / "blobs").rglob("*"):
        if blob.is_file() and blob.read_bytes() == script.encode():
            blob.chmod(0o600)
            blob.write_text("print('the tampered')")
    run = runs.submit("", snapshot_id=snapshot)
    ended = runs.wait(run)
    assert ended["state"] == "Failed"
    assert "DigestMismatch" in ended["error"]["message"]
    assert runs.log(run) == ""


def test_r12_a_stale_attempt_is_refused(runs: LiveRuns):
    run = runs.submit("import time; print('up', flush=True); time.sleep(600)")
    runs.wait_for(run, "up")
    order = next((runs.server.home / "runs" / runs.workspace_id / run).glob("1/order.json"))
    token = json.loads(order.read_bytes())["token"]
    assert order.stat().st_mode & 0o777 == 0o600
    path = f"{runs.root}/runs/{run}/attempt"
    for body in ({"attempt": 1, "runner": "thief"}, {"attempt": 0}):
        with pytest.raises(Refused) as caught:
            runs.server.json("POST", f"{path}/start", body, token=token)
        assert caught.value.status == 409
    beat = {"attempt": 2, "state": "Running"}
    with pytest.raises(Refused) as caught:
        runs.server.json("POST", f"{path}/beat", beat, token=token)
    assert (caught.value.status, caught.value.code) == (409, "StaleAttempt")
    runs.cancel(run)
    assert runs.wait(run)["state"] == "Canceled"
    with pytest.raises(Refused) as caught:
        runs.server.json("GET", f"{runs.root}/runs/{run}", token=token)
    assert caught.value.status == 401


@pytest.mark.slow
def test_r11_a_stopped_runner_does_not_respond_and_returns(runs: LiveRuns):
    run = runs.submit("import time; print('up', flush=True); time.sleep(600)")
    runs.wait_for(run, "up")
    runner = runs.runner(run)
    runner.send_signal(signal.SIGSTOP)
    until(lambda: runs.get(run)["state"] == "NotResponding", seconds=45)
    runner.send_signal(signal.SIGCONT)
    until(lambda: runs.get(run)["state"] == "Running", seconds=10)
    runs.cancel(run)
    assert runs.wait(run)["state"] == "Canceled"


def test_a_log_is_followed_to_the_end_of_its_run(runs: LiveRuns):
    run = runs.submit("import time\nfor i in range(5): print(i, flush=True); time.sleep(0.3)")
    text, path = b"", f"{runs.root}/runs/{run}/logs/user_logs/std_log.txt"
    while True:
        more = runs.server.ask("GET", f"{path}?offset={len(text)}&wait=20")
        text += more
        if not more and runs.get(run)["state"] == "Completed":
            break
    assert text == b"0\n1\n2\n3\n4\n"
