"""Names that are looked up when they are used.

The classes of the v1 API name each other in a circle (a workspace lists experiments, an
experiment starts runs, a run knows its workspace). Looking them up at the moment of use keeps the
modules free of circles, and importing one of them from loading the others.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any


def find(module: str, name: str) -> Any:
    """Return `name` of `module`, importing the module when it is not loaded yet."""
    return getattr(import_module(module), name)
