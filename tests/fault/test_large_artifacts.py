"""Large files go up and down without passing through memory as a whole.

ZAFFRE_FAULT_MEGABYTES says how large the file is.
"""

import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from live import LiveServer, until
from programs import Program

MEGABYTES = int(os.environ.get("ZAFFRE_FAULT_MEGABYTES", "256"))
BOUND = 64 << 20

PROGRAM = f"""
import filecmp, os, threading, time
import psutil
from azureml.core import Experiment, Workspace

with open('large.bin', 'wb') as file:
    for _ in range({MEGABYTES}):
        file.write(os.urandom(1 << 20))
workspace = Workspace.create('ws', subscription_id='s', resource_group='g', exist_ok=True)
run = Experiment(workspace, 'inline').start_logging()
run.upload_file('outputs/small.txt', __file__)
run.download_file('outputs/small.txt', 'small.txt')
print('warm')
process = psutil.Process()
before, grown, done = process.memory_info().rss, 0, threading.Event()
def watch():
    global grown
    while not done.wait(0.02):
        grown = max(grown, process.memory_info().rss - before)
watcher = threading.Thread(target=watch)
watcher.start()
started = time.monotonic()
run.upload_file('outputs/large.bin', 'large.bin')
print(time.monotonic() - started)
started = time.monotonic()
run.download_file('outputs/large.bin', 'back.bin')
print(time.monotonic() - started)
done.set()
watcher.join()
print(grown)
assert filecmp.cmp('large.bin', 'back.bin', shallow=False)
run.complete()
"""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@contextlib.contextmanager
def growth(pid: int) -> Iterator[list[int]]:
    """Measure how much memory a process needs at most, over what it needed before."""
    process = psutil.Process(pid)
    before, grown, done = process.memory_info().rss, [0], threading.Event()

    def watch() -> None:
        while not done.wait(0.02):
            grown[0] = max(grown[0], process.memory_info().rss - before)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield grown
    finally:
        done.set()
        watcher.join()


def test_r25_large_files_add_little_memory_on_either_side(tmp_path: Path):
    server = LiveServer(tmp_path / "home")
    server.start()
    try:
        program = Program(server.home, tmp_path / "program", PROGRAM)
        until(lambda: program.has_written(1), seconds=120)
        with growth(server.pid) as grown:
            program.wait(500)
    finally:
        server.stop()
    up, down, client = map(float, program.lines[1:4])
    print(  # noqa: T201 (a measurement)
        f"{MEGABYTES} MiB: up {MEGABYTES / up:.0f} MiB/s, down {MEGABYTES / down:.0f} MiB/s, "
        f"server +{grown[0] >> 20} MiB, program +{int(client) >> 20} MiB"
    )
    assert grown[0] < BOUND
    assert client < BOUND
    # No half of a file is left where uploads are written.
    assert not list((server.home / "data" / "tmp").iterdir())
