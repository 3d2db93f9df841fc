"""Datastores as v1 programs see them, against a real server."""

import logging
import os

import pytest
from azureml.core import Datastore, Workspace
from azureml.data.azure_storage_datastore import AzureBlobDatastore, AzureFileDatastore
from azureml.data.data_reference import DataReference
from azureml.exceptions import AzureMLException, UserErrorException
from azurite import ACCOUNT, KEY, azurite
from live import LiveServer
from zaffre_sdk.data.access import files_of
from zaffre_sdk.data.far import FarFiles
from zaffre_sdk.data.near import NearFiles

SECRET = "p@ss"  # noqa: S105 (of nobody)
BUILT_IN = [
    "workspaceartifactstore",
    "workspaceblobstore",
    "workspacefilestore",
    "workspaceworkingdirectory",
]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("datastores")
    (folder / "data").mkdir()
    environ = {"ZAFFRE_DATA_ROOTS": f"data={folder / 'data'}"}
    with LiveServer(folder / "home", environ=environ) as live:
        yield live


@pytest.fixture(params=["near", "far"])
def way(request, monkeypatch):
    """Files are reached on the disk, or through the server as from another machine."""
    if request.param == "far":
        monkeypatch.setattr("zaffre_sdk.data.access.near_folder", lambda *_: None)
    return request.param


@pytest.fixture
def store(workspace, request):
    return Datastore.register_local(
        workspace,
        "mine",
        "data",
        request.node.name.replace("[", "-").replace("]", ""),
        overwrite=True,
    )


@pytest.fixture
def folder(tmp_path):
    for path in ("a.csv", "x/b.csv", "x/y/ü c.csv"):
        (tmp_path / "in" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / path).write_text(path, encoding="utf-8")
    return tmp_path / "in"


def below(folder):
    found = (p for p in folder.rglob("*") if p.is_file())
    return sorted(p.relative_to(folder).as_posix() for p in found)


def test_every_workspace_has_four(workspace):
    found = workspace.datastores

    assert set(BUILT_IN) <= set(found)
    assert {found[name].datastore_type for name in BUILT_IN} == {"AzureBlob", "AzureFile"}
    assert workspace.get_default_datastore().name == "workspaceblobstore"
    assert type(Datastore(workspace)) is AzureBlobDatastore
    assert type(Datastore(workspace, name="workspacefilestore")) is AzureFileDatastore
    assert Datastore.get(workspace, datastore_name="workspaceblobstore").container_name


@pytest.mark.usefixtures("way")
def test_the_seed_program(workspace, folder, tmp_path, capsys):
    blob_ds = workspace.get_default_datastore()

    made = blob_ds.upload(
        src_dir=str(folder), target_path="/data/files", overwrite=True, show_progress=True
    )

    assert isinstance(made, DataReference)
    assert made.path_on_datastore == "data/files"
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Uploading an estimated of 3 files"
    assert f"Uploading {folder / 'a.csv'}" in lines
    assert any(line.endswith("3 files out of an estimated total of 3") for line in lines)
    assert lines[-1] == "Uploaded 3 files"

    count = blob_ds.download(target_path=str(tmp_path / "out"), prefix="/data", show_progress=True)

    assert count == 3
    assert below(tmp_path / "out") == [f"data/files/{name}" for name in below(folder)]
    assert (tmp_path / "out" / "data/files/x/y/ü c.csv").read_text("utf-8") == "x/y/ü c.csv"
    assert "Downloading data/files/a.csv" in capsys.readouterr().out


@pytest.mark.usefixtures("way")
def test_files_that_are_there_stay_unless_they_are_to_be_replaced(
    store, folder, tmp_path, capsys, caplog
):
    store.upload(str(folder), show_progress=False)
    (folder / "a.csv").write_text("new")
    capsys.readouterr()

    store.upload(str(folder))
    assert "Skipping upload for a.csv" in capsys.readouterr().out
    store.download(str(tmp_path / "one"), prefix="a.csv", show_progress=False)
    assert (tmp_path / "one" / "a.csv").read_text() == "a.csv"

    store.upload(str(folder), overwrite=True, show_progress=False)
    with caplog.at_level(logging.WARNING):
        assert store.download(str(tmp_path / "one"), prefix="a.csv", show_progress=False) == 0
    assert "overwrite=True" in caplog.text
    assert store.download(str(tmp_path / "one"), "a.csv", overwrite=True, show_progress=False) == 1
    assert (tmp_path / "one" / "a.csv").read_text() == "new"
    assert capsys.readouterr().out == ""


@pytest.mark.usefixtures("way")
def test_single_files_keep_their_paths_from_a_root(store, folder, tmp_path):
    files = [str(folder / "x" / "b.csv"), str(folder / "x" / "y" / "ü c.csv")]

    assert store.upload_files(files, show_progress=False).path_on_datastore in ("", None)
    store.upload_files(files, str(folder), "../up", show_progress=False)

    assert store.download(str(tmp_path / "out"), show_progress=False) == 4
    assert below(tmp_path / "out") == ["b.csv", "up/x/b.csv", "up/x/y/ü c.csv", "y/ü c.csv"]


@pytest.mark.usefixtures("way")
def test_large_files_come_back_as_they_were(store, tmp_path, monkeypatch):
    monkeypatch.setattr("zaffre_sdk.data.far._PART_BYTES", 1_000_000)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "large").write_bytes(os.urandom(7_300_001))

    store.upload(str(tmp_path / "in"), show_progress=False)
    assert store.download(str(tmp_path / "out"), show_progress=False) == 1

    assert (tmp_path / "out" / "large").read_bytes() == (tmp_path / "in" / "large").read_bytes()
    assert below(tmp_path / "out") == ["large"]


def test_near_and_far_files_are_the_same(store, folder):
    store.upload(str(folder), show_progress=False)
    client = store._nouns().workspace
    near = files_of(client, "mine")
    far = FarFiles(client, "mine")

    assert isinstance(near, NearFiles)
    assert near.list() == far.list()
    for pattern in ("x", "*.csv", "**/*.csv", "x/*", "absent", "x/"):
        assert near.list(pattern) == far.list(pattern), pattern
    for prefix in ("x", "x/y", "/x", "a."):
        assert near.list(prefix=prefix) == far.list(prefix=prefix), prefix
    [file] = far.list("a.csv")
    assert near.read(file, start=1, length=3) == far.read(file, start=1, length=3) == b".cs"


@pytest.mark.usefixtures("store")
def test_defaults_change_and_go_back(workspace):
    workspace.set_default_datastore("mine")
    assert workspace.get_default_datastore().name == "mine"
    Datastore.get(workspace, "workspaceblobstore").set_as_default()
    assert Datastore.get_default(workspace).name == "workspaceblobstore"


def test_unregistered_datastores_are_gone_and_their_files_stay(workspace, store, folder):
    store.upload(str(folder), show_progress=False)
    root = store.folder
    store.unregister()

    assert "mine" not in workspace.datastores
    again = Datastore.register_local(workspace, "other", "data", root, overwrite=True)
    assert again.download(str(folder.parent / "out"), show_progress=False) == 3
    again.unregister()


def test_c75_an_unknown_datastore_is_answered_with_those_there_are(workspace):
    with pytest.raises(UserErrorException, match="workspaceblobstore"):
        Datastore.get(workspace, "absent")


@pytest.mark.usefixtures("store")
def test_names_are_taken_once(workspace):
    with pytest.raises(UserErrorException, match="same name already exists"):
        Datastore.register_local(workspace, "mine", "data", "x")
    with pytest.raises(UserErrorException, match="came with the workspace"):
        workspace.get_default_datastore().unregister()


def test_a_container_is_registered_and_its_key_is_not_told_again(workspace):
    made = Datastore.register_azure_blob_container(
        workspace=workspace,
        datastore_name="Blob_Data",
        container_name="data-container",
        account_name="az_store_acct",
        account_key="MTIzNDU2YWJjZGU3ODk=",
        overwrite=True,
    )

    assert made.name == "blob_data"
    assert made.account_key == "MTIzNDU2YWJjZGU3ODk="
    found = Datastore(workspace, name="blob_data")
    assert found.account_key is None
    assert (found.credential_type, found.account_name) == ("AccountKey", "az_store_acct")
    found.unregister()


def test_databases_and_others_are_registered(workspace):
    postgres = Datastore.register_azure_postgre_sql(
        workspace, "pg", "127.0.0.1", "db", "me", SECRET, port_number=5433, enforce_ssl=False
    )
    assert (postgres.datastore_type, postgres.user_id) == ("AzurePostgreSql", "me")
    assert Datastore.get(workspace, "pg").enforce_ssl is False
    assert Datastore.register_dbfs(workspace, "bricks").datastore_type == "DBFS"
    sql = Datastore.register_azure_sql_database(
        workspace, "sql", "server", "db", username="me", password=SECRET
    )
    assert sql.username == "me"
    assert Datastore.get(workspace, "sql").password is None
    assert (
        Datastore.register_azure_my_sql(
            workspace, "my", "server", "db", "me", SECRET
        ).datastore_type
        == "AzureMySql"
    )
    lake = Datastore.register_azure_data_lake_gen2(
        workspace, "lake", "files", "account", "tenant", "client", "secret"
    )
    assert lake.container_name == "files"
    hadoop = Datastore.register_hdfs(
        workspace, "hd", "https", "node", None, "REALM", "kdc", "me", kerberos_password=SECRET
    )
    assert hadoop.datastore_type == "Hdfs"
    s3 = Datastore.register_s3(workspace, "s3", "bucket", region="eu-central-1")
    assert s3.bucket_name == "bucket"
    assert Datastore.register_gcs(workspace, "gcs", "bucket").datastore_type == "GCS"
    assert type(workspace.datastores["lake"]).__name__ == "AzureDataLakeGen2Datastore"


def test_bad_registrations_are_refused(workspace):
    with pytest.raises(UserErrorException, match="defined together"):
        Datastore.register_azure_data_lake_gen2(workspace, "x", "f", "a", tenant_id="t")
    with pytest.raises(UserErrorException, match="not both"):
        Datastore.register_hdfs(
            workspace, "x", "https", "n", None, "r", "k", "p", "keytab", "password"
        )
    with pytest.raises(UserErrorException, match="ended Data Lake Storage Gen1"):
        Datastore.register_azure_data_lake(workspace, "x", "store")
    with pytest.raises(UserErrorException, match="one of them"):
        Datastore.register_azure_blob_container(workspace, "x", "c", "a", "sas", "key")
    with pytest.raises(UserErrorException, match="named by text"):
        Datastore.get(workspace, None)


def test_a_folder_that_is_none_is_said(store, folder):
    with pytest.raises(UserErrorException, match="must be a directory"):
        store.upload(str(folder / "a.csv"))
    with pytest.raises(UserErrorException, match="does not point to a file"):
        store.upload_files([str(folder)])
    with pytest.raises(UserErrorException, match="a list of paths"):
        store.upload_files(str(folder / "a.csv"))


def test_a_prefix_without_files_is_said(store, tmp_path, caplog):
    with caplog.at_level(logging.WARNING):
        assert store.download(str(tmp_path / "out"), prefix="absent") == 0
    assert "`absent`" in caplog.text


@pytest.mark.usefixtures("store")
def test_datastores_of_another_workspace_are_not_there():
    other = Workspace.create("other-data", subscription_id="...", resource_group="tests")
    assert sorted(other.datastores) == BUILT_IN
    other.delete()


@pytest.fixture(scope="module")
def azure(tmp_path_factory):
    with azurite(tmp_path_factory.mktemp("azurite")) as found:
        found.make_container("data-container")
        yield found


def test_a_real_container_takes_and_gives_files(
    workspace, azure, folder, tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr("zaffre_sdk.data.far._PART_BYTES", 1_000_000)
    (folder / "large").write_bytes(os.urandom(4_500_001))
    store = Datastore.register_azure_blob_container(
        workspace,
        "azure_blobs",
        container_name="data-container",
        account_name=ACCOUNT,
        account_key=KEY,
        protocol="http",
        endpoint=azure.endpoint,
    )

    store.upload(str(folder), "/data/files", show_progress=False)
    store.upload(str(folder), "/data/files")
    assert "Skipping upload for data/files/x/b.csv" in capsys.readouterr().out
    assert store.download(str(tmp_path / "out"), prefix="/data", show_progress=False) == 4

    back = tmp_path / "out" / "data" / "files"
    assert below(back) == below(folder)
    assert all((back / p).read_bytes() == (folder / p).read_bytes() for p in below(folder))
    found = files_of(store._nouns().workspace, "azure_blobs").list("data/**/*.csv")
    assert [file.path for file in found] == [
        "data/files/a.csv",
        "data/files/x/b.csv",
        "data/files/x/y/ü c.csv",
    ]
    store.unregister()


def test_a_wrong_key_is_said_without_telling_it(workspace, azure, tmp_path):
    store = Datastore.register_azure_blob_container(
        workspace,
        "locked",
        "data-container",
        ACCOUNT,
        account_key="d3Jvbmcga2V5IG9mIG5vYm9keQ==",
        protocol="http",
        endpoint=azure.endpoint,
    )
    with pytest.raises(AzureMLException) as caught:
        store.download(str(tmp_path), show_progress=False)
    assert "d3Jvbmcga2V5" not in str(caught.value)
    store.unregister()
