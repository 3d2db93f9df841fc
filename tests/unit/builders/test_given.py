import subprocess
import sys

import pytest
from packaging.specifiers import SpecifierSet
from zaffre.adapters.builders.given import GivenInterpreters
from zaffre.adapters.builders.sdk_wheel import SdkWheel
from zaffre.domain.errors import InvalidError


def checking(tmp_path, *, floor=">=3.9"):
    sdk = SdkWheel(tmp_path / "wheels").wheel
    return GivenInterpreters(environ={}, floor=SpecifierSet(floor), sdk=sdk)


def test_the_python_of_this_program_will_do(tmp_path, monkeypatch):
    given = checking(tmp_path)
    assert given.check(sys.executable) == sys.executable
    monkeypatch.setattr(subprocess, "run", None)  # asked once
    assert given.check(sys.executable) == sys.executable


@pytest.mark.parametrize(
    ("path", "word"),
    [
        ("python3", "no program"),
        ("bin/python", "no program"),
        ("/nonexistent/python", "no program"),
        ("/etc/passwd", "no program"),
        ("/etc", "no program"),
        ("/bin/ls", "does not answer"),
        ("/bin/\0ls", "no program"),
    ],
)
def test_other_paths_are_refused(tmp_path, path, word):
    with pytest.raises(InvalidError, match=word) as refused:
        checking(tmp_path).check(path)
    assert refused.value.code == "InvalidInterpreter"
    assert refused.value.hint


@pytest.mark.parametrize("said", ["3.x", "3.11.4\nhello", "3.11.4"])
def test_what_only_begins_as_a_python_does_is_refused(tmp_path, monkeypatch, said):
    done = subprocess.CompletedProcess([], 0, said.encode(), b"")
    given = checking(tmp_path)
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: done)
    with pytest.raises(InvalidError, match="does not answer"):
        given.check(sys.executable)


def test_a_python_that_is_too_old_is_refused(tmp_path):
    with pytest.raises(InvalidError, match="is needed"):
        checking(tmp_path, floor=">=3.99").check(sys.executable)


def test_a_python_without_the_sdk_is_told_how_to_get_it(tmp_path):
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "bare"], check=True)
    bare = str(tmp_path / "bare" / "bin" / "python")
    with pytest.raises(InvalidError, match="cannot import zaffre-sdk") as refused:
        checking(tmp_path).check(bare)
    assert f"{bare} -m pip install 'zaffre-sdk[defaults] @ file://" in refused.value.hint
