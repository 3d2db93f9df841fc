"""Real builds for tests."""

import asyncio
import functools
import os
import subprocess

import pytest
from uv import find_uv_bin
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

    builder = UvBuilder(folder, environ=os.environ if environ is None else environ)
    built = asyncio.run(builder.build(EnvironmentSpec(**spec), hear))
    return built, said


def ask(built, question):
    """Run a line of Python in an environment and give what it prints."""
    done = subprocess.run(
        [built.python, "-c", question], capture_output=True, check=True, cwd="/", text=True
    )
    return done.stdout.strip()
