"""What every keeper of built environments must do."""

import asyncio
import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from building import build, need_index
from zaffre.adapters.builders.kept import KeptFolders

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
    assert [path for path in tmp_path.glob("??/*") if path.suffix != ".lock"] == []
    built, said = build(tmp_path, pip_packages=("six",))
    assert built.python == one.python
    assert any(line.startswith("Environment built in") for line in said)
