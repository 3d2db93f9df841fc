"""What earlier programs could not send is sent by the next one that may."""

import threading
import time
from pathlib import Path

import pytest
from metric_servers import MetricServer
from scripted import refusal
from zaffre_sdk.metrics import writer
from zaffre_sdk.tracking import leftovers, senders
from zaffre_sdk.tracking.leftovers import send_leftovers, spools_of

POINTS = 500
EXPECTED = {("loss", str(number).encode()): 1 for number in range(POINTS)}


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ZAFFRE_HOME", str(tmp_path))
    monkeypatch.delenv("AZUREML_RUN_ID", raising=False)
    monkeypatch.setattr(writer, "_AWAY_SECONDS", 0.2)
    monkeypatch.setattr(leftovers, "_begun", set())
    monkeypatch.setattr(senders, "_senders", {})
    server = MetricServer()
    server.start()
    yield server
    server.kill()


@pytest.fixture
def spools(server: MetricServer) -> Path:
    """Leave the spool of a program that ended while the server was away."""
    server.kill()
    sender = senders.of(server.client(), "r")
    for number in range(POINTS):
        sender.log("loss", "scalar", number)
    assert not sender.close()
    server.start()
    [spool] = spools_of("w").rglob("*.spool")
    return spool.parent


def sent(server: MetricServer) -> None:
    send_leftovers(server.client())
    deadline = time.monotonic() + 20
    while any(thread.name == "zaffre-leftovers" for thread in threading.enumerate()):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_r15_what_waits_is_sent_once_and_told(server, spools, capfd):
    sent(server)
    assert server.stored == EXPECTED
    assert list(spools.iterdir()) == []
    assert f"sent {POINTS} metrics of the run r" in capfd.readouterr().err
    sent(server)
    assert server.stored == EXPECTED


def test_a_token_that_may_not_reach_the_run_spoils_nothing(server, spools, monkeypatch):
    answer = server.answer
    server.answer = lambda _: refusal(403, "Forbidden")
    sent(server)
    assert [path.suffix for path in spools.glob("*.rejected")] == []
    server.answer = answer
    monkeypatch.setattr(leftovers, "_begun", set())
    sent(server)
    assert server.stored == EXPECTED


def test_a_run_that_ended_refuses_them_and_that_is_told(server, spools, capfd):
    server.answer = lambda _: refusal(409, "RunIsTerminal", "the run has ended")
    sent(server)
    assert f"refused {POINTS} metrics of the run r" in capfd.readouterr().err
    assert [path.suffix for path in spools.iterdir()] == [".rejected"]


def test_a_program_inside_of_a_run_leaves_them_alone(server, spools, monkeypatch):
    monkeypatch.setenv("AZUREML_RUN_ID", "r")
    monkeypatch.setenv("AZUREML_WORKSPACE_ID", "w")
    sent(server)
    assert server.stored == {}
    assert len(list(spools.glob("*.spool"))) == 1


def test_another_workspace_is_not_sent_them(server, spools):
    assert spools.parent.name == "w"
    other = server.client()
    other.id = "other"
    send_leftovers(other)
    assert not any(thread.name == "zaffre-leftovers" for thread in threading.enumerate())
    assert server.asked == []
