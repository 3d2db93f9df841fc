"""Which server a program talks to, and that there is only one."""

import os
import signal
import subprocess
import sys
import textwrap
import threading

import psutil
import pytest
from scripted import reply, scripted
from zaffre_sdk.client import connect
from zaffre_sdk.client.starting import find_or_start, start_server
from zaffre_sdk.errors import NoServerError
from zaffre_sdk.home import Home
from zaffre_sdk.locks import FileLock

# Stands for the server: takes the lock, says where it is, answers; a file says how to behave.
SERVER = textwrap.dedent("""
    import argparse, http.server, os, sys, time, uuid
    from pathlib import Path
    import psutil
    from zaffre_sdk.home import Home, ServerInfo

    parser = argparse.ArgumentParser()
    parser.add_argument("command", choices=["up"])
    parser.add_argument("--foreground", action="store_true", required=True)
    parser.add_argument("--home", type=Path)
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args()
    home = Home(options.home)
    inherited = sorted(name for name in os.environ if name.startswith(("ZAFFRE", "AZUREML")))
    with open(home.root / "starts", "a") as file:
        file.write(f"{os.getpid()} {inherited}\\n")
    if (home.root / "broken").exists():
        sys.exit("cannot open the database\\nbecause it is broken")
    lock = home.hold_server_lock()
    if lock is None:
        sys.exit("another server runs in this home")
    home.ensure_token()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200 if self.path == "/readyz" else 404)
            self.send_header("content-length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", options.port), Handler)
    time.sleep(0.3)
    home.write_server(ServerInfo(
        f"http://127.0.0.1:{server.server_address[1]}", os.getpid(),
        psutil.Process().create_time(), uuid.uuid4().hex, "0",
    ))
    server.serve_forever()
""")


@pytest.fixture
def home(tmp_path, monkeypatch):
    package = tmp_path / "installed" / "zaffre"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "__main__.py").write_text(SERVER)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "installed"))
    for name in ("ZAFFRE_URL", "ZAFFRE_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ZAFFRE_HOME", str(tmp_path / "home"))
    home = Home(tmp_path / "home")
    yield home
    stop(home)


def stop(home):
    info = home.running()
    if info is not None:
        os.kill(info.pid, signal.SIGKILL)
        psutil.Process(info.pid).wait(10)


def starts(home):
    return (home.root / "starts").read_text().splitlines()


def test_named_servers_win(home):
    client = connect({"ZAFFRE_URL": "http://elsewhere:1/", "ZAFFRE_TOKEN": "t"})
    assert client.url == "http://elsewhere:1"
    assert not home.root.exists()


def test_a_named_server_needs_a_token(home):
    with pytest.raises(NoServerError, match="ZAFFRE_TOKEN is not"):
        connect({"ZAFFRE_URL": "http://elsewhere:1", "ZAFFRE_HOME": str(home.root)})


def test_a_server_is_started_and_found_again(home, capfd, monkeypatch):
    monkeypatch.setenv("AZUREML_RUN_ID", "r")
    monkeypatch.setenv("ZAFFRE_SPOOL", "/spool")
    client = connect()
    assert capfd.readouterr().err == (
        f"zaffre: started a local server at {client.url} "
        f"(home {home.root}; stop it with: zaffre down)\n"
    )
    assert connect() is client
    assert capfd.readouterr().err == ""
    [start] = starts(home)
    assert start.endswith("['ZAFFRE_HOME']")


def test_however_many_programs_race_one_server_is_started(home):
    program = "from zaffre_sdk.client import connect; print(connect().url)"
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for _ in range(12)
    ]
    told = [racer.communicate(timeout=60) for racer in racers]
    assert [racer.returncode for racer in racers] == [0] * 12
    assert len({out for out, _ in told}) == 1
    assert len(starts(home)) == 1
    assert sum(b"started a local server" in err for _, err in told) == 1


def test_a_killed_server_is_started_anew(home):
    first = find_or_start(home)
    stop(home)
    second = find_or_start(home)
    assert second.instance != first.instance
    assert len(starts(home)) == 2


def test_programs_that_race_after_a_kill_start_one_server(home):
    find_or_start(home)
    stop(home)
    program = "from zaffre_sdk.client import connect; print(connect().url)"
    racers = [
        subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) for _ in range(6)
    ]
    told = [racer.communicate(timeout=60)[0] for racer in racers]
    assert len(set(told)) == 1
    assert len(starts(home)) == 2


def test_a_server_that_is_about_to_end_is_waited_for_and_replaced(home):
    first = find_or_start(home)
    stop(home)
    # Its server.json is there, and so is its lock, as for some moments after a kill.
    lock = FileLock(home.server_lock_path)
    assert lock.acquire()
    assert home.running() == first
    release = threading.Timer(0.5, lock.release)
    release.start()
    assert connect().url
    release.join()
    assert home.running().instance != first.instance


def test_a_home_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(NoServerError, match="Set ZAFFRE_HOME"):
        connect({"ZAFFRE_HOME": str(tmp_path / "file" / "home")})


def test_a_named_server_needs_no_home(monkeypatch):
    def no_home():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr("pathlib.Path.home", no_home)
    assert connect({"ZAFFRE_URL": "http://elsewhere:2", "ZAFFRE_TOKEN": "t"}).url
    with pytest.raises(NoServerError, match=r"Could not .* Set ZAFFRE_HOME"):
        connect({})


@pytest.mark.usefixtures("home")
def test_a_home_may_have_any_name_and_the_program_no_folder(tmp_path):
    other = Home(tmp_path / "my höme, ü")
    program = "import os; os.mkdir('gone'); os.chdir('gone'); os.rmdir('../gone')\n"
    program += "from zaffre_sdk.client import connect; connect()"
    environment = {**os.environ, "ZAFFRE_HOME": str(other.root)}
    try:
        subprocess.run(
            [sys.executable, "-c", program], check=True, timeout=60, cwd=tmp_path, env=environment
        )
        assert other.running() is not None
    finally:
        stop(other)


def test_the_server_outlives_its_starter(home):
    program = "from zaffre_sdk.client import connect; connect()"
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True, timeout=60)
    info = home.running()
    assert info is not None
    assert os.getsid(info.pid) == info.pid


def test_a_server_that_does_not_come_up_shows_its_log(home):
    home.prepare()
    (home.root / "broken").touch()
    with pytest.raises(NoServerError, match=r"ended at once(.|\n)*because it is broken"):
        connect()


def test_arguments_reach_the_server(home):
    with scripted(lambda _: reply({})) as other:
        port = other.port
    info = start_server(home, arguments=["--port", str(port)])
    assert info.url == f"http://127.0.0.1:{port}"
    assert start_server(home) == info


def test_c118_without_zaffre_it_says_how_to_get_it(home, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(NoServerError, match="pip install zaffre"):
        connect()
    assert not home.server_path.exists()


def test_two_homes_are_two_servers(home, tmp_path):
    other = Home(tmp_path / "other")
    try:
        assert find_or_start(home).url != find_or_start(other).url
        assert home.read_token() != other.read_token()
    finally:
        stop(other)


def test_importing_the_client_loads_nothing_slow():
    program = (
        "import sys, zaffre_sdk.client\n"
        "slow = {'urllib3', 'psutil', 'pathspec', 'subprocess', 'concurrent.futures'}\n"
        "sys.exit(', '.join(slow & set(sys.modules)) or 0)"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
