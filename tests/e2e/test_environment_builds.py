"""Environments of v1 programs on a real server: built ahead, kept with runs, removed."""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from azureml.core import Environment, Experiment, ScriptRunConfig, Workspace
from azureml.core.conda_dependencies import CondaDependencies
from azureml.exceptions import UserErrorException
from building import need_index, wheel
from click.testing import CliRunner
from live import LiveServer, until
from zaffre.cli.main import main

MINE = "mine-1.0-py3-none-any.whl"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    need_index()
    with LiveServer(tmp_path_factory.mktemp("builds") / "home") as live:
        yield live


@pytest.fixture
def workspace(server: LiveServer, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setenv("ZAFFRE_HOME", str(server.home))
    return Workspace.create("ws", exist_ok=True)


def named(name: str, *packages: str) -> Environment:
    environment = Environment(name)
    environment.python.conda_dependencies = CondaDependencies.create(pip_packages=list(packages))
    return environment


def test_a_build_is_followed_and_its_environment_is_ready(workspace, capsys) -> None:
    environment = named("ahead", "six")
    assert not environment.register(workspace).get_image_details(workspace).image_exist
    details = environment.build(workspace).wait_for_completion(show_output=True)
    said = capsys.readouterr().out
    assert details.status == "Succeeded"
    assert "Image Build Status: Succeeded" in said
    assert " + six==" in said
    assert " + six==" in details.get_log()
    found = environment.get_image_details(workspace)
    assert found.image_exist
    assert Path(found.interpreter_path).exists()
    assert found.environment_path in found.interpreter_path
    again = environment.build(workspace).wait_for_completion(show_output=False)
    assert "is built already" in again.get_log()


def test_c76_a_build_that_fails_says_why(workspace, capsys) -> None:
    with pytest.raises(UserErrorException, match="`zaffre-no-such` is not on the package index"):
        named("failing", "zaffre-no-such").build_local(workspace)
    assert "Image Build Status: Failed" in capsys.readouterr().out


def test_a_private_wheel_and_the_lock_of_a_run(workspace, tmp_path) -> None:
    file = tmp_path / MINE
    file.write_bytes(wheel("mine"))
    address = Environment.add_private_pip_wheel(workspace, str(file))
    with pytest.raises(UserErrorException, match="already"):
        Environment.add_private_pip_wheel(workspace, str(file))
    assert Environment.add_private_pip_wheel(workspace, str(file), exist_ok=True) == address
    file.write_bytes(wheel("mine", needs="six"))
    with pytest.raises(UserErrorException, match="another wheel"):
        Environment.add_private_pip_wheel(workspace, str(file), exist_ok=True)

    source = tmp_path / "source"
    source.mkdir()
    (source / "train.py").write_text("import mine; print('wheel', mine.__name__)\n")
    configuration = ScriptRunConfig(str(source), "train.py", environment=named("own", address))
    run = Experiment(workspace, "exp").submit(configuration)
    assert run.wait_for_completion()["status"] == "Completed"
    lock = tmp_path / "lock.txt"
    run.download_file("logs/azureml/environment_lock.txt", str(lock))
    assert "mine==1.0" in lock.read_text().splitlines()
    assert "# Environment: own" in lock.read_text()


def test_what_a_run_uses_stays_and_the_rest_is_pruned(server, workspace, tmp_path) -> None:
    named("idle", "idna").build_local(workspace)
    flag = tmp_path / "go"
    source = tmp_path / "source"
    source.mkdir()
    (source / "wait.py").write_text(
        "import pathlib, sys, time\n"
        "while not pathlib.Path(sys.argv[1]).exists(): time.sleep(0.05)\n"
    )
    busy = named("busy", "certifi")
    configuration = ScriptRunConfig(str(source), "wait.py", [str(flag)], environment=busy)
    run = Experiment(workspace, "exp").submit(configuration)
    try:
        until(lambda: run.get_status() == "Running", seconds=60)
        long_ago = time.time() - 100_000
        for marker in server.home.glob("environments/??/*/zaffre-environment.json"):
            os.utime(marker, (long_ago, long_ago))
        listed = {tuple(one["packages"]): one for one in zaffre("list")}
        [used] = [one for packages, one in listed.items() if holds(packages, "certifi")]
        assert f"run {run.id}" in used["in_use_by"]
        foreseen = zaffre("prune", "--unused-for", "1d", "--dry-run")
        removed = zaffre("prune", "--unused-for", "1d")
        assert foreseen == removed
        assert used["key"] not in {one["key"] for one in removed["removed"]}
        assert any(holds(one["packages"], "idna") for one in removed["removed"])
        assert [one["key"] for one in zaffre("list")] == [used["key"]]
    finally:
        flag.touch()
    assert run.wait_for_completion()["status"] == "Completed"
    assert not named("idle", "idna").register(workspace).get_image_details(workspace).image_exist


def test_r37_a_build_that_a_killed_server_left_goes_on(server, workspace) -> None:
    details = named("cut", "pandas", "urllib3").build(workspace)
    until(lambda: details.status == "Running")
    server.kill()
    server.start()
    assert details.wait_for_completion(show_output=False).status == "Succeeded"


def holds(packages, name: str) -> bool:
    return any(package.startswith(f"{name}==") for package in packages)


def zaffre(*arguments: str):
    done = CliRunner().invoke(main, ["environments", *arguments, "-o", "json"])
    assert done.exit_code == 0, done.output
    return json.loads(done.output)
