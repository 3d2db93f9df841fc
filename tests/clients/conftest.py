"""A real server for programs that use the v1 namespace."""

import pytest
from azureml.core import Dataset, Model, Workspace
from azureml.core.model import InferenceConfig
from azureml.core.webservice import AciWebservice
from live import LiveServer


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with LiveServer(tmp_path_factory.mktemp("v1") / "home") as live:
        yield live


@pytest.fixture
def workspace(server, monkeypatch):
    for name in ("ZAFFRE_URL", "ZAFFRE_TOKEN", "AZUREML_RUN_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ZAFFRE_HOME", str(server.home))
    return Workspace.create("v1", subscription_id="...", resource_group="tests", exist_ok=True)


@pytest.fixture
def model(workspace, tmp_path):
    (tmp_path / "word.txt").write_text("hello")
    return Model.register(workspace, str(tmp_path / "word.txt"), "word")


@pytest.fixture
def deploy(workspace, model, tmp_path):
    """Deploys a script under a name with the model, and deletes the services in the end."""
    made = []

    def deployed(name, script, size=None, **settings):
        size = size or AciWebservice.deploy_configuration(cpu_cores=1, memory_gb=1)
        (tmp_path / "svc").mkdir(exist_ok=True)
        (tmp_path / "svc" / "score.py").write_text(script)
        config = InferenceConfig("score.py", source_directory=str(tmp_path / "svc"), **settings)
        made.append(Model.deploy(workspace, name, [model], config, size))
        return made[-1]

    yield deployed
    for service in made:
        service.delete()


SALES_HEADER = "id,name,price,sold,day\n"
SALES = {
    "2020/north.csv": "1,ann,1.5,True,2020-01-02\n2,bob,,False,2020-01-03\n",
    "2020/south.csv": "3,cid,3.5,True,2020-02-01\n",
    "2021/north.csv": "4,,4.0,False,2021-01-01\n5,eve,5.5,True,2021-06-01\n",
}


@pytest.fixture
def sales_folder(tmp_path):
    """A folder with a table in three files."""
    root = tmp_path / "sales"
    for name, rows in SALES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(SALES_HEADER + rows)
    return root


@pytest.fixture
def sales(workspace, sales_folder, request):
    """The table of `sales_folder` in the default datastore, below the name of the test."""
    place = workspace.get_default_datastore(), request.node.originalname
    Dataset.File.upload_directory(str(sales_folder), place, show_progress=False)
    return Dataset.Tabular.from_delimited_files((place[0], f"{place[1]}/**/*.csv"))
