import os
import sys
from pathlib import Path

import pytest
from zaffre.adapters.builders import interpreters as module
from zaffre.adapters.builders.interpreters import Interpreters, stamp_of


@pytest.fixture
def bin_folder(tmp_path):
    folder = tmp_path / "bin"
    folder.mkdir()
    return folder


def searching(tmp_path, bin_folder, monkeypatch):
    monkeypatch.setattr(module, "_USUAL_FOLDERS", ())
    environ = {"PATH": str(bin_folder), "HOME": str(tmp_path)}
    return Interpreters(tmp_path / "cache.json", environ=environ)


def fake(path, *, version):
    """A program that answers as a Python of another version would: not a script, a link."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(version)


def test_links_to_one_python_count_once(tmp_path, bin_folder, monkeypatch):
    real = os.path.realpath(sys.executable)
    for name in ("python3", "python3.11", "python"):
        (bin_folder / name).symlink_to(real)
    found = searching(tmp_path, bin_folder, monkeypatch).found()
    assert [python.path for python in found] == [real]
    assert found[0].version == sys.version_info[:3]


def test_scripts_broken_links_and_other_programs_are_no_pythons(tmp_path, bin_folder, monkeypatch):
    shim = bin_folder / "python3.9"
    shim.write_text("#!/bin/sh\nexit 127\n")
    shim.chmod(0o755)
    (bin_folder / "python3.10").symlink_to(tmp_path / "gone")
    (bin_folder / "python3.12").symlink_to("/bin/ls")
    found = searching(tmp_path, bin_folder, monkeypatch).found()
    assert [python.path for python in found] == [os.path.realpath(sys.executable)]


def test_pyenv_and_uv_folders_are_looked_into(tmp_path, bin_folder, monkeypatch):
    asked = []
    monkeypatch.setattr(
        module, "_answer", lambda path: asked.append(path) or ["CPython", "final", 3, 10, 13]
    )
    for place in (".pyenv/versions/3.10.13/bin/python", ".local/share/uv/python/x/bin/python3"):
        program = tmp_path / place
        program.parent.mkdir(parents=True)
        program.write_bytes(b"\x7fELF")
        program.chmod(0o755)
    found = searching(tmp_path, bin_folder, monkeypatch).found()
    assert [python.full for python in found[1:]] == ["3.10.13", "3.10.13"]
    assert len(asked) == 2


def test_each_is_asked_once_until_its_file_changes(tmp_path, bin_folder, monkeypatch):
    asked = []
    monkeypatch.setattr(
        module, "_answer", lambda path: asked.append(path) or ["CPython", "final", 3, 12, 1]
    )
    program = bin_folder / "python3.12"
    program.write_bytes(b"\x7fELF")
    program.chmod(0o755)
    for _ in range(2):
        assert len(searching(tmp_path, bin_folder, monkeypatch).found()) == 2
    assert len(asked) == 1  # the second one read the cache of the first
    program.write_bytes(b"\x7fELF other")
    searching(tmp_path, bin_folder, monkeypatch).found()
    assert len(asked) == 2


def test_a_spoilt_cache_is_no_obstacle(tmp_path, bin_folder, monkeypatch):
    (tmp_path / "cache.json").write_text("{spoilt")
    assert searching(tmp_path, bin_folder, monkeypatch).found()


def test_only_programs_have_a_stamp(tmp_path):
    plain = tmp_path / "plain"
    plain.write_text("text")
    assert stamp_of(str(plain)) is None
    assert stamp_of(str(tmp_path)) is None
    assert stamp_of(str(Path(sys.executable)))
