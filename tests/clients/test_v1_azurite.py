"""A v1 program with blobs that lie in a real Azurite, behind the server."""

from collections.abc import Iterator

import pytest
from azureml.core import Dataset, Datastore
from azureml.exceptions import UserErrorException
from azurite import ACCOUNT, KEY, Azurite, azurite


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azurite]:
    with azurite(tmp_path_factory.mktemp("azurite")) as running:
        yield running


@pytest.fixture
def blobs(workspace, cloud, request):
    name = request.node.name[:40].lower().replace("-", "_")
    container = name.replace("_", "-")
    cloud.make_container(container)
    return Datastore.register_azure_blob_container(
        workspace,
        name,
        container_name=container,
        account_name=ACCOUNT,
        account_key=KEY,
        protocol="http",
        endpoint=cloud.endpoint,
    )


@pytest.fixture
def tables(tmp_path):
    folder = tmp_path / "tables"
    (folder / "deep").mkdir(parents=True)
    (folder / "a.csv").write_text("x,y\n1,one\n")
    (folder / "deep" / "b ö.csv").write_text("x,y\n2,two\n")
    return folder


def test_files_go_there_and_come_back(blobs, tables, tmp_path, capsys):
    blobs.upload(str(tables), target_path="/data", overwrite=True)
    assert "Uploaded 2 files" in capsys.readouterr().out
    assert blobs.download(str(tmp_path / "back"), prefix="data/deep") == 1
    back = tmp_path / "back" / "data" / "deep" / "b ö.csv"
    assert back.read_text() == "x,y\n2,two\n"


def test_datasets_read_it(blobs, workspace, tables):
    blobs.upload(str(tables), target_path="data", show_progress=False)
    dataset = Dataset.Tabular.from_delimited_files((blobs, "data/**/*.csv"))
    frame = dataset.to_pandas_dataframe()
    assert frame.to_dict("list") == {"x": [1, 2], "y": ["one", "two"]}
    registered = dataset.register(workspace, "in the cloud")
    again = Dataset.get_by_name(workspace, "in the cloud", registered.version)
    assert len(again.to_pandas_dataframe()) == 2
    files = Dataset.File.from_files((blobs, "data"))
    assert files.to_path() == ["/a.csv", "/deep/b ö.csv"]


def test_what_is_there_is_not_overwritten_unasked(blobs, tables, tmp_path):
    blobs.upload(str(tables), target_path="data", show_progress=False)
    (tables / "a.csv").write_text("x,y\n9,nine\n")
    blobs.upload(str(tables), target_path="data", show_progress=False)
    blobs.download(str(tmp_path / "old"), prefix="data/a.csv", show_progress=False)
    assert "1,one" in (tmp_path / "old" / "data" / "a.csv").read_text()
    blobs.upload(str(tables), target_path="data", overwrite=True, show_progress=False)
    blobs.download(str(tmp_path / "new"), prefix="data/a.csv", show_progress=False)
    assert "9,nine" in (tmp_path / "new" / "data" / "a.csv").read_text()


def test_a_container_that_is_not_there_is_named(workspace, cloud, tables):
    absent = Datastore.register_azure_blob_container(
        workspace,
        "absent",
        container_name="absent",
        account_name=ACCOUNT,
        account_key=KEY,
        protocol="http",
        endpoint=cloud.endpoint,
    )
    with pytest.raises(UserErrorException, match="container or bucket of the datastore `absent`"):
        absent.upload(str(tables), show_progress=False)
