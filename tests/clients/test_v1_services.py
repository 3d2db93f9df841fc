"""Web services as v1 programs see them, against a real server."""

import json
from datetime import datetime

import pytest
import requests
from azureml.core import Model, Webservice
from azureml.core.model import InferenceConfig
from azureml.core.webservice import AciWebservice, AksWebservice, LocalWebservice
from azureml.exceptions import ModelNotFoundException, UserErrorException, WebserviceException

ECHO = """
import json
from pathlib import Path
from azureml.core.model import Model

def init():
    global word
    word = Path(Model.get_model_path("word")).read_text()

def run(raw):
    return [word, json.loads(raw)]
"""


def test_a_service_answers_with_its_model(workspace, deploy, model, capsys):
    service = deploy(
        "echo", ECHO, AciWebservice.deploy_configuration(cpu_cores=0.5, tags={"a": 1})
    )
    service.wait_for_deployment(show_output=True)
    assert "Succeeded" in capsys.readouterr().out
    assert service.state == "Healthy"
    assert service.run(json.dumps([1, 2])) == ["hello", [1, 2]]
    found = Webservice(workspace, "echo")
    assert isinstance(found, AciWebservice)
    assert (found.tags, found.auth_enabled) == ({"a": "1"}, False)
    assert [one.name for one in Webservice.list(workspace, model_name="word")] == ["echo"]
    with pytest.raises(UserErrorException, match="`models`"):
        service.update(models=["text"])
    with pytest.raises(ModelNotFoundException, match="echo"):
        model.delete()


def test_a_key_opens_a_service_and_a_replaced_one_does_not(deploy):
    configuration = AksWebservice.deploy_configuration(primary_key="a" * 32)
    service = deploy("keyed", ECHO, configuration)
    service.wait_for_deployment()
    assert service.get_keys()[0] == "a" * 32
    assert service.run("1") == ["hello", 1]
    service.regen_key("Primary")
    assert service.get_keys()[0] != "a" * 32
    assert service.run("1") == ["hello", 1]


def test_a_token_opens_a_service_for_a_while(deploy):
    configuration = AksWebservice.deploy_configuration(token_auth_enabled=True)
    service = deploy("timed", ECHO, configuration)
    service.wait_for_deployment()
    token, refresh_after = service.get_token()
    now = datetime.now()  # noqa: DTZ005 (as programs of v1 compare it)
    assert now < refresh_after < service.get_access_token().expiry_on
    headers = {"Authorization": f"Bearer {token}"}
    assert requests.post(service.scoring_uri, "1", headers=headers, timeout=30).status_code == 200
    assert requests.post(service.scoring_uri, "1", timeout=30).status_code == 401
    assert service.created_time <= service.updated_time


def test_c92_a_service_whose_init_raises_says_why(deploy):
    script = "def init():\n    raise ValueError('no luck')\ndef run(raw):\n    return raw\n"
    service = deploy("broken", script, AciWebservice.deploy_configuration())
    with pytest.raises(WebserviceException, match="no luck"):
        service.wait_for_deployment()
    assert service.state in ("Failed", "Unhealthy")
    assert service.error["code"]


def test_a_local_service_takes_over_changed_code(deploy, tmp_path):
    service = deploy("local", ECHO, LocalWebservice.deploy_configuration())
    service.wait_for_deployment()
    assert service.state == "running"
    assert service.run("1") == ["hello", 1]
    (tmp_path / "svc" / "score.py").write_text(ECHO.replace("[word,", "[word.upper(),"))
    service.reload()
    assert service.run("1") == ["HELLO", 1]
    assert f":{service.port}/" in service.scoring_uri


def test_c86_a_failing_call_names_the_status(deploy):
    script = "def init():\n    pass\ndef run(raw):\n    raise KeyError('data')\n"
    service = deploy("failing", script, AciWebservice.deploy_configuration())
    service.wait_for_deployment()
    with pytest.raises(WebserviceException, match=r"answered [45]") as error:
        service.run("{}")
    assert error.value.status_code >= 400


def test_bad_configurations_are_refused_before_anything_is_sent(workspace, tmp_path):
    with pytest.raises(WebserviceException, match="`cpu_cores`"):
        Model.deploy(
            workspace,
            "bad",
            [],
            None,
            AciWebservice.deploy_configuration(cpu_cores=0),
        )
    with pytest.raises(UserErrorException, match="`inference_config`"):
        Model.deploy(workspace, "bad", [])
    with pytest.raises(UserErrorException, match=r"`entry_script` `score\.py`"):
        InferenceConfig("score.py", source_directory=str(tmp_path))
    with pytest.raises(WebserviceException, match="absent"):
        Webservice(workspace, "absent")
