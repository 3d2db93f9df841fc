"""Beats: one request for all runs of a workspace, and none where the server heard already."""

import os
import threading
from dataclasses import dataclass, field

import pytest
from zaffre_sdk.errors import ServerUnreachableError
from zaffre_sdk.tracking import beating
from zaffre_sdk.tracking.beating import Heart


@dataclass
class Server:
    """Takes beats in place of a workspace and its runs."""

    id: str = "w"
    away: bool = False
    ended: list[str] = field(default_factory=list)
    heard: list[list[str]] = field(default_factory=list)
    come: threading.Event = field(default_factory=threading.Event)

    @property
    def runs(self):
        return self

    def beat(self, run_ids):
        self.heard.append(sorted(run_ids))
        self.come.set()
        if self.away:
            raise ServerUnreachableError("away")
        return [one for one in run_ids if one in self.ended]


@pytest.fixture
def heart(monkeypatch):
    now = [100.0]
    heart = Heart(every=30.0)
    monkeypatch.setattr(beating.time, "monotonic", lambda: now[0])
    # The thread of the heart waits here for ever: these tests beat by hand.
    monkeypatch.setattr(heart, "_run", threading.Event().wait)
    return heart, now


def test_one_request_for_all_runs_that_were_not_heard_of(heart):
    heart, now = heart
    server = Server()
    for run in ("a", "b", "c"):
        heart.keep(server, run)
    heart.beat()
    assert server.heard == []
    now[0] += 30
    heart.heard("w", "b")
    heart.beat()
    assert server.heard == [["a", "c"]]


def test_runs_that_have_ended_are_left(heart):
    heart, now = heart
    server = Server(ended=["b"])
    for run in ("a", "b", "c"):
        heart.keep(server, run)
    heart.leave("w", "c")
    now[0] += 30
    heart.beat()
    heart.beat()
    assert server.heard == [["a", "b"], ["a"]]


def test_a_server_that_is_away_is_no_trouble(heart):
    heart, now = heart
    server = Server(away=True)
    heart.keep(server, "a")
    now[0] += 30
    heart.beat()
    heart.beat()
    assert server.heard == [["a"], ["a"]]


def test_many_runs_go_in_several_requests(heart):
    heart, now = heart
    server = Server()
    for number in range(2500):
        heart.keep(server, str(number))
    now[0] += 30
    heart.beat()
    assert [len(runs) for runs in server.heard] == [1000, 1000, 500]


def test_the_thread_beats_by_itself():
    server = Server()
    heart = Heart(every=0.01)
    heart.keep(server, "a")
    assert server.come.wait(10)
    heart.leave("w", "a")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks here")
def test_a_forked_child_leaves_the_runs_to_its_parent(heart):
    heart, now = heart
    server = Server()
    heart.keep(server, "a")
    heart.after_fork()
    now[0] += 30
    heart.beat()
    assert server.heard == []
