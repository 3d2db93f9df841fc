"""Logging: never in the way, nothing lost, nothing twice."""

import math
import multiprocessing
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from metric_servers import MetricServer, moods, points_of
from scripted import refusal
from zaffre_sdk.errors import SdkError
from zaffre_sdk.metrics import MetricSender, replay
from zaffre_sdk.metrics.batches import MAX_POINTS
from zaffre_sdk.metrics.spool import MARK, Spool

POINTS = 100_000


@pytest.fixture
def server():
    server = MetricServer()
    server.start()
    yield server
    server.kill()


def sender_to(server, folder, *, patience=0.0):
    client = server.client()
    return MetricSender(lambda batch: client.metrics.send("r", batch, patience=patience), folder)


def expected(count):
    return {("m", str(number).encode()): 1 for number in range(count)}


def until(condition, seconds=30.0):
    deadline = time.monotonic() + seconds
    waiting = threading.Event()
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        waiting.wait(0.01)


def test_points_arrive_in_order_with_their_values(server, tmp_path):
    sender = sender_to(server, tmp_path)
    sender.log("a", "scalar", 1.5, 3)
    sender.log("b", "list", [1, math.nan, np.float32(2)])
    sender.log("c", "row", {"x": np.int64(1), "y": True})
    assert sender.flush(10)
    first, second, third = server.points
    assert (first.name, first.kind, first.value, first.step) == ("a", "scalar", 1.5, 3)
    assert second.value[0] == 1
    assert math.isnan(second.value[1])
    assert third.value == {"x": 1, "y": True}
    assert sender.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_r14_an_outage_loses_nothing_and_doubles_nothing(server, tmp_path, capfd):
    sender = sender_to(server, tmp_path)
    server.mood = moods(7)
    outage = threading.Thread(
        target=lambda: (time.sleep(0.5), server.kill(), time.sleep(30), server.start())
    )
    outage.start()
    for number in range(POINTS):
        sender.log("m", "scalar", number)
        if number % 1000 == 0:
            time.sleep(0.02)
    outage.join()
    server.mood = moods(8)
    assert sender.flush(120)
    assert sender.close()
    assert server.stored == expected(POINTS)
    told = capfd.readouterr().err
    assert "kept in" in told
    assert list(tmp_path.iterdir()) == []


def test_r14_the_outage_is_told_once_and_so_is_its_end(server, tmp_path, capfd):
    sender = sender_to(server, tmp_path)
    sender.log("m", "scalar", 0)
    assert sender.flush(10)
    server.kill()
    for number in range(1, 50):
        sender.log("m", "scalar", number)
        assert not sender.flush(0.05)
    server.start()
    assert sender.flush(20)
    assert sender.close()
    assert server.stored == expected(50)
    lines = capfd.readouterr().err.splitlines()
    assert ["kept in" in line for line in lines] == [True, False]
    assert "back" in lines[1]


def test_r16_r17_answers_that_get_lost_double_nothing(server, tmp_path):
    answers = iter(["after"] * 5)
    server.mood = lambda: next(answers, "fine")
    sender = sender_to(server, tmp_path, patience=5)
    for number in range(150):
        sender.log("m", "scalar", number)
    assert sender.flush(20)
    assert sender.close()
    assert server.stored == expected(150)


def test_r15_kill_9_loses_nothing_that_was_spooled(server, tmp_path):
    server.kill()
    folder = tmp_path / "spool"
    program = textwrap.dedent(f"""
        import sys, time
        from pathlib import Path
        from zaffre_sdk.client import Transport, WorkspaceClient
        from zaffre_sdk.metrics import MetricSender
        client = WorkspaceClient(Transport({server.url!r}, "secret"), "w")
        folder = Path({str(folder)!r})
        sender = MetricSender(lambda b: client.metrics.send("r", b, patience=0), folder)
        for number in range(1_000_000):
            sender.log("m", "scalar", number)
            if number % 100 == 0:
                time.sleep(0.001)
    """)
    process = subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.DEVNULL)
    until(lambda: sum(path.stat().st_size for path in folder.glob("*.spool")) > 50_000)
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    [spool] = folder.glob("*.spool")
    with spool.open("ab") as file:
        file.write(b"\x90\x00\x00\x00half a record")
    server.start()
    client = server.client()
    report = replay(folder, lambda batch: client.metrics.send("r", batch))
    assert report.torn == 1
    assert report.sent == len(server.points) > 1000
    assert server.stored == expected(report.sent)
    assert list(folder.iterdir()) == []


def test_r15_a_replay_that_is_cut_short_goes_on_where_it_was(server, tmp_path):
    sender = sender_to(server, tmp_path)
    server.kill()
    count = 3 * MAX_POINTS + 500
    for number in range(count):
        sender.log("m", "scalar", number)
    assert not sender.close(timeout=0.5)
    server.start()
    bad = iter(["after", "fine", "before", "after"])
    server.mood = lambda: next(bad, "fine")
    client = server.client()
    failures = 0
    while list(tmp_path.glob("*.spool")):
        try:
            replay(tmp_path, lambda batch: client.metrics.send("r", batch, patience=0))
        except SdkError:
            failures += 1
    assert failures == 3
    assert server.stored == expected(count)


def test_a_living_writer_is_not_replayed(server, tmp_path):
    server.kill()
    sender = sender_to(server, tmp_path)
    sender.log("m", "scalar", 0)
    until(lambda: list(tmp_path.glob("*.spool")))
    assert replay(tmp_path, print).busy == 1
    sender.close(timeout=0.1)
    assert replay(tmp_path, lambda _batch: None).sent == 1


def test_only_the_bad_points_of_a_batch_are_refused(server, tmp_path, capfd):
    server.refuses = lambda batch: any(point.value == 13 for point in points_of(batch))
    sender = sender_to(server, tmp_path)
    for number in range(100):
        sender.log("m", "scalar", number)
    assert sender.flush(20)
    assert sender.close()
    wanted = expected(100)
    del wanted[("m", b"13")]
    assert server.stored == wanted
    assert sender.rejected == 1
    assert len(list(tmp_path.glob("*.rejected"))) == 1
    assert "InvalidValue: a point is bad" in capfd.readouterr().err


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_child_writes_on_its_own(server, tmp_path):
    sender = sender_to(server, tmp_path)
    sender.log("m", "scalar", 0)
    child = multiprocessing.get_context("fork").Process(target=sender.log, args=("m", "scalar", 1))
    child.start()
    child.join(30)
    assert child.exitcode == 0
    sender.log("m", "scalar", 2)
    assert sender.close()
    assert server.stored == expected(3)
    assert list(tmp_path.iterdir()) == []


def test_c52_odd_values_neither_raise_nor_spoil_their_batch(server, tmp_path):
    class Odd:
        def __str__(self):
            raise ValueError("no")

    sender = sender_to(server, tmp_path)
    for value in (2**70, "\ud800", Odd(), np.datetime64("2020-01-01"), {1: {2}}, b"x", 5):
        sender.log("m", "scalar", value)
    sender.log("m", "scalar", np.arange(3))
    assert sender.close()
    values = [point.value for point in server.points]
    assert values == [float(2**70), "?", "<Odd>", "2020-01-01", {"1": [2]}, "x", 5, [0, 1, 2]]


def test_a_disk_that_refuses_is_no_reason_to_lose_points(server, tmp_path, capfd):
    blocked = tmp_path / "file"
    blocked.write_bytes(b"")
    sender = sender_to(server, blocked / "below")
    for number in range(5000):
        sender.log("m", "scalar", number)
    assert sender.close()
    assert server.stored == expected(5000)
    assert "cannot be kept on disk" in capfd.readouterr().err


def test_r03_what_the_disk_spoils_is_counted_and_the_rest_arrives(server, tmp_path):
    server.kill()
    sender = sender_to(server, tmp_path)
    for number in range(3):
        sender.log("m", "scalar", number)
        until(lambda records=number + 1: size_of(tmp_path) > len(MARK) + 80 * records)
    [spool] = tmp_path.glob("*.spool")
    content = bytearray(spool.read_bytes())
    record = (len(content) - len(MARK)) // 3
    content[len(MARK) + record + 20] ^= 1
    with spool.open("r+b") as file:
        file.write(content)
    server.start()
    assert sender.flush(20)
    assert not sender.close()
    assert server.stored == {("m", b"0"): 1, ("m", b"2"): 1}


def size_of(folder):
    return sum(path.stat().st_size for path in folder.glob("*.spool"))


def test_closing_without_a_server_is_short_and_says_where_points_are(server, tmp_path, capfd):
    server.kill()
    sender = sender_to(server, tmp_path)
    sender.log("m", "scalar", 1)
    started = time.monotonic()
    assert not sender.close()
    assert time.monotonic() - started < 10
    assert str(tmp_path) in capfd.readouterr().err


def test_logging_goes_on_after_closing(server, tmp_path):
    sender = sender_to(server, tmp_path)
    sender.log("m", "scalar", 0)
    assert sender.close()
    sender.log("m", "scalar", 1)
    assert sender.close()
    assert server.stored == expected(2)


def test_a_program_that_just_ends_has_sent_everything(server, tmp_path):
    program = textwrap.dedent(f"""
        from pathlib import Path
        from zaffre_sdk.client import Transport, WorkspaceClient
        from zaffre_sdk.metrics import MetricSender
        client = WorkspaceClient(Transport({server.url!r}, "secret"), "w")
        sender = MetricSender(lambda b: client.metrics.send("r", b), Path({str(tmp_path)!r}))
        for number in range(2500):
            sender.log("m", "scalar", number)
    """)
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True, timeout=60)
    assert server.stored == expected(2500)
    assert list(tmp_path.iterdir()) == []


def test_many_threads_log_at_once(server, tmp_path):
    sender = sender_to(server, tmp_path)

    def work(start):
        for number in range(start, start + 2000):
            sender.log("m", "scalar", number)

    threads = [threading.Thread(target=work, args=(2000 * index,)) for index in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sender.close()
    assert server.stored == expected(16_000)
    assert list(tmp_path.iterdir()) == []


def test_default_spool_lies_in_the_home(server, tmp_path, monkeypatch):
    monkeypatch.setenv("ZAFFRE_HOME", str(tmp_path))
    client = server.client()
    sender = MetricSender(lambda batch: client.metrics.send("r", batch))
    sender.log("m", "scalar", 0)
    assert sender.close()
    assert Path(tmp_path / "spool").is_dir()


def test_what_no_encoder_takes_ends_nothing(server, tmp_path):
    sender = sender_to(server, tmp_path)
    sender.log("a", "scalar", 1, "no number")
    sender.log("a", "scalar", 2, 2**70)
    sender.log("a", "scalar", 3, 3)
    assert sender.flush(10)
    assert [point.step for point in server.points] == [None, 2**63 - 1, 3]
    assert sender.close()


def test_a_token_that_is_refused_loses_nothing(server, tmp_path):
    sender = sender_to(server, tmp_path)
    take = server.answer
    server.answer = lambda _: refusal(401, "Unauthenticated")
    sender.log("a", "scalar", 1)
    assert not sender.flush(0.5)
    server.answer = take
    assert sender.flush(30)
    assert sender.rejected == 0
    assert sender.close()


def test_memory_is_bounded_where_the_disk_refuses(tmp_path):
    (tmp_path / "file").touch()
    spool = Spool(tmp_path / "file", "w")
    spool.open()
    assert spool.trouble is not None
    megabyte = bytes(1 << 20)
    for _ in range(100):
        spool.append([megabyte])
    assert (spool.appended, spool.lost) == (64, 36)
    while spool.peek() is not None:
        spool.advance()
    spool.append([megabyte])
    assert spool.lost == 36
