import json
import os
import sys

import pytest
from zaffre_sdk.containers.engines import (
    ENGINE_VARIABLE,
    NoEngineError,
    engine_environ,
    find_engine,
)
from zaffre_sdk.containers.remembered import remembered_engine

PODMAN = {
    "host": {
        "cgroupVersion": "v2",
        "cgroupControllers": ["cpu", "memory", "pids"],
        "ociRuntime": {"name": "crun"},
        "security": {"rootless": True, "selinuxEnabled": True},
    },
    "version": {"Version": "5.1"},
}
DOCKER = {"ServerVersion": "28.0", "MemoryLimit": True, "CpuCfsQuota": True, "InitBinary": "x"}


@pytest.fixture
def engine(tmp_path):
    """Puts a program on the path that answers as an engine does."""

    def put(name, answer, *, complaint="", code=0):
        file = tmp_path / name
        file.write_text(
            f"#!{sys.executable} -IS\nimport sys\nprint({json.dumps(answer)!r})\n"
            f"sys.stderr.write({complaint!r})\nsys.exit({code})\n"
        )
        file.chmod(0o700)
        return {"PATH": str(tmp_path)}

    return put


def test_podman_comes_before_docker(engine):
    engine("docker", DOCKER)
    found = find_engine(engine("podman", PODMAN))
    assert (found.kind, found.version, found.user) == ("podman", "5.1", "0:0")
    assert found.limits == {"cpu", "memory"}
    assert found.has_labels
    assert found.words == "Podman 5.1"


def test_docker_is_taken_where_there_is_no_podman_or_where_it_is_named(engine, monkeypatch):
    monkeypatch.setattr("os.getuid", lambda: 1000)
    monkeypatch.setattr("os.getgid", lambda: 100)
    environ = engine("docker", DOCKER)
    found = find_engine(environ)
    assert (found.kind, found.user, found.has_init) == ("docker", "1000:100", True)
    engine("podman", PODMAN)
    assert find_engine({**environ, ENGINE_VARIABLE: "docker"}).kind == "docker"


def test_a_docker_without_root_maps_its_root_to_the_user(engine):
    environ = engine("docker", {**DOCKER, "SecurityOptions": ["name=rootless"]})
    assert find_engine(environ).user == "0:0"


def test_podman_under_the_name_of_docker(engine):
    assert find_engine(engine("docker", PODMAN)).kind == "podman"


def test_old_control_groups_need_runc(engine, tmp_path):
    old = {**PODMAN, "host": {**PODMAN["host"], "cgroupVersion": "v1"}}
    environ = engine("podman", old)
    engine("runc", {})
    assert find_engine(environ).options[-2:] == ("--runtime", str(tmp_path / "runc"))


@pytest.mark.parametrize(
    ("answer", "settings", "why"),
    [
        ({"ServerVersion": ""}, {"complaint": "Is it running?", "code": 1}, "Is it running?"),
        (7, {"code": 1}, "`docker` gives no answer"),
        (DOCKER, {}, "another machine"),
    ],
)
def test_an_engine_that_does_not_work_is_named_with_the_reason(engine, answer, settings, why):
    environ = {**engine("docker", answer, **settings), "DOCKER_HOST": "tcp://10.0.0.1:2375"}
    with pytest.raises(NoEngineError, match="`podman` is not installed; ") as failed:
        find_engine(environ)
    assert why in str(failed.value)


def test_none_is_used_when_none_is_wanted(engine):
    with pytest.raises(NoEngineError, match="none is to be used"):
        find_engine({**engine("podman", PODMAN), ENGINE_VARIABLE: "none"})


def test_an_engine_is_given_what_steers_it_and_no_secrets():
    environ = {"PATH": "p", "DOCKER_HOST": "d", "https_proxy": "h", "ZAFFRE_TOKEN": "secret"}
    assert engine_environ(environ) == {"PATH": "p", "DOCKER_HOST": "d", "https_proxy": "h"}


def test_what_was_found_out_is_remembered_until_something_changes(engine, tmp_path):
    environ = engine("podman", PODMAN)
    file = tmp_path / "engine.json"
    found = remembered_engine(file, environ)
    assert found == find_engine(environ)
    first = file.stat().st_mtime_ns
    assert remembered_engine(file, environ) == found
    assert file.stat().st_mtime_ns == first
    engine("podman", {**PODMAN, "version": {"Version": "6"}})
    assert remembered_engine(file, environ).version == "6"
    file.write_text("half of")
    assert remembered_engine(file, environ).version == "6"
    os.utime(file, (1, 1))
    engine("docker", DOCKER)
    assert remembered_engine(file, {**environ, ENGINE_VARIABLE: "docker"}).kind == "docker"
