"""A real server for programs that use the v1 namespace."""

import pytest
from azureml.core import Model, Workspace
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
