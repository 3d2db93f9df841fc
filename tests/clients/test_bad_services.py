"""What people see of the mistakes that are easy to make with web services."""

import json

import pytest
import requests
from azureml.core import Environment, Model, Webservice
from azureml.core.conda_dependencies import CondaDependencies
from azureml.core.model import InferenceConfig
from azureml.core.webservice import AciWebservice
from azureml.exceptions import UserErrorException, WebserviceException
from live import until

GOOD = "def init():\n    pass\n\ndef run(raw):\n    return raw\n"
SUMS = """
import json, os
import numpy as np

def init():
    pass

def run(raw):
    data = json.loads(raw)["data"]
    if data == "set":
        return {1, 2}
    if data == "raise":
        raise ValueError("no luck")
    return np.array(data).sum(axis=1).tolist()
"""


FINDS_NOTHING = """
from azureml.core.model import Model

def init():
    Model.get_model_path("absent")

def run(raw):
    return raw
"""


@pytest.mark.parametrize(
    ("script", "code", "words"),
    [
        (
            "def init():\n    raise ValueError('no luck')\ndef run(raw):\n    return raw\n",
            "UserScriptInitFailed",
            "`init` raised ValueError: no luck.",
        ),
        (f"import zaffre_none\n{GOOD}", "UserScriptImportError", "No module named 'zaffre_none'."),
        (f"def f(:\n    pass\n{GOOD}", "UserScriptImportError", "SyntaxError: invalid syntax"),
        (
            FINDS_NOTHING,
            "UserScriptInitFailed",
            "The model `absent` was not deployed with this service, which has `word:",
        ),
        (f"import os\nos._exit(3)\n{GOOD}", "ReplicaStartFailed", "exit code 3"),
    ],
)
def test_c92_a_deployment_that_fails_says_why(deploy, server, capsys, script, code, words):
    service = deploy("failing", script)
    with pytest.raises(WebserviceException) as raised:
        service.wait_for_deployment(show_output=True)
    message = str(raised.value)
    assert message.startswith(f"The service `failing` could not be deployed: {code}: ")
    assert words in message
    assert "Failed" in capsys.readouterr().out
    assert (service.state, service.error["code"]) == ("Failed", code)
    assert words in service.error["message"]
    assert words in service.get_logs()
    assert str(server.home) not in service.error["message"]


@pytest.mark.slow
def test_c76_a_service_whose_environment_cannot_be_made_names_the_package(deploy):
    environment = Environment("broken")
    environment.python.conda_dependencies = CondaDependencies.create(
        pip_packages=["zaffre-no-such-package"]
    )
    service = deploy("unbuilt", GOOD, environment=environment)
    words = (
        r"EnvironmentBuildFailed: .*`zaffre-no-such-package` is not on the package index.*Check"
    )
    with pytest.raises(WebserviceException, match=words):
        service.wait_for_deployment()
    assert "Installing zaffre-no-such-package" in service.get_logs()


@pytest.mark.parametrize("missing", ["run", "init"])
def test_c91_a_script_without_its_functions_is_refused_before_anything_is_sent(deploy, missing):
    script = GOOD.replace(f"def {missing}(", f"def other_{missing}(") + f"# {missing}\n"
    with pytest.raises(UserErrorException, match=f"`score.py` defines no `{missing}`") as raised:
        deploy("lacking", script)
    assert "def init():" in str(raised.value)


def test_functions_that_come_from_elsewhere_are_found(deploy, tmp_path):
    (tmp_path / "svc").mkdir()
    (tmp_path / "svc" / "beside.py").write_text(GOOD)
    for number, script in enumerate(("from beside import *\n", "from beside import init, run\n")):
        service = deploy(f"elsewhere-{number}", script)
        service.wait_for_deployment()
        assert service.run("1") == "1"


def test_what_cannot_be_deployed_is_named(workspace, model, tmp_path):
    (tmp_path / "score.py").write_text(GOOD)
    config = InferenceConfig("score.py", source_directory=str(tmp_path))
    size = AciWebservice.deploy_configuration()
    with pytest.raises(UserErrorException, match=r"`scor\.py` is not in"):
        InferenceConfig("scor.py", source_directory=str(tmp_path))
    with pytest.raises(UserErrorException, match=r"`source_directory` names `.*absent`"):
        InferenceConfig("score.py", source_directory=str(tmp_path / "absent"))
    with pytest.raises(UserErrorException, match=r"not 'word:1' \(str\)"):
        Model.deploy(workspace, "svc", ["word:1"], config, size)
    with pytest.raises(UserErrorException, match=r"`Bad_Name` is not allowed\.\nAn endpoint name"):
        Model.deploy(workspace, "Bad_Name", [model], config, size)
    with pytest.raises(WebserviceException, match=r"no endpoint `absent`.*\nCheck"):
        Webservice(workspace, "absent")


def test_c94_a_name_that_is_taken_says_what_to_do(deploy):
    deploy("taken", GOOD).wait_for_deployment()
    with pytest.raises(WebserviceException, match=r"`taken`.*\nPass `overwrite=True`"):
        deploy("taken", GOOD)


BODIES = [
    ("", 400, "InvalidJson", "The body is not JSON"),
    ("not json", 400, "InvalidJson", "The body is not JSON"),
    ("{}", 400, "MissingField", "The body has no `data`"),
    ('{"data": []}', 400, "EmptyInput", "`data` is empty"),
    ('{"data": [[1, 2], [3]]}', 400, "RaggedRows", "Row 1 of `data` has 1 values, and row 0 has"),
    ('{"data": "raise"}', 424, "UserScriptError", "`run` raised ValueError: no luck"),
    ('{"data": "set"}', 424, "ResultNotSerializable", "`run` returned a `set`"),
]


def test_c80_to_c88_bad_questions_are_answered_with_what_is_wrong(deploy):
    service = deploy("sums", SUMS)
    service.wait_for_deployment()
    assert service.run(json.dumps({"data": [[1, 2]]})) == [3]
    for body, status, code, words in BODIES:
        answer = requests.post(service.scoring_uri, body, timeout=30)
        error = answer.json()["error"]
        assert (answer.status_code, error["code"]) == (status, code), body
        assert words in error["message"]
        assert ("ms-azureml-model-error-statuscode" in answer.headers) == (status == 424)
        with pytest.raises(WebserviceException) as raised:
            service.run(body)
        message = str(raised.value)
        assert message.startswith(f"The service `sums` answered {status}: {words}"), message
        assert f"({code})" in message
        assert raised.value.status_code == status
        assert "Traceback" not in message
        assert status == 424 or '{"data":[[' in message
    for data in (None, {"data": [[1]]}, [1]):
        with pytest.raises(WebserviceException, match=r"`input_data` must be JSON text or bytes"):
            service.run(data)
    until(lambda: "ValueError: no luck" in service.get_logs())
