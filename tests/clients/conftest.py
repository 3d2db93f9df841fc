"""A real server for programs that use the v1 namespace."""

import pytest
from azureml.core import Workspace
from live import LiveServer


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = LiveServer(tmp_path_factory.mktemp("v1") / "home")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def workspace(server, monkeypatch):
    for name in ("ZAFFRE_URL", "ZAFFRE_TOKEN", "AZUREML_RUN_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ZAFFRE_HOME", str(server.home))
    return Workspace.create("v1", subscription_id="...", resource_group="tests", exist_ok=True)
