"""What is told of the repository of a source folder."""

import subprocess

import pytest
from zaffre_sdk.tracking.git import git_properties


@pytest.fixture
def repository(tmp_path, monkeypatch):
    for name in ("GIT_DIR", "GIT_WORK_TREE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "none"))

    def git(*words):
        command = ["git", "-c", "user.name=a", "-c", "user.email=a@b", *words]
        subprocess.run(command, cwd=tmp_path / "r", check=True, capture_output=True)

    (tmp_path / "r" / "src").mkdir(parents=True)
    (tmp_path / "r" / "src" / "a.py").write_text("1")
    git("init", "-b", "main")
    git("add", ".")
    git("commit", "-m", "first")
    git("remote", "add", "origin", "https://me:secret@example.org/r.git")
    return tmp_path / "r"


def test_commit_branch_and_remote_without_the_password(repository):
    found = git_properties(repository / "src")
    assert len(found["azureml.git.commit"]) == 40
    assert found["mlflow.source.git.commit"] == found["azureml.git.commit"]
    assert found["azureml.git.branch"] == "main"
    assert found["azureml.git.repository_uri"] == "https://example.org/r.git"
    assert found["azureml.git.dirty"] == "False"
    (repository / "src" / "a.py").write_text("2")
    assert git_properties(repository)["azureml.git.dirty"] == "True"


def test_a_folder_outside_of_repositories_has_none(tmp_path):
    assert git_properties(tmp_path) == {}
    assert git_properties(tmp_path / "absent") == {}
