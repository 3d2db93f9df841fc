"""Environments that every workspace knows: there are versions for the Pythons that there are."""

import os
import subprocess

import pytest
from building import need_index
from uv import find_uv_bin
from zaffre.adapters.builders.choice import choose
from zaffre.adapters.builders.interpreters import Interpreters
from zaffre.adapters.builders.plan import plan, want
from zaffre.adapters.builders.sdk_wheel import supported_pythons
from zaffre.adapters.builders.settings import uv_environ
from zaffre.domain import curated

ALL = list(curated.everything("w"))
SPECS = {(*one.spec.pip_packages, one.spec.python_version): one for one in ALL}


@pytest.fixture(scope="module", autouse=True)
def _index():
    need_index()


@pytest.mark.slow
@pytest.mark.parametrize("environment", SPECS.values(), ids=lambda one: one.name)
def test_a_curated_environment_resolves_to_wheels_of_its_age(environment, tmp_path):
    interpreters = Interpreters(tmp_path / "interpreters.json", environ=os.environ)
    wanted = want(environment.spec)
    choice = choose(wanted.python, interpreters.found(), floor=supported_pythons())
    what = plan(wanted, choice)
    first = what.attempts[0]
    files = {"requirements.in": what.requirements, "constraints.txt": first.constraints}
    for name, lines in files.items():
        (tmp_path / name).write_text("\n".join(lines))
    command = [
        *(find_uv_bin(), "pip", "compile", "--quiet", "--python", choice.interpreter.path),
        *("--constraints", "constraints.txt", "requirements.in"),
        *(f"--only-binary={name}" for name in what.wheels_only),
    ]
    done = subprocess.run(
        command,
        capture_output=True,
        check=False,
        cwd=tmp_path,
        env=uv_environ(os.environ),
        text=True,
    )
    assert done.returncode == 0, done.stderr
