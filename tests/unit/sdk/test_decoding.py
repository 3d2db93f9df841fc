"""Shapes that several threads read for the first time at once."""

import subprocess
import sys

import pytest

PROGRAM = """
import sys, threading
from typing import Optional
import msgspec
from zaffre_sdk.wire import decoding

form = sys.argv[1]
sys.setswitchinterval(1e-6)
for number in range(30):
    fields = [(f"f{i}", Optional[dict[str, list[int]]], None) for i in range(60)]
    leaf = msgspec.defstruct(f"Leaf{number}", fields)
    root = msgspec.defstruct(f"Root{number}", [("leaf", leaf), ("others", list[leaf])])
    plain = {"leaf": {"f1": {"a": [1]}}, "others": [{"f59": {"a": [2]}}]}
    given = plain if form == "plain" else getattr(msgspec, form).encode(plain)
    start, read = threading.Barrier(8), []

    def work():
        start.wait()
        read.append(getattr(decoding, f"from_{form}")(given, root))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [(one.leaf.f1, one.others[0].f59) for one in read] == [({"a": [1]}, {"a": [2]})] * 8
"""


@pytest.mark.parametrize("form", ["json", "msgpack", "plain"])
def test_threads_that_read_a_new_shape_at_once_do_not_end_the_process(form):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, form], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
