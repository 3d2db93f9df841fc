"""Whatever becomes of the server, no replica outlives it."""

import asyncio
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from serving import lives, order_of, until

PROGRAM = Path(__file__).with_name("serving_program.py")
SCRIPTS = {
    "sleeping": "time.sleep(600)",
    "holding the interpreter": "re.match('(a+)+$', 'a' * 40 + 'b')",
    "with children": "[os.fork() for _ in range(2)]; time.sleep(600)",
    "deaf to signals": "[signal.signal(s, signal.SIG_IGN) for s in (1, 2, 15)]; time.sleep(600)",
}


@pytest.mark.parametrize("hanging", SCRIPTS.values(), ids=SCRIPTS.keys())
def test_r01_kill_9_of_the_server_leaves_no_replica(tmp_path, hanging):
    script = f"import os, re, signal, time\ndef init(): pass\ndef run(data):\n    {hanging}"
    order = order_of(tmp_path / "e", script)
    server = subprocess.Popen(
        [sys.executable, str(PROGRAM), str(order.folder)], stdout=subprocess.PIPE
    )
    try:
        assert server.stdout is not None
        assert server.stdout.readline() == b"ready\n"
        replicas = psutil.Process(server.pid).children(recursive=True)
        assert len(replicas) >= 2
    finally:
        server.kill()
        server.wait()
        server.stdout.close()
    asyncio.run(until(lambda: not any(map(lives, replicas)), what="the end of the replicas"))
