import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from zaffre.adapters.launchers.elsewhere.agent import environments, processes, runners
from zaffre.adapters.launchers.elsewhere.agent import place as places
from zaffre.adapters.launchers.elsewhere.agent.serving import MARK
from zaffre.adapters.launchers.elsewhere.parcel import (
    Machine,
    Packer,
    Parcel,
    agent_program,
    python_of,
    this_machine,
)
from zaffre.domain.environments import EnvironmentSpec
from zaffre.ports.launchers import ComputePlace, RunnerOrder

PACKAGES = ("azureml-core==1", "my-package==1.0", "six==1.16.0", "zaffre-sdk==0.1.0")


class Wheel(NamedTuple):
    path: Path
    version: str = "0.1.0"


@pytest.fixture
def packer(tmp_path: Path) -> Packer:
    wheel = tmp_path / "zaffre_sdk-0.1.0-py3-none-any.whl"
    wheel.write_bytes(b"sdk")
    index = {
        "UV_DEFAULT_INDEX": "https://pypi.example.org/simple",
        "UV_FIND_LINKS": "/opt/wheels",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
    }
    return Packer(lambda: Wheel(wheel), index)


def order(*packages: str, **spec: Any) -> RunnerOrder:
    return RunnerOrder(
        workspace_id="w",
        run_id="r",
        attempt=1,
        token="t",  # noqa: S106 (of nothing)
        server_url="http://127.0.0.1:1",
        python=sys.executable,
        place=ComputePlace(packages=packages, environment=EnvironmentSpec(**spec)),
    )


def test_what_an_environment_is_made_of(packer: Packer, tmp_path: Path):
    wheel = tmp_path / "my_package-1.0-py3-none-any.whl"
    wheel.write_bytes(b"mine")
    parcel = packer.pack(
        order(*PACKAGES, pip_options=("--extra-index-url https://x", "--pre")),
        this_machine(),
        own=["/usr/bin/python3"],
        wheels={wheel.name: wheel},
    )
    wanted = parcel.wanted
    assert wanted["packages"] == ["six==1.16.0"]
    assert wanted["options"] == ["--extra-index-url https://x"]
    assert [each["name"] for each in wanted["wheels"]] == [wheel.name]
    assert wanted["python"] == ".".join(map(str, sys.version_info[:2]))
    assert wanted["own"] == []
    assert wanted["is_whole"]
    # What names a path of this machine means nothing on another.
    assert "UV_FIND_LINKS" not in wanted["index"]
    assert len(wanted["index"]) == 2
    assert {path.name for path in parcel.files.values()} >= {wheel.name, "uv"}


def test_a_machine_of_another_kind_resolves_again_and_brings_its_own_uv(packer: Packer):
    parcel = packer.pack(order("six==1.16.0"), Machine(system="Linux", machine="riscv64"))
    assert not parcel.wanted["is_whole"]
    assert parcel.wanted["uv"] == ""
    assert [path.suffix for path in parcel.files.values()] == [".whl"]


def test_a_wheel_that_a_machine_fetches_itself_is_not_sent(packer: Packer):
    fetched = {"my_package-1.0-py3-none-any.whl": "a" * 64}
    parcel = packer.pack(order(*PACKAGES), this_machine(), fetched=fetched)
    assert parcel.wanted["wheels"] == [
        {"name": "my_package-1.0-py3-none-any.whl", "digest": "a" * 64}
    ]
    assert parcel.wanted["packages"] == ["six==1.16.0"]
    assert "a" * 64 not in parcel.files


def test_an_interpreter_as_it_is_is_the_machine_s_own(packer: Packer):
    parcel = packer.pack(order(), this_machine(), own=["/usr/bin/python3"])
    assert parcel.wanted["own"] == ["/usr/bin/python3"]


def test_equal_environments_have_one_key(packer: Packer):
    def key(*packages: str) -> Any:
        parcel: Parcel = packer.pack(order(*packages), this_machine())
        return parcel.wanted["key"]

    assert key("six==1.16.0") == key("six==1.16.0", "zaffre-sdk==0.1.0")
    assert key("six==1.16.0") != key("six==1.15.0")


def test_the_version_of_an_interpreter(tmp_path: Path):
    (tmp_path / "pyvenv.cfg").write_text("home = /x\nversion_info = 3.10.4\n")
    assert python_of(str(tmp_path / "bin" / "python")) == "3.10"
    assert python_of("/usr/bin/python3") == ""


def test_the_agent_is_text_that_any_python_runs(tmp_path: Path):
    program, sources = agent_program(root=str(tmp_path / "work"), server="s")
    # One that takes its turn before the end of the input ends the agent.
    part = {"digest": "a" * 64, "data": "eJwDAAAAAAE=", "offset": 0, "last": False}
    line = json.dumps({"id": 1, "do": "take", "with": part}).encode() + b"\n"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program],
        input=sources + line,
        capture_output=True,
        check=True,
    )
    answers = [json.loads(line.removeprefix(MARK)) for line in done.stdout.splitlines()]
    assert answers == [{"id": 1, "done": None}]
    assert (tmp_path / "work").stat().st_mode & 0o777 == 0o700


def test_a_file_that_came_damaged_is_none(tmp_path: Path):
    place = places.Place(str(tmp_path / "work"))
    place.prepare()
    with pytest.raises(places.FailedError, match="came with the digest"):
        place.take("0" * 64, b"abc", offset=0, last=True)
    assert place.missing(["0" * 64]) == ["0" * 64]
    assert list(place.files.iterdir()) == []


@pytest.mark.parametrize("name", ["..", "a/b", "", "/etc", "-x", "a\0"])
def test_names_that_lead_out_are_refused(tmp_path: Path, name: str):
    with pytest.raises(places.FailedError):
        places.Place(str(tmp_path)).attempt("s", "w", name, 1)


def test_what_nobody_asked_for_in_a_month_is_removed(tmp_path: Path):
    place = places.Place(str(tmp_path / "work"))
    place.prepare()
    for name in ("old", "used", "new"):
        (place.environments / name).mkdir()
        places.write_json(place.environments / name / "zaffre.json", {"python": "3.11"})
        place.file(name).write_bytes(b"x")
    long_ago = time.time() - 31 * 86_400
    for name in ("old", "used"):
        os.utime(place.environments / name / "zaffre.json", (long_ago, long_ago))
        os.utime(place.file(name), (long_ago, long_ago))
    assert place.missing(["used", "gone"]) == ["gone"]
    used = str(place.environments / "used" / "bin" / "python")
    environments.forget_unused(place, in_use={used})
    assert sorted(path.name for path in place.files.iterdir()) == ["new", "used"]
    kept = [path.name for path in place.environments.iterdir() if path.is_dir()]
    assert sorted(kept) == ["new", "used"]


def test_a_process_is_told_from_another_with_its_number():
    with subprocess.Popen(["sleep", "60"]) as process:
        handle = {
            "pid": process.pid,
            "start": processes.start_of(process.pid),
            "boot": processes.boot_id(),
        }
        assert runners.is_alive(handle)
        assert not runners.is_alive({**handle, "start": "1"})
        assert not runners.is_alive({**handle, "boot": "before"})
        process.kill()
    assert not runners.is_alive(handle)
    assert not runners.is_alive({})
