"""What every keeper of built environments must do."""

import asyncio
import os
import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from building import build, need_index
from zaffre.adapters.builders.conda_tools import NEVER
from zaffre.adapters.builders.kept import KeptFolders
from zaffre.adapters.builders.uv import UvBuilder
from zaffre.domain.environments import EnvironmentSpec

PROGRAM = "print('up', flush=True); input()"


@pytest.fixture
def kept(tmp_path):
    need_index()
    build(tmp_path, pip_packages=("six",))
    return KeptFolders(tmp_path)


def test_what_there_is_and_who_works_in_it(kept, tmp_path):
    [one] = asyncio.run(kept.everything())
    assert any(line.startswith("six==") for line in one.packages)
    assert one.size > 0
    assert one.built_at <= one.used_at <= datetime.now(UTC)
    assert asyncio.run(kept.used_by_processes()) == {}
    with subprocess.Popen(
        [one.python, "-c", PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        process.stdout.readline()
        used = asyncio.run(kept.used_by_processes())
        process.communicate("\n")
    assert used == {one.python: [f"process {process.pid}"]}
    assert asyncio.run(KeptFolders(tmp_path / "none").everything()) == []


def test_what_was_used_since_stays_and_the_rest_goes_whole(kept, tmp_path):
    [one] = asyncio.run(kept.everything())
    now = datetime.now(UTC)

    def remove(since: datetime):
        return asyncio.run(kept.remove([one.key, "ab" * 32], unused_since=since))

    assert remove(now - timedelta(days=1)) == []
    (tmp_path / one.key[:2] / ".gone-x").mkdir()
    (tmp_path / "cd" / ("cd" * 32) / "lib").mkdir(parents=True)
    assert remove(now + timedelta(days=1)) == [one.key]
    assert asyncio.run(kept.everything()) == []
    left = {path.suffix for path in tmp_path.glob("??/*")}
    assert left == {".lock", ".json"}
    built, said = build(tmp_path, pip_packages=("six",))
    assert built.python == one.python
    assert any(line.startswith("Environment built in") for line in said)


def test_what_was_removed_is_made_again_as_it_was(tmp_path):
    """The newest of a package then is not taken for the one that was there."""
    need_index()
    build(tmp_path, pip_packages=("idna",), preferred_packages=("idna==3.6",))
    kept = KeptFolders(tmp_path)
    [one] = asyncio.run(kept.everything())
    held = tmp_path / one.key[:2] / f"{one.key}.held.json"
    later = datetime.now(UTC) + timedelta(days=1)
    assert asyncio.run(kept.remove([one.key], unused_since=later)) == [one.key]
    held.write_text(held.read_text().replace("idna==3.6", "idna==3.4"))
    built, said = build(tmp_path, pip_packages=("idna",), preferred_packages=("idna==3.6",))
    assert "idna==3.4" in built.packages
    assert not any("Versions were held" in line for line in said)

    [one] = asyncio.run(kept.everything())
    assert asyncio.run(kept.remove([one.key], unused_since=later)) == [one.key]
    held.write_text(held.read_text().replace("idna==3.4", "idna==0.0.0.1"))
    built, said = build(tmp_path, pip_packages=("idna",), preferred_packages=("idna==3.6",))
    assert "idna==3.6" in built.packages
    assert any("what it held before it was removed" in line for line in said)


def test_where_an_environment_lies_is_told_without_building_it(tmp_path):
    builder = UvBuilder(tmp_path, environ=os.environ, conda=NEVER)

    def located(**spec):
        return asyncio.run(builder.locate(EnvironmentSpec(**spec)))

    before = located(pip_packages=("six",))
    assert located(interpreter="/usr/bin/python3") is None
    assert located(pip_packages=("-r x",)) is None
    assert list(tmp_path.glob("??/*")) == []
    need_index()
    built, _ = build(tmp_path, pip_packages=("six",))
    assert built.python in {before, located(pip_packages=("six",))}
