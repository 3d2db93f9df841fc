"""Real builds for tests."""

import asyncio
import contextlib
import functools
import http.server
import io
import os
import subprocess
import threading
import zipfile

import pytest
from uv import find_uv_bin
from zaffre.adapters.builders.conda_tools import NEVER
from zaffre.adapters.builders.settings import uv_environ
from zaffre.adapters.builders.uv import UvBuilder
from zaffre.domain.environments import EnvironmentSpec


@functools.cache
def _why_unreachable():
    """What uv says when the package index gives no answer, or None when it does."""
    command = (find_uv_bin(), "pip", "install", "--dry-run", "--target", "/nonexistent", "six")
    done = subprocess.run(
        command, capture_output=True, check=False, cwd="/", env=uv_environ(os.environ), text=True
    )
    return done.stderr.strip() if done.returncode else None


def need_index():
    """Skip, with the reason, where no package index can be reached."""
    if (reason := _why_unreachable()) is not None:
        pytest.skip(f"no environment can be built, the package index is unreachable: {reason}")


def build(folder, *, environ=None, log=None, **spec):
    """Build once and give the environment and what was said."""
    said = []

    def hear(line):
        said.append(line)
        if log is not None:
            log(line)

    environ = os.environ if environ is None else environ
    # Tests of what comes from conda say which one.
    builder = UvBuilder(folder, environ=environ, conda=NEVER)
    built = asyncio.run(builder.build(EnvironmentSpec(**spec), hear))
    return built, said


def ask(built, question):
    """Run a line of Python in an environment and give what it prints."""
    done = subprocess.run(
        [built.python, "-c", question], capture_output=True, check=True, cwd="/", text=True
    )
    return done.stdout.strip()


def wheel(name, *, version="1.0", needs=""):
    """Give the bytes of a wheel with one empty module."""
    info = f"{name}-{version}.dist-info"
    needed = f"Requires-Dist: {needs}\n" if needs else ""
    files = {
        f"{name}.py": "",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needed}",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},,\n" for path in [*files, f"{info}/RECORD"])
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path, text in {**files, f"{info}/RECORD": record}.items():
            archive.writestr(path, text)
    return buffer.getvalue()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_arguments):
        """Say nothing: what uv says is what is tested."""


@contextlib.contextmanager
def served(folder):
    """Serve a folder on this machine for the time of a `with` block; gives the address."""
    handler = functools.partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
