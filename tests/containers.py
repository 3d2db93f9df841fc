"""A real container engine, and an image with Python in it."""

import functools
import os
import subprocess

import pytest
from zaffre_sdk.containers.engines import Engine, NoEngineError, engine_environ, find_engine
from zaffre_sdk.containers.removing import RUN_LABEL

IMAGE = "localhost/zaffre-tests/python:3"
_BRING = "`python tools/bring_containers.py` brings it, with root on Debian or its kin"


@functools.cache
def need_engine() -> Engine:
    """Return the engine; skip where there is none, or no image."""
    try:
        engine = find_engine(os.environ)
    except NoEngineError as error:
        pytest.skip(f"NO CONTAINER ENGINE HERE ({error}): {_BRING}")
    if not tell(engine, "image", "inspect", IMAGE):
        pytest.skip(f"NO IMAGE WITH PYTHON HERE: {_BRING}")
    return engine


def tell(engine: Engine, *words: str) -> str:
    """Return what an engine says; empty when it refuses."""
    done = subprocess.run(
        engine.command(*words),
        capture_output=True,
        check=False,
        env=engine_environ(os.environ),
        text=True,
    )
    return done.stdout if done.returncode == 0 else ""


def containers_of(engine: Engine, run: str) -> list[str]:
    """Return the containers of a run that are there, running or not."""
    return tell(engine, "ps", "--all", "--quiet", f"--filter=label={RUN_LABEL}={run}").split()
