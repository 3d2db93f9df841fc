"""Environments whose packages conda brings, with real solvers and a channel on this disk."""

import asyncio
import os
from pathlib import Path

import pytest
from building import ask
from condas import PYTHON, CondaChannel, clear_caches, need_conda, rattler
from zaffre.adapters.builders.folders import Place
from zaffre.adapters.builders.kept import KeptFolders
from zaffre.adapters.builders.uv import UvBuilder
from zaffre.domain.environments import EnvironmentSpec, lock_of
from zaffre.domain.errors import InvalidError, UnavailableError

pytestmark = pytest.mark.timeout(300)
MINOR = PYTHON.rpartition(".")[0]


@pytest.fixture(scope="module", params=["rattler", "conda"])
def tool(request, tmp_path_factory):
    if request.param == "conda":
        return need_conda()
    return rattler(tmp_path_factory.mktemp("tool"))


@pytest.fixture(scope="module")
def channel(tool, tmp_path_factory):
    channel = CondaChannel(tmp_path_factory.mktemp(f"channel-of-{Path(tool).name}"))
    channel.module("leaf", "1.0")
    channel.module("leaf", "2.0")
    channel.module("tree", "1.0", "leaf <2", script="export TREE_DATA=$CONDA_PREFIX/share\n")
    channel.module("forest", "1.0", "leaf >=2")
    return channel


@pytest.fixture
def build(tool, channel, tmp_path):
    """Builds an environment, and gives it with what was said."""

    def made(*packages, conda=tool, **spec):
        said = []
        builder = UvBuilder(tmp_path, environ={**os.environ, **channel.environ}, conda=conda)
        asked = EnvironmentSpec(
            conda_packages=packages,
            channels=spec.pop("channels", (channel.name,)),
            python_version=MINOR,
            **spec,
        )
        return asyncio.run(builder.build(asked, said.append)), said

    return made


def test_conda_brings_python_and_packages_and_uv_the_rest(build):
    built, said = build("tree", "azureml-core", pip_packages=("six",))
    assert any("installs python=" in line for line in said), said
    question = (
        "import sys, tree, leaf, six, azureml.core; print(sys.prefix, tree.VERSION, leaf.VERSION)"
    )
    prefix = built.variables["CONDA_PREFIX"]
    assert ask(built, question) == f"{prefix} 1.0 1.0"
    assert built.variables["TREE_DATA"] == f"{prefix}/share"
    lock = lock_of(built, name="x").splitlines()
    assert {"six", "tree"} <= {line.partition("==")[0] for line in lock}
    start = lock.index("# @EXPLICIT") + 1
    names = (line.rsplit("/", 1)[1].partition("-")[0] for line in lock[start:])
    assert {"leaf", "python", "tree"} <= set(names)
    again, said = build("tree", "azureml-core", pip_packages=("six",))
    assert again == built
    assert any("is built already" in line for line in said)


def test_what_the_submitting_program_has_is_tried_first(build):
    built, _ = build("leaf", preferred_packages=("leaf==1.0",))
    assert ask(built, "import leaf; print(leaf.VERSION)") == "1.0"
    built, said = build("leaf", "forest", preferred_packages=("leaf==1.0",))
    assert ask(built, "import leaf; print(leaf.VERSION)") == "2.0"
    assert any("those of the submitting program (leaf ==1.0)" in line for line in said)


@pytest.mark.parametrize(
    ("packages", "words"),
    [
        (("nosuch",), "The channel `house` has no `nosuch"),
        (("leaf=3",), "The channel `house` has no `leaf"),
        # The oldest solver of conda does not say who contradicts whom.
        (("tree", "forest"), "`tree 1.0` needs `leaf <2`|conda packages contradict each other"),
    ],
)
def test_why_nothing_can_be_solved_is_said(build, packages, words):
    with pytest.raises(UnavailableError, match=words):
        build(*packages)


def test_an_environment_that_was_removed_is_built_again_as_it_was(build, channel, tmp_path):
    channel.module("bud", "1.0")
    built, _ = build("bud", pip_packages=("six",))
    kept = KeptFolders(tmp_path)
    [one] = asyncio.run(kept.everything())
    assert one.built_at <= one.used_at
    assert Place(tmp_path, one.key).remove(unused_since=one.used_at.timestamp() + 60)
    newest = channel.module("bud", "2.0")
    clear_caches(channel)
    again, _ = build("bud", pip_packages=("six",))
    assert (again.conda, again.packages) == (built.conda, built.packages)

    [one] = asyncio.run(kept.everything())
    assert Place(tmp_path, one.key).remove(unused_since=one.used_at.timestamp() + 60)
    channel.forget("bud-1.0-0.tar.bz2")
    clear_caches(channel)
    other, said = build("bud", pip_packages=("six",))
    assert any(newest in line for line in other.conda), said
    assert any("solved anew" in line for line in said)


def test_a_build_without_conda_is_another_one(build):
    with pytest.raises(UnavailableError, match="is not on the package index"):
        build("zaffre-tests-leaf-of-a-channel", conda="never")
    with_conda, _ = build("leaf", "pip")
    from_pypi, said = build("pip", conda="never")
    only_tools, _ = build("pip")
    assert with_conda.conda
    assert not from_pypi.conda
    assert from_pypi == only_tools
    assert any("Conda channels are not used" in line for line in said)


@pytest.mark.parametrize("channel_asked", ["file:///etc", "/srv/channel", "https://u:p@h/c"])
def test_a19_a_request_names_no_place_of_the_server(build, channel_asked):
    with pytest.raises(InvalidError, match="is not allowed"):
        build("leaf", channels=(channel_asked,))
