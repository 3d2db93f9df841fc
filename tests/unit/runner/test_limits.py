"""What a run may use, and what becomes of one that wants more: by a real runner."""

import ast
import os
import sys
import time
from pathlib import Path

import psutil
import pytest
from attempt_server import AttemptServer
from live import until
from zaffre_sdk.runner.cgroups import Wanted, made
from zaffre_sdk.runner.claims import Claims
from zaffre_sdk.wire.runs import Distribution, Resources

pytestmark = [
    pytest.mark.timeout(120),
    pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such limits"),
]

_LIMIT_MB = 300
_EAT = """
import sys
import time
held = []
while True:
    held.append(b"x" * 20_000_000)
    print(len(held), flush=True)
"""
# As for a user who may not make control groups.
_NO_GROUPS = "import zaffre_sdk.runner.limits as l; l.made = lambda *_: None; "
_SEEN = """
import os
print([sorted(os.sched_getaffinity(0)), os.environ.get("OMP_NUM_THREADS")])
"""


@pytest.mark.parametrize("before", ["", _NO_GROUPS], ids=["as it is here", "watched"])
def test_r39_a_run_over_its_memory_ends_and_says_so(attempts: AttemptServer, before: str):
    end = attempts.run(_EAT, resources=Resources(memory_mb=_LIMIT_MB), before=before)
    assert (end.outcome, end.error.code) == ("Failed", "MemoryLimitExceeded")
    assert f"its limit of {_LIMIT_MB} MB" in end.error.message
    peak = int(end.error.message.split("at most ")[1].split()[0])
    assert _LIMIT_MB - 30 <= peak < 4 * _LIMIT_MB
    assert "`vm_size`" in end.error.message
    assert end.error.details.splitlines()[-1].isdigit()


@pytest.mark.parametrize("before", ["", _NO_GROUPS], ids=["as it is here", "watched"])
def test_r39_memory_counts_for_all_processes_of_a_run(attempts: AttemptServer, before: str):
    script = (
        "import subprocess, sys\n"
        f"eat = {_EAT!r}\n"
        "subprocess.run([sys.executable, '-c', eat], check=True)\n"
    )
    end = attempts.run(script, resources=Resources(memory_mb=_LIMIT_MB), before=before)
    assert (end.outcome, end.error.code) == ("Failed", "MemoryLimitExceeded")


_EAT_ON_THE_SECOND = """
import os, time
held = b"x" * 150_000_000
second = os.environ["AZUREML_CR_NODE_RANK"] == "1"
while second and len(held) < 2_000_000_000:
    held += b"x" * 20_000_000
time.sleep(1)
"""


@pytest.mark.parametrize("before", ["", _NO_GROUPS], ids=["as it is here", "watched"])
@pytest.mark.parametrize("kind", ["pytorch", "mpi"])
def test_r39_each_node_of_a_run_has_its_own_memory(
    attempts: AttemptServer, before: str, kind: str
):
    end = attempts.run(
        _EAT_ON_THE_SECOND,
        resources=Resources(memory_mb=_LIMIT_MB),
        before=before,
        distribution=Distribution(kind=kind),
        node_count=2,
        told={"nodes": ["cpu-1", "cpu-2"]},
    )
    assert (end.outcome, end.error.code) == ("Failed", "MemoryLimitExceeded")
    assert "Node `cpu-2` of the run" in end.error.message
    assert f"its limit of {_LIMIT_MB} MB" in end.error.message


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="there is one processor to share")
@pytest.mark.parametrize("kind", ["pytorch", "mpi"])
def test_each_node_of_a_run_has_its_own_processors(attempts: AttemptServer, kind: str):
    end = attempts.run(
        _SEEN,
        resources=Resources(cores=1, memory_mb=_LIMIT_MB),
        distribution=Distribution(kind=kind),
        node_count=2,
    )
    assert end.error is None
    logs = [attempts.log(f"user_logs/std_log_process_{rank}.txt") for rank in range(2)]
    seen = [ast.literal_eval(log)[0] for log in logs]
    assert [len(own) for own in seen] == [1, 1]
    assert seen[0] != seen[1]


def test_pages_that_processes_share_count_once(attempts: AttemptServer):
    script = (
        "import os, time\n"
        "held = bytearray(b'x' * 150_000_000)\n"
        "children = []\n"
        "for _ in range(4):\n"
        "    child = os.fork()\n"
        "    if not child:\n"
        "        time.sleep(1.5)\n"
        "        os._exit(0)\n"
        "    children.append(child)\n"
        "print([os.waitpid(child, 0)[1] for child in children])\n"
    )
    end = attempts.run(script, resources=Resources(memory_mb=_LIMIT_MB), before=_NO_GROUPS)
    assert (end.outcome, end.error) == ("Completed", None)


def test_r39_only_the_run_that_is_over_its_limit_ends(tmp_path: Path):
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    with AttemptServer(tmp_path / "one") as one, AttemptServer(tmp_path / "two") as two:
        over = tmp_path / "over"
        calm = two.start(
            f"import os\nwhile not os.path.exists({str(over)!r}): pass\nprint('calm')"
        )
        assert one.run(_EAT, resources=Resources(memory_mb=_LIMIT_MB)).outcome == "Failed"
        over.touch()
        calm.wait(60)
        assert (two.ended[0].outcome, two.log()) == ("Completed", "calm\n")


def test_a_run_with_room_completes_under_its_limits(attempts: AttemptServer):
    resources = Resources(cores=1, memory_mb=_LIMIT_MB, gpus=0)
    script = _SEEN + "print(repr(os.environ['CUDA_VISIBLE_DEVICES']))"
    assert attempts.run(script, resources=resources).error is None
    seen, devices = attempts.log().splitlines()
    processors, threads = ast.literal_eval(seen)
    assert (len(processors), threads, devices) == (1, "1", "''")
    assert not list(Path("/sys/fs/cgroup").glob("**/zaffre-r-1"))


def test_without_limits_a_run_has_all_there_is(attempts: AttemptServer):
    assert attempts.run(_SEEN).error is None
    processors, threads = ast.literal_eval(attempts.log())
    assert (processors, threads) == (sorted(os.sched_getaffinity(0)), None)


def test_threads_of_many_processes_share_the_processors(attempts: AttemptServer):
    there = len(os.sched_getaffinity(0))
    distribution = Distribution(kind="pytorch", process_count=2)
    assert attempts.run(_SEEN, distribution=distribution).error is None
    _, threads = ast.literal_eval(attempts.log("user_logs/std_log_process_1.txt"))
    assert threads == str(max(there // 2, 1))


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="there is one processor to share")
def test_runs_that_are_limited_to_some_processors_have_their_own(tmp_path: Path):
    things = sorted(os.sched_getaffinity(0))
    first, second, third = (Claims(tmp_path / "claims") for _ in range(3))
    taken = [first.take("cpu", things[:2], 1), second.take("cpu", things[:2], 1)]
    assert sorted(taken) == [[things[0]], [things[1]]]
    assert len(third.take("cpu", things[:2], 1)) == 1
    assert third.take("cpu", things[:2], 5) == things[:2]
    first.release()
    assert third.take("cpu", things[:2], 1) == taken[0]
    second.release()
    third.release()


def test_r39_the_time_of_the_target_counts_and_is_said(attempts: AttemptServer):
    end = attempts.run(
        "print('up', flush=True)\nimport time\ntime.sleep(60)",
        max_seconds=100,
        told={"max_seconds": 1, "log_path": "user_logs/retry_1/std_log.txt"},
    )
    assert end.error.code == "MaxRunDurationExceeded"
    assert "limit of 1 seconds" in end.error.message
    assert "compute target" in end.error.message
    assert attempts.logs == {"user_logs/retry_1/std_log.txt": b"up\n"}


def groups(name: str) -> list[Path]:
    return list(Path("/sys/fs/cgroup").glob(f"**/zaffre-{name}"))


def test_a_group_that_a_killed_runner_left_is_removed_later(attempts: AttemptServer):
    young = made("young", Wanted(memory_bytes=1 << 30))
    if young is None:
        pytest.skip("this user may not make control groups")
    resources = Resources(memory_mb=_LIMIT_MB)
    runner = attempts.start(
        "import time\nprint('up', flush=True)\ntime.sleep(60)", resources=resources
    )
    until(lambda: attempts.log() == "up\n")
    family = psutil.Process(runner.pid).children(recursive=True)
    runner.kill()
    runner.wait()
    psutil.wait_procs(family, timeout=20)
    left = groups("r-1")
    assert left
    long_ago = time.time() - 2 * 3600
    for folder in left:
        os.utime(folder, (long_ago, long_ago))
    again = made("next", Wanted(memory_bytes=1 << 30))
    # Another runner may have made the young one just now, and join it next.
    assert groups("r-1") == []
    assert groups("young")
    for group in (again, young):
        assert group is not None
        group.remove()


def test_nodes_of_a_run_have_gpus_of_their_own(attempts: AttemptServer):
    script = "import os; print(os.environ['CUDA_VISIBLE_DEVICES'])"
    end = attempts.run(
        script,
        resources=Resources(gpus=1),
        environ={"CUDA_VISIBLE_DEVICES": "4,5,7"},
        distribution=Distribution(kind="pytorch"),
        node_count=2,
    )
    assert end.error is None
    assert [attempts.log(f"user_logs/std_log_process_{rank}.txt") for rank in range(2)] == [
        "4\n",
        "5\n",
    ]
