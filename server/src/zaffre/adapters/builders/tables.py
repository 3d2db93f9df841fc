"""The tables of names and versions that lie beside this code as TOML files."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def table(name: str) -> dict[str, Any]:
    """Return the parsed content of `data/<name>.toml`."""
    text = (files("zaffre.adapters.builders") / "data" / f"{name}.toml").read_text("utf-8")
    return tomllib.loads(text)
