"""The vault of a workspace as v1 programs see it, against a real server."""

import pytest
from azureml.core import Experiment, Keyvault, ScriptRunConfig, Workspace
from azureml.exceptions import UserErrorException

SECRET = "p@ss wörd of the database"  # noqa: S105
SCRIPT = """
from azureml.core import Run
run = Run.get_context(allow_offline=False)
run.log("length", len(run.get_secret("db-password")))
run.log("absent", str(run.get_secrets(["db-password", "absent"])["absent"]))
try:
    run.experiment.workspace.get_default_keyvault().set_secret("from-run", "x")
except Exception as error:
    run.tag("refused", type(error).__name__)
"""


@pytest.fixture
def vault(workspace):
    return workspace.get_default_keyvault()


def test_secrets_are_kept_and_replaced(vault: Keyvault):
    vault.set_secret("db-password", "first")
    vault.set_secret("db-password", SECRET, content_type="password")
    vault.set_secrets({"a": "1", "b": "2"})

    assert vault.get_secret("db-password") == SECRET
    assert vault.get_secret_content_type("db-password") == "password"
    assert vault.get_secrets(["a", "b", "none"]) == {"a": "1", "b": "2", "none": None}
    listed = vault.list_secrets()
    assert [secret["name"] for secret in listed] == ["a", "b", "db-password"]
    assert SECRET not in repr(listed)

    vault.delete_secrets(["a", "b"])

    assert [secret["name"] for secret in vault.list_secrets()] == ["db-password"]


def test_missing_secret_and_bad_names_are_said(vault: Keyvault):
    with pytest.raises(UserErrorException, match="no secret `absent`"):
        vault.get_secret("absent")
    with pytest.raises(UserErrorException, match="1 to 127 letters"):
        vault.set_secret("a_b", "x")
    with pytest.raises(UserErrorException, match="must be text, not int"):
        vault.set_secret("number", 5)  # type: ignore[arg-type]
    with pytest.raises(UserErrorException, match="26000 bytes"):
        vault.set_secret("large", "x" * 26_000)


def test_secrets_of_another_workspace_are_not_there(vault: Keyvault):
    vault.set_secret("own", SECRET)
    other = Workspace.create("other-vault", subscription_id="...", resource_group="tests")

    assert other.get_default_keyvault().get_secrets(["own"]) == {"own": None}
    other.delete()


def test_no_file_of_the_server_holds_the_value(vault: Keyvault, server):
    vault.set_secret("at-rest", SECRET)

    files = [path for path in server.home.rglob("*") if path.is_file()]
    assert any(path.name == "zaffre.db-wal" for path in files)
    assert not [path for path in files if SECRET.encode() in path.read_bytes()]
    assert (server.home / "vault.key").stat().st_mode & 0o077 == 0


def test_script_reads_secrets_and_cannot_set_them(vault: Keyvault, workspace, tmp_path):
    vault.set_secret("db-password", SECRET)
    (tmp_path / "read.py").write_text(SCRIPT)

    run = Experiment(workspace, "secrets").submit(
        ScriptRunConfig(source_directory=str(tmp_path), script="read.py")
    )
    run.wait_for_completion()

    assert run.get_metrics() == {"length": len(SECRET), "absent": "None"}
    assert run.get_tags()["refused"] == "AuthenticationException"
