"""Bring the Java and the PySpark that tests of Spark runs need, where that can be done unasked.

With root on Debian or its kin the distribution's Java is installed. PySpark comes from the index
as sources of 450 MB; the wheel that is made of them lies in `.tools`, so that the environments of
the tests need not make it anew. Elsewhere it is said what is missing, and those tests skip.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from distribution import install, may_install
from zaffre_sdk.runner.java import fitting, javas

JAVA = "openjdk-17-jre-headless"
VERSION = "4.3.0"
TOOLS = Path(__file__).resolve().parents[1] / ".tools"
WHEELS = TOOLS / "wheels"


def main() -> int:
    """Bring what is not there; never fail for the lack of it."""
    if _brings_java():
        _bring_wheel()
    return 0


def _brings_java() -> bool:
    if any(java.number in fitting(VERSION) for java in javas(os.environ)):
        return True
    if not may_install():
        print("test: no Java that fits, so the tests of Spark runs will skip; install one")
        return False
    print("test: installing Java with apt-get for the tests of Spark runs", flush=True)
    if not install(JAVA):
        print("test: apt-get could not, so the tests of Spark runs will skip")
        return False
    return True


def _bring_wheel() -> None:
    python = TOOLS / "bin" / "python"
    if any(WHEELS.glob(f"pyspark-{VERSION}-*.whl")) or not python.exists():
        return
    print(f"test: making a wheel of PySpark {VERSION} for the tests of Spark runs", flush=True)
    fresh = WHEELS.with_name(f"wheels.{os.getpid()}")
    command = ("wheel", "--quiet", "--no-deps", "--wheel-dir", str(fresh), f"pyspark=={VERSION}")
    done = subprocess.run(  # noqa: S603 - fixed words
        [str(python), "-m", "pip", *command], check=False
    )
    if done.returncode:
        print("test: pip could not; their environments will make it by themselves")
        shutil.rmtree(fresh, ignore_errors=True)
        return
    WHEELS.mkdir(exist_ok=True)
    for wheel in fresh.iterdir():
        wheel.replace(WHEELS / wheel.name)
    fresh.rmdir()


if __name__ == "__main__":
    sys.exit(main())
