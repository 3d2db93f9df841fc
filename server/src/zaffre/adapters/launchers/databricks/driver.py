"""The program of a task of Databricks: it runs in the driver, and starts there what a pod starts.

It is sent as text, stands on the standard library and PySpark alone, and is told where the Spark
of the driver is reached, so that the script of the run works with that one.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path


def main(files: dict[str, str], told: str) -> None:
    """Run a run to its end.

    Args:
        files: The program of a pod: texts by their names.
        told: The order, as JSON.
    """
    folder = Path(tempfile.mkdtemp(prefix="zaffre-"))
    try:
        order = json.loads(told)
        # The packages of the driver are those that its Spark goes with.
        order["wanted"]["own"] = [sys.executable]
        for name, text in {**files, "order.json": json.dumps(order)}.items():
            (folder / name).write_text(text, encoding="utf-8")
        child = subprocess.Popen(  # noqa: S603 (our own program)
            [sys.executable, str(folder / "start.py"), str(folder), str(folder / "root")],
            env={**os.environ, **spark_variables()},
        )
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, lambda *_: child.terminate())
        code = child.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if code:
        raise SystemExit(f"The run could not be driven to its end: exit code {code}.")


def spark_variables() -> dict[str, str]:
    """Return what tells another process where the Spark of this one is."""
    import py4j  # noqa: PLC0415 (only where it is sent to)
    import pyspark  # noqa: PLC0415 (as above)
    from pyspark.sql import SparkSession  # noqa: PLC0415 (as above)

    context = SparkSession.builder.getOrCreate().sparkContext
    gateway = context._gateway.gateway_parameters  # noqa: SLF001 (PySpark has no other way)
    places = [str(Path(module.__file__).parent.parent) for module in (pyspark, py4j)]
    # What is installed like any package is seen anyway.
    beside = [place for place in places if not place.endswith("-packages")]
    return {
        "PYSPARK_GATEWAY_PORT": str(gateway.port),
        "PYSPARK_GATEWAY_SECRET": gateway.auth_token or "",
        "PYSPARK_FOLDERS": os.pathsep.join(dict.fromkeys(beside)),
    }
