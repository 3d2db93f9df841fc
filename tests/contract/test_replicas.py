"""What ports.replicas promises, of every adapter; today there is one."""

import asyncio
import json
import os
import signal
import sys

import psutil
import pytest
from serving import ECHO, lives, order_of, until
from zaffre.adapters.replicas.process import ProcessReplicas
from zaffre.ports.replicas import ReplicaFailedError

SKLEARN = """
    import json, os
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    def init():
        global model
        model = LogisticRegression().fit(np.array([[0.0, 1.0], [1.0, 0.0]]), [0, 1])

    def run(raw_data):
        data = json.loads(raw_data)["data"]
        if data == "set":
            return {1, 2}
        return model.predict(np.array(data)).tolist()
"""

HOSTILE = """
    import os, sys, time

    def init():
        pass

    def run(data):
        print("run was given", data)
        if data == "hang":
            time.sleep(600)
        if data == "die":
            os._exit(3)
        if data == "exit":
            sys.exit(4)
        if data == "raise":
            raise ValueError("a word of the script")
        if data == "environ":
            return dict(os.environ)
        if data == "slow":
            time.sleep(0.3)
        if data == "where":
            return [os.getcwd(), sys.path[0]]
        return data
"""


ODD = """
    import json

    class Sparse:
        def tolist(self):
            raise RuntimeError("sparse")

    class Answer:
        headers = {}
        status_code = 200

        def get_data(self):
            raise KeyError("gone")

    class Status(Answer):
        status_code = 70_000

    class Mute(Exception):
        def __str__(self):
            raise KeyError("no words")

    def init():
        pass

    def run(data):
        found = json.loads(data)
        if found == "mute":
            raise Mute
        if isinstance(found, str):
            return {"sparse": Sparse, "answer": Answer, "status": Status}[found]()
        return float(found["data"][0][0]) + found["data"][0][1]
"""


@pytest.fixture(scope="module")
def runner():
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture
def starter():
    return ProcessReplicas(environment={**os.environ, "SECRET_OF_THE_SERVER": "s"})


@pytest.fixture(scope="module")
def model(runner, tmp_path_factory):
    order = order_of(tmp_path_factory.mktemp("model") / "e", SKLEARN, start_timeout_seconds=60)
    replica = runner.run(ProcessReplicas(environment=os.environ).start(order))
    yield replica
    runner.run(replica.stop())


def score(runner, replica, body, method="POST", headers=()):
    data = body if isinstance(body, bytes) else body.encode()
    answer = runner.run(replica.score(method, "/score", list(headers), data))
    return answer.status, dict(answer.headers), json.loads(answer.body)


def test_a_model_answers(runner, model):
    status, headers, body = score(runner, model, '{"data": [[0, 1], [1, 0]]}')
    assert (status, body) == (200, [0, 1])
    assert headers[b"content-type"] == b"application/json"
    assert float(headers[b"x-ms-run-fn-exec-ms"]) > 0


@pytest.mark.parametrize(
    ("body", "status", "code", "words"),
    [
        pytest.param("nope", 400, "InvalidJson", "not JSON", id="c80"),
        pytest.param('{"dat": 1}', 400, "MissingField", "`data`", id="c81"),
        pytest.param('{"data": []}', 400, "EmptyInput", "empty", id="c82"),
        pytest.param('{"data": [[0, 1], [0]]}', 400, "RaggedRows", "Row 1", id="c83"),
        pytest.param('{"data": [[0]]}', 424, "UserScriptError", "expecting 2 features", id="c84"),
        pytest.param('{"data": [[0, NaN]]}', 400, "InvalidValue", "Row 0, column 1", id="c85"),
        pytest.param('{"data": "set"}', 424, "ResultNotSerializable", "`set`", id="c88"),
    ],
)
def test_c80_to_c88_say_who_is_to_blame(runner, model, body, status, code, words):
    seen, headers, answer = score(runner, model, body)
    assert (seen, answer["error"]["code"]) == (status, code)
    assert words in answer["error"]["message"]
    assert headers[b"x-ms-error-code"] == code.encode()
    assert (b"ms-azureml-model-error-statuscode" in headers) is (status == 424)
    if status == 400:
        assert answer["error"]["innererror"]["sample"]


def test_c86_run_raises_and_the_replica_goes_on(runner, starter, tmp_path):
    lines = []
    replica = runner.run(starter.start(order_of(tmp_path / "e", HOSTILE, log=lines.append)))
    for body, said in (("raise", "ValueError: a word of the script"), ("exit", "SystemExit: 4")):
        status, headers, answer = score(runner, replica, body)
        assert (status, headers[b"ms-azureml-model-error-statuscode"]) == (424, b"500")
        assert said in answer["error"]["message"]
    assert score(runner, replica, "x")[2] == "x"
    runner.run(replica.stop())
    log = b"".join(lines).decode()
    assert "run was given raise" in log
    assert 'raise ValueError("a word of the script")' in log
    assert "zaffre_sdk" not in log


@pytest.mark.parametrize(
    ("body", "status", "code", "words"),
    [
        ('"sparse"', 424, "ResultNotSerializable", "sparse"),
        ('"answer"', 424, "ResultNotSerializable", "gone"),
        ('"status"', 424, "ResultNotSerializable", "70000"),
        ('"mute"', 424, "UserScriptError", "Mute"),
        ("[" * 100_000, 400, "InvalidJson", "too deep"),
        ('{"data": [[1, "x", 1' + "0" * 400 + "]]}", 400, "InvalidValue", "column 1"),
    ],
    ids=["sparse", "answer", "status", "mute", "deep", "large"],
)
def test_neither_odd_answers_nor_odd_bodies_end_a_replica(  # noqa: PLR0913, PLR0917 (fixtures)
    runner, starter, tmp_path, body, status, code, words
):
    replica = runner.run(starter.start(order_of(tmp_path / "e", ODD)))
    seen, _, answer = score(runner, replica, body)
    assert (seen, answer["error"]["code"]) == (status, code)
    assert words in answer["error"]["message"]
    assert score(runner, replica, '{"data": [[1, 2]]}')[2] == 3
    runner.run(replica.stop())


def test_c87_a_call_that_takes_too_long_ends_its_replica(runner, starter, tmp_path):
    order = order_of(tmp_path / "e", HOSTILE, timeout_seconds=0.5)

    async def use():
        replica = await starter.start(order)
        calls = [
            asyncio.create_task(replica.score("POST", "/score", [], body))
            for body in (b"hang", b"x")
        ]
        answers = await asyncio.gather(*calls)
        code = await replica.wait()
        return [answer.status for answer in answers], code, replica.is_alive

    assert runner.run(use()) == ([408, 502], -signal.SIGKILL, False)


def test_calls_that_wait_their_turn_have_not_taken_too_long(runner, starter, tmp_path):
    order = order_of(tmp_path / "e", HOSTILE, timeout_seconds=0.6)

    async def use():
        replica = await starter.start(order)
        calls = [replica.score("POST", "/score", [], b"slow") for _ in range(4)]
        answers = await asyncio.gather(*calls)
        await replica.stop()
        return [answer.status for answer in answers]

    assert runner.run(use()) == [200] * 4


def test_r34_too_many_calls_are_told_to_come_back(runner, starter, tmp_path):
    order = order_of(tmp_path / "e", HOSTILE, max_concurrent=2)

    async def use():
        replica = await starter.start(order)
        calls = [replica.score("POST", "/score", [], b"slow") for _ in range(3)]
        answers = await asyncio.gather(*calls)
        await replica.stop()
        return sorted(answer.status for answer in answers), answers[2].headers

    statuses, headers = runner.run(use())
    assert statuses == [200, 200, 429]
    assert (b"retry-after", b"1") in headers


def test_a_replica_that_dies_answers_those_in_flight_and_only_them(runner, starter, tmp_path):
    async def use():
        replica = await starter.start(order_of(tmp_path / "e", HOSTILE))
        before = await replica.score("POST", "/score", [], b"x")
        calls = [replica.score("POST", "/score", [], body) for body in (b"x", b"die", b"x")]
        answers = await asyncio.gather(*calls)
        code = await replica.wait()
        return before.status, [answer.status for answer in answers], code

    assert runner.run(use()) == (200, [200, 502, 502], 3)


def test_a43_the_environment_of_the_server_stays_there(runner, starter, tmp_path):
    order = order_of(tmp_path / "e", HOSTILE, variables={"MINE": "1"})
    replica = runner.run(starter.start(order))
    _, _, seen = score(runner, replica, "environ")
    _, _, (folder, first) = score(runner, replica, "where")
    runner.run(replica.stop())
    assert "SECRET_OF_THE_SERVER" not in seen
    assert seen["MINE"] == "1"
    assert seen["AZUREML_MODEL_DIR"] == str(tmp_path / "e" / "azureml-models")
    assert seen["AZUREML_ENTRY_SCRIPT"] == "score.py"
    assert seen["AML_APP_ROOT"] == str(tmp_path / "e" / "source")
    assert {folder, first} == {str(tmp_path / "e" / "source")}


def failure(runner, starter, order):
    with pytest.raises(ReplicaFailedError) as caught:
        runner.run(starter.start(order))
    return caught.value


def test_c91_a_script_without_its_functions(runner, starter, tmp_path):
    error = failure(runner, starter, order_of(tmp_path / "a", "def run(data): pass"))
    assert (error.code, "`init()`" in error.message) == ("UserScriptFunctionNotFound", True)
    error = failure(runner, starter, order_of(tmp_path / "b", "def init(): pass"))
    assert (error.code, "`run()`" in error.message) == ("UserScriptFunctionNotFound", True)


def test_c92_a_script_that_cannot_be_imported(runner, starter, tmp_path):
    error = failure(runner, starter, order_of(tmp_path / "a", "import nowhere_at_all"))
    assert error.code == "UserScriptImportError"
    assert "nowhere_at_all" in error.message
    assert "zaffre_sdk" not in error.details
    assert failure(runner, starter, order_of(tmp_path / "b", "def (")).code == error.code


def test_r33_init_raises(runner, starter, tmp_path):
    script = "def init():\n    raise OSError('no model')\ndef run(data): pass"
    error = failure(runner, starter, order_of(tmp_path / "e", script))
    assert error.code == "UserScriptInitFailed"
    assert "OSError: no model" in error.message
    assert "line 2, in init" in error.details


def test_r33_init_hangs(runner, starter, tmp_path):
    script = "import time\ndef init():\n    time.sleep(600)\ndef run(data): pass"
    order = order_of(tmp_path / "e", script, start_timeout_seconds=1.5)
    error = failure(runner, starter, order)
    assert (error.code, error.message) == (
        "ReplicaStartFailed",
        "`init` did not return within 1.5 s.",
    )


def test_r33_init_is_killed_as_for_memory(runner, starter, tmp_path):
    script = "import os\ndef init():\n    os.kill(os.getpid(), 9)\ndef run(data): pass"
    error = failure(runner, starter, order_of(tmp_path / "e", script))
    assert error.code == "ReplicaStartFailed"
    assert "out of memory" in error.message


def test_an_interpreter_that_is_not_there(runner, starter, tmp_path):
    error = failure(runner, starter, order_of(tmp_path / "e", ECHO, python="/nowhere/python"))
    assert error.code == "ReplicaStartFailed"
    assert "/nowhere/python" in error.message


def test_stopping_lets_calls_finish_and_leaves_no_process(runner, starter, tmp_path):
    script = """
        import os, subprocess, sys, time

        def init():
            subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])

        def run(data):
            time.sleep(0.3)
            return os.getpid()
    """

    async def use():
        replica = await starter.start(order_of(tmp_path / "e", script))
        family = [
            psutil.Process(replica.pid),
            *psutil.Process(replica.pid).children(recursive=True),
        ]
        call = asyncio.create_task(replica.score("POST", "/score", [], b""))
        await until(lambda: replica.waiting, what="the call")
        await replica.stop()
        await until(lambda: not any(map(lives, family)), what="their end")
        return len(family), (await call).status

    assert runner.run(use()) == (3, 200)


def test_swagger_describes_the_service(model):
    document = json.loads(model.swagger)
    assert document["swagger"] == "2.0"
    assert document["paths"]["/score"]["post"]["operationId"] == "RunMLService"


def test_r38_a_flood_of_output_does_not_stop_answers(runner, starter, tmp_path):
    script = """
        def init():
            pass

        def run(data):
            print("x" * 10_000_000)
            return len(data)
    """
    seen = []
    order = order_of(tmp_path / "e", script, log=lambda data: seen.append(len(data)))
    replica = runner.run(starter.start(order))
    assert score(runner, replica, "abc")[::2] == (200, 3)
    runner.run(replica.stop())
    assert sum(seen) == 10_000_001


def test_large_bodies_pass(runner, starter, tmp_path):
    script = "def init(): pass\ndef run(data): return data"
    replica = runner.run(starter.start(order_of(tmp_path / "e", script)))
    body = "x" * (20 << 20)
    assert score(runner, replica, body)[2] == body
    runner.run(replica.stop())


def test_replicas_are_of_this_interpreter_here(model):
    assert psutil.Process(model.pid).exe() == os.path.realpath(sys.executable)
