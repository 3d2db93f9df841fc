"""What every environment builder must do."""

import asyncio
import os
import sys
import time
from pathlib import Path

import pytest
from building import ask, need_index
from zaffre.adapters.builders.uv import UvBuilder
from zaffre.domain.environments import EnvironmentSpec
from zaffre.domain.errors import InvalidError

SMALL = EnvironmentSpec(pip_packages=("six",))


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """One folder for all tests here: most of them want an environment that is built."""
    need_index()
    return tmp_path_factory.mktemp("environments")


@pytest.fixture(params=[UvBuilder], ids=["uv"])
def builder(request, home):
    return request.param(home, environ=os.environ)


def made(builder, spec, log=print):
    return asyncio.run(builder.build(spec, log))


def test_what_is_asked_for_is_installed_and_listed(builder):
    built = made(builder, SMALL)
    assert Path(built.python).is_absolute()
    assert any(line.startswith("six==") for line in built.packages)
    assert any(line.startswith("zaffre-sdk==") for line in built.packages)
    assert list(built.packages) == sorted(built.packages)
    assert ask(built, "import six, azureml, zaffre_sdk; print('ready')") == "ready"


def test_equal_specifications_share_one_environment(builder):
    one = made(builder, SMALL)
    two = made(builder, EnvironmentSpec(pip_packages=("six",), variables={"A": "b"}))
    assert one == two


def test_other_specifications_get_another(builder):
    other = EnvironmentSpec(pip_packages=("six", "idna"))
    assert made(builder, other).python != made(builder, SMALL).python


def test_two_builds_at_once_give_one(home):
    async def story():
        builder = UvBuilder(home, environ=os.environ)
        spec = EnvironmentSpec(pip_packages=("idna",))
        heard = [[], []]
        built = await asyncio.gather(*(builder.build(spec, each.append) for each in heard))
        return built, heard

    built, heard = asyncio.run(story())
    assert built[0] == built[1]
    for lines in heard:
        assert sum(line.startswith("Installed ") for line in lines) == 1


def test_a_warm_one_is_found_in_milliseconds(builder):
    made(builder, SMALL)
    seconds = []
    for _ in range(20):
        before = time.perf_counter()
        made(builder, SMALL, log=lambda _line: None)
        seconds.append(time.perf_counter() - before)
    assert min(seconds) < 0.02


def test_an_interpreter_is_used_as_it_is(builder):
    built = made(builder, EnvironmentSpec(interpreter=sys.executable))
    assert (built.python, built.packages) == (sys.executable, ())
    assert any(line.startswith("pytest==") for line in built.found)


@pytest.mark.parametrize(
    ("spec", "code"),
    [
        (EnvironmentSpec(pip_packages=("--index-url http://e",)), "InvalidRequirement"),
        (EnvironmentSpec(conda_packages=("A\nRUN id",)), "InvalidRequirement"),
        (EnvironmentSpec(interpreter="python"), "InvalidInterpreter"),
        (EnvironmentSpec(python_version="2.7"), "InvalidPythonVersion"),
    ],
)
def test_a19_c79_what_is_not_allowed_is_refused_before_building(builder, spec, code):
    with pytest.raises(InvalidError) as refused:
        made(builder, spec)
    assert refused.value.code == code
