"""Requests: tried again when that can help, and said plainly when it cannot."""

import multiprocessing
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from scripted import Reply, refusal, reply, scripted
from zaffre_sdk import errors
from zaffre_sdk.client import Client, Transport, WorkspaceClient
from zaffre_sdk.client.transport import Request
from zaffre_sdk.home import Home, ServerInfo
from zaffre_sdk.wire.experiments import ExperimentOut
from zaffre_sdk.wire.runs import RunIn, RunSpec
from zaffre_sdk.wire.workspaces import WorkspaceIn

EXPERIMENT = {
    "id": "1", "name": "e", "tags": {}, "description": "", "created_at": 1.0, "archived_at": None
}  # fmt: skip
RUN = {
    "id": "r", "workspace_id": "w", "experiment": "e", "experiment_id": "1", "parent_id": None,
    "number": 1, "spec": {"kind": "interactive"}, "state": "Running", "display_name": "",
    "description": "", "tags": {}, "properties": {}, "error": None, "attempt": 0,
    "created_by": "me", "created_at": 1.0, "started_at": None, "ended_at": None,
}  # fmt: skip
WORKSPACE = {
    "id": "w", "name": "w", "subscription_id": "s", "resource_group": "g", "location": "",
    "friendly_name": "", "description": "", "tags": {}, "created_at": 1.0,
}  # fmt: skip


def replies(*answers):
    waiting = iter(answers)
    return lambda _asked: next(waiting)


def test_requests_bear_token_key_and_shape():
    with scripted(lambda _: reply(WORKSPACE, 201)) as server:
        client = Client(Transport(server.url, "secret"))
        made = client.workspaces.create(
            WorkspaceIn(name="w", subscription_id="s", resource_group="g")
        )
        assert made.id == "w"
        [asked] = server.asked
        assert asked.headers["authorization"] == "Bearer secret"
        assert len(asked.headers["idempotency-key"]) == 32
        assert asked.headers["content-type"] == "application/json"
        assert asked.body == b'{"name":"w","subscription_id":"s","resource_group":"g"}'


def test_r16_a_post_is_repeated_with_the_same_key():
    answers = [Reply(cut=True), refusal(503, "Busy"), refusal(429, "Slow"), reply(RUN, 201)]
    with scripted(replies(*answers)) as server:
        workspace = WorkspaceClient(Transport(server.url, "t"), "w")
        run = workspace.runs.create(RunIn(experiment="e", spec=RunSpec(kind="interactive")))
        assert run.id == "r"
        keys = [asked.headers["idempotency-key"] for asked in server.asked]
        assert len(keys) == 4
        assert len(set(keys)) == 1
        server.answer = lambda _: reply(RUN, 201)
        workspace.runs.create(RunIn(experiment="e", spec=RunSpec(kind="interactive")))
        assert server.asked[-1].headers["idempotency-key"] not in keys


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, errors.InvalidError),
        (401, errors.UnauthenticatedError),
        (403, errors.ForbiddenError),
        (404, errors.NotFoundError),
        (409, errors.ConflictError),
        (413, errors.TooLargeError),
        (422, errors.MismatchError),
        (507, errors.StorageFullError),
        (500, errors.ServiceError),
    ],
)
def test_refusals_become_errors_and_are_not_repeated(status, kind):
    error = {"error": {"code": "SomeRule", "message": "no `x`", "target": "name", "new": 1}}
    with scripted(lambda _: reply(error, status, x_request_id="q")) as server:
        workspace = WorkspaceClient(Transport(server.url, "t"), "w")
        with pytest.raises(kind) as caught:
            workspace.experiments.get("e")
        assert type(caught.value) is kind
        failure = caught.value
        assert (failure.code, failure.message, failure.target) == ("SomeRule", "no `x`", "name")
        assert (failure.status, failure.request_id) == (status, "q")
        assert len(server.asked) == 1


def test_a_server_that_stays_busy_is_said_with_the_number_of_attempts():
    with scripted(lambda _: refusal(503, "Busy", "later")) as server:
        transport = Transport(server.url, "t")
        with pytest.raises(errors.UnavailableError, match=r"later \(after \d+ attempts\)"):
            transport.exchange(Request("GET", "/x", patience=0.5))
        assert len(server.asked) > 2


def test_retry_after_is_heeded():
    with scripted(replies(refusal(503, "Busy", retry_after="1"), reply({}))) as server:
        started = time.monotonic()
        Transport(server.url, "t").exchange(Request("GET", "/x", patience=10))
        assert time.monotonic() - started >= 1


def test_an_answer_that_is_not_ours_is_said():
    with scripted(lambda _: Reply(418, b"I am a teapot")) as server:
        with pytest.raises(errors.ServiceError, match="418: I am a teapot"):
            Client(Transport(server.url, "t")).server()
        server.answer = lambda _: Reply(200, b"<html>")
        with pytest.raises(errors.ServiceError, match="belong together"):
            Client(Transport(server.url, "t")).server()
        server.answer = lambda _: reply({"unknown": 1})
        with pytest.raises(errors.ServiceError, match="missing required field"):
            Client(Transport(server.url, "t")).server()


def test_c120_an_absent_server_is_named_with_what_to_do():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    started = time.monotonic()
    with pytest.raises(errors.ServerUnreachableError) as caught:
        Client(Transport(f"http://127.0.0.1:{port}", "t")).server()
    assert time.monotonic() - started < 5
    for part in ("host 127.0.0.1", f"port {port}", "refused", "zaffre up", "ZAFFRE_URL"):
        assert part in caught.value.message


def test_c120_tls_where_there_is_none_is_said_at_once():
    with scripted(lambda _: reply({})) as server:
        url = server.url.replace("http", "https")
        with pytest.raises(errors.ServerUnreachableError, match=r"http://.*SSL_CERT_FILE"):
            Client(Transport(url, "t")).server()


def test_a_server_that_restarts_breaks_nobody():
    with scripted(lambda _: reply(EXPERIMENT)) as server:
        workspace = WorkspaceClient(Transport(server.url, "t"), "w")
        workspace.experiments.get("e")
        server.kill()
        threading.Timer(3.0, server.start).start()
        assert workspace.experiments.get("e").name == "e"


def test_a_server_that_comes_back_elsewhere_is_found(tmp_path):
    home = Home(tmp_path)
    with scripted(lambda _: reply(EXPERIMENT)) as first, scripted(first.answer) as second:
        transport = Transport(first.url, "t", source=home.server_path)
        workspace = WorkspaceClient(transport, "w")
        workspace.experiments.get("e")
        first.kill()
        home.write_server(ServerInfo(second.url, 1, 1.0, "i", "0"))
        started = time.monotonic()
        assert workspace.experiments.get("e").name == "e"
        assert time.monotonic() - started < 1
        assert transport.url == second.url


def test_a_deletion_whose_answer_was_lost_succeeds():
    with scripted(replies(Reply(cut=True), refusal(404, "NotFound"))) as server:
        Client(Transport(server.url, "t")).workspaces.delete("w")
        server.answer = lambda _: refusal(404, "NotFound")
        with pytest.raises(errors.NotFoundError):
            Client(Transport(server.url, "t")).workspaces.delete("w")


def test_connections_are_kept_and_shared_between_threads():
    with scripted(lambda _: reply(EXPERIMENT)) as server:
        workspace = WorkspaceClient(Transport(server.url, "t"), "w")
        for _ in range(20):
            workspace.experiments.get("e")
        assert server.connections == 1
        with ThreadPoolExecutor(16) as pool:
            assert len(list(pool.map(workspace.experiments.get, ["e"] * 400))) == 400
        assert server.connections <= 17


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_child_opens_connections_of_its_own():
    with scripted(lambda _: reply(EXPERIMENT)) as server:
        workspace = WorkspaceClient(Transport(server.url, "t"), "w")
        workspace.experiments.get("e")
        context = multiprocessing.get_context("fork")
        children = [
            context.Process(target=workspace.experiments.get, args=("e",)) for _ in range(3)
        ]
        for child in children:
            child.start()
        workspace.experiments.get("e")
        for child in children:
            child.join(30)
        assert [child.exitcode for child in children] == [0, 0, 0]
        workspace.experiments.get("e")
        assert server.connections == 4


def test_lists_follow_their_pages():
    first = {"value": [EXPERIMENT | {"name": "a"}], "next": "a&b"}
    second = {"value": [EXPERIMENT | {"name": "b"}]}
    with scripted(replies(reply(first), reply(second))) as server:
        workspace = WorkspaceClient(Transport(server.url, "t"), "w")
        names = [experiment.name for experiment in workspace.experiments.list()]
        assert names == ["a", "b"]
        assert server.asked[1].path.endswith("?after=a%26b")


def test_names_are_encoded_once():
    with scripted(lambda _: reply(RUN)) as server:
        workspace = WorkspaceClient(Transport(server.url, "t"), "w")
        workspace.runs.get("a/b %2e?")
        assert server.asked[0].path == "/api/v1/workspaces/w/runs/a%2Fb%20%252e%3F"


def test_waiting_for_a_run_gives_the_server_its_time():
    with scripted(lambda _: reply(RUN)) as server:
        workspace = WorkspaceClient(Transport(server.url, "t"), "w")
        assert workspace.runs.wait("r", state="Queued", seconds=5).state == "Running"
        assert server.asked[0].path.endswith("/runs/r/wait?seconds=5&state=Queued")


def test_logs_come_with_state_and_size():
    headers = {"x-zaffre-run-state": "Running", "x-zaffre-log-size": "9"}
    with scripted(lambda _: Reply(200, b"lo", headers)) as server:
        workspace = WorkspaceClient(Transport(server.url, "t"), "w")
        part = workspace.logs.read("r", "user_logs/std_log.txt", offset=3, wait=1.5)
        assert part == (b"lo", "Running", 9)
        assert server.asked[0].path.endswith("user_logs/std_log.txt?offset=3&wait=1.5")


def test_shapes_of_answers_ignore_what_is_new():
    with scripted(lambda _: reply(EXPERIMENT | {"colour": "blue"})) as server:
        workspace = WorkspaceClient(Transport(server.url, "t"), "w")
        assert isinstance(workspace.experiments.get("e"), ExperimentOut)
