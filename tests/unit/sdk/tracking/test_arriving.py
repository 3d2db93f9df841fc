"""Waiting for what was logged: visibly, not for ever, and without losing it."""

from __future__ import annotations

import threading
import time

from zaffre_sdk.errors import SdkError
from zaffre_sdk.metrics import MetricSender
from zaffre_sdk.metrics.replay import replay
from zaffre_sdk.tracking.arriving import wait_for_metrics
from zaffre_sdk.wire.metrics import BatchOut


class Place:
    """A server that is away until it is said to be there."""

    def __init__(self):
        self.is_there = threading.Event()
        self.batches = []

    def send(self, batch):
        if not self.is_there.is_set():
            raise SdkError("nobody answers")
        self.batches.append(batch)
        return BatchOut(sequence=batch.sequence, stored=True)


def until(condition):
    deadline = time.monotonic() + 30
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        pause.wait(0.005)


def test_r14_an_end_without_a_server_says_what_it_waits_for(tmp_path, capsys):
    place = Place()
    sender = MetricSender(place.send, tmp_path)
    for number in range(1234):
        sender.log("loss", "scalar", number)
    begun = time.monotonic()
    assert not wait_for_metrics(sender, "r1", timeout=300, silent=0.05, away=0.2)
    assert time.monotonic() - begun < 30
    told = [line for line in capsys.readouterr().err.splitlines() if "1,234" in line]
    assert len(told) == 2
    assert "waiting for 1,234 metric values of the run r1" in told[0]
    for line in told:
        assert str(tmp_path) in line
        assert "`zaffre runs sync`" in line
    assert sender.waiting == 1234
    sender.close(timeout=1)
    place.is_there.set()
    replay(tmp_path, place.send)
    assert sum(len(batch.columns.values) for batch in place.batches) == 1234


def test_r14_a_long_outage_takes_no_more_and_more_memory(tmp_path, monkeypatch):
    monkeypatch.setattr("zaffre_sdk.metrics.writer._MOST_ROUNDS", 4)
    place = Place()
    sender = MetricSender(place.send, tmp_path)
    for number in range(1, 20):
        sender.log("loss", "scalar", number)
        assert not sender.flush(0.01)
        until(lambda: sender._writer._spooled == number)  # noqa: B023 - waited for
        assert len(sender._writer._rounds) <= 4
        assert sender.waiting == number
    place.is_there.set()
    assert sender.flush(30)
    assert sender.waiting == 0
    assert sender.close(timeout=5)


def test_r14_a_server_that_comes_back_gets_all_before_the_end(tmp_path, capsys):
    place = Place()
    sender = MetricSender(place.send, tmp_path)
    sender.log("loss", "scalar", 1.0)
    back = threading.Timer(0.3, place.is_there.set)
    back.start()
    assert wait_for_metrics(sender, "r1", timeout=60, silent=0.05, away=30)
    back.join()
    assert sender.waiting == 0
    assert "waiting for 1 metric value of the run r1" in capsys.readouterr().err
    assert sender.close(timeout=5)


def test_nobody_waits_for_threads_that_cannot_start(tmp_path, monkeypatch, capsys):
    def start(_thread):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)
    sender = MetricSender(Place().send, tmp_path)
    sender.log("loss", "scalar", 1.0)
    begun = time.monotonic()
    assert not wait_for_metrics(sender, "r1", timeout=60)
    assert time.monotonic() - begun < 30
    told = capsys.readouterr().err
    assert "1 metric value of the run r1 did not reach the server. No thread" in told


def test_what_arrives_soon_is_not_spoken_of(tmp_path, capsys):
    place = Place()
    place.is_there.set()
    sender = MetricSender(place.send, tmp_path)
    sender.log("loss", "scalar", 1.0)
    assert wait_for_metrics(sender, "r1", timeout=60)
    assert sender.close(timeout=5)
    assert capsys.readouterr().err == ""
