"""The home of a local server."""

import fcntl
import json
import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
from zaffre_sdk.home import Home, ServerInfo
from zaffre_sdk.locks import FileLock, is_locked

DEAD = ServerInfo(
    url="http://127.0.0.1:1", pid=2**22 + 1, create_time=1.0, instance="i", version="0"
)


@pytest.fixture
def home(tmp_path):
    home = Home(tmp_path / "home")
    home.prepare()
    return home


def test_home_is_named_by_the_environment_or_below_the_users():
    assert Home.default({"ZAFFRE_HOME": "/somewhere"}).root == Path("/somewhere")
    assert Home.default({}).root == Path.home() / ".zaffre"


def test_a32_token_is_private_and_made_once_however_many_race(tmp_path):
    home = Home(tmp_path / "home")
    with ThreadPoolExecutor(16) as pool:
        tokens = set(pool.map(lambda _: home.ensure_token(), range(64)))
    assert tokens == {home.read_token()}
    assert len(tokens.pop()) == 64
    assert stat.S_IMODE(home.token_path.stat().st_mode) == 0o600
    assert stat.S_IMODE(home.root.stat().st_mode) == 0o700
    assert [path.name for path in home.root.iterdir()] == ["token"]


def test_a_home_without_a_server_runs_none(home):
    assert home.running() is None
    assert home.read_server() is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"url": 1}', '{"url": "http://h"}'])
def test_a_broken_server_file_is_no_server(home, text):
    home.server_path.write_text(text)
    assert home.running() is None


def test_a_dead_server_does_not_run(home):
    home.write_server(DEAD)
    assert home.read_server() == DEAD
    assert home.running() is None


def test_a_server_that_holds_the_lock_runs_whatever_the_clock_says(home):
    program = (
        "import sys; from pathlib import Path; from zaffre_sdk.home import Home\n"
        "lock = Home(Path(sys.argv[1])).hold_server_lock(); print('held', flush=True); input()"
    )
    command = [sys.executable, "-c", program, str(home.root)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdout.readline() == b"held\n"
        home.write_server(DEAD)
        assert home.running() == DEAD
        assert home.hold_server_lock(seconds=0.1) is None
        server.kill()
    assert home.running() is None
    lock = home.hold_server_lock()
    assert lock is not None
    assert home.read_server() is None
    lock.release()


def test_a_process_without_a_lock_is_known_by_pid_and_start(home):
    started = psutil.Process().create_time()
    alive = ServerInfo(
        url="http://h", pid=os.getpid(), create_time=started, instance="i", version="0"
    )
    home.write_server(alive)
    assert home.running() == alive
    reused = json.loads(home.server_path.read_text()) | {"create_time": started - 100}
    home.server_path.write_text(json.dumps(reused))
    assert home.running() is None


def test_locks_wait_and_give_up(tmp_path):
    path = tmp_path / "lock"
    first, second = FileLock(path), FileLock(path)
    assert not is_locked(path)
    with first.acquired(seconds=0):
        assert is_locked(path)
        assert not second.acquire(seconds=0.05)
        with pytest.raises(TimeoutError, match="Another process"), second.acquired(seconds=0):
            pass
    with second.acquired(seconds=0):
        pass


def test_programs_that_look_at_a_lock_do_not_see_one_another(home):
    home.server_lock_path.touch(0o400)
    with home.server_lock_path.open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_SH)
        assert not is_locked(home.server_lock_path)


def test_a_lock_that_is_not_granted_leaves_no_file_open(home):
    held = FileLock(home.server_lock_path)
    assert held.acquire()
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        assert not FileLock(home.server_lock_path).acquire()
        assert is_locked(home.server_lock_path)
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    held.release()
