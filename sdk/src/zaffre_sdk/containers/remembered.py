"""What was found out about the engine a moment ago: asking it takes as long as a container."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Mapping
from pathlib import Path

from zaffre_sdk.containers.engines import STEERING, Engine, find_engine

_SECONDS = 600.0
_BOOT = Path("/proc/sys/kernel/random/boot_id")


def remembered_engine(file: Path, environ: Mapping[str, str]) -> Engine:
    """Return the engine of this machine, from a file that remembers it for some minutes.

    Args:
        file: Where it is kept; another one is asked for when it is not there or out of date.
        environ: As for `find_engine`.

    Raises:
        NoEngineError: There is none.
    """
    with contextlib.suppress(OSError, TypeError, ValueError, KeyError):
        found = json.loads(file.read_bytes())
        engine = Engine(**{**found["engine"], "limits": frozenset(found["engine"]["limits"])})
        engine = engine._replace(options=tuple(engine.options))
        if found["marks"] == _marks(engine, environ) and _is_young(file):
            return engine
    engine = find_engine(environ)
    said = {**engine._asdict(), "limits": sorted(engine.limits)}
    with contextlib.suppress(OSError):
        draft = file.with_name(f"{file.name}.{os.getpid()}")
        draft.write_text(json.dumps({"engine": said, "marks": _marks(engine, environ)}))
        draft.replace(file)
    return engine


def _marks(engine: Engine, environ: Mapping[str, str]) -> list[str]:
    """Return what changes when another answer would be given."""
    boot = _BOOT.read_text(encoding="ascii").strip() if _BOOT.exists() else ""
    changed = str(Path(engine.program).stat().st_mtime_ns)
    steered = sorted(f"{name}={environ[name]}" for name in STEERING & environ.keys())
    return [boot, changed, environ.get("PATH", ""), *steered]


def _is_young(file: Path) -> bool:
    return 0 <= time.time() - file.stat().st_mtime < _SECONDS
