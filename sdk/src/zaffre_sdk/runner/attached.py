"""A script beside a Spark that runs already: `python attached.py script.py ...`.

The driver of a cluster has one Spark for all that runs in it. PySpark finds it by the variables
`PYSPARK_GATEWAY_PORT` and `PYSPARK_GATEWAY_SECRET`, and would start another one in it; what is
made here first is its view of the one that there is, which sessions of the script then take.
"""

from __future__ import annotations

import runpy
import sys
from pathlib import Path


def main(script: str, *arguments: str) -> None:
    """Run the script as if it had been started itself."""
    # Python has put the folder of this file there, whose modules nobody here means.
    sys.path[0] = str(Path(script).resolve().parent)
    _attach()
    sys.argv = [script, *arguments]
    runpy.run_path(script, run_name="__main__")


def _attach() -> None:
    from pyspark import SparkConf, SparkContext  # noqa: PLC0415 (of the run, not of ours)
    from pyspark.java_gateway import launch_gateway  # noqa: PLC0415 (as above)

    gateway = launch_gateway()
    apache = gateway.jvm.org.apache.spark
    context = apache.api.java.JavaSparkContext.fromSparkContext(apache.SparkContext.getOrCreate())
    view = SparkContext(
        gateway=gateway,
        jsc=context,
        conf=SparkConf(_jvm=gateway.jvm, _jconf=context.getConf()),
    )
    # A script that stops what it has worked with would end the Spark of all others there.
    view.stop = lambda: None


if __name__ == "__main__":
    main(*sys.argv[1:])
