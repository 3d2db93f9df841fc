"""Runs of Spark: the settings that every Spark of the run begins with, and the Java under it.

They lie in a folder of the attempt, which `SPARK_CONF_DIR` names. So they hold for a script that
makes its own session, for `spark-submit` in a command, and for what either starts.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import psutil

from zaffre_sdk.runner.claims import processors
from zaffre_sdk.runner.java import HOME, NO_JAVA, Java, fitting, javas
from zaffre_sdk.runner.order import Folders
from zaffre_sdk.wire.runs import AttemptStarted, Spark

MASTER = "spark.master"
GATEWAY = "PYSPARK_GATEWAY_PORT"
_FOLDERS = "PYSPARK_FOLDERS"
_ATTACHED = Path(__file__).with_name("attached.py")
_MEMORY = "spark.driver.memory"
_SPILL = "spark.local.dir"
_FILE = "spark-defaults.conf"
_LOOPBACK = "127.0.0.1"
_SECONDS_TO_ANSWER = 60
_MB = 1 << 20
# A run without a limit takes at most a quarter of the machine, a limited one leaves something
# to its Python processes and to what Java needs beside its heap.
_SHARE_OF_MACHINE = 0.25
_SHARE_OF_LIMIT = 0.6
_LEAST_MB = 512
_MOST_MB = 8192
_SECRET = re.compile(
    r"secret|password|passphrase|pwd|token|credential|signature|sas\.|key$|key\.", re.IGNORECASE
)
# A password among options of Java, one in an address, a signature of Azure.
_SECRET_VALUE = re.compile(
    r"secret|password|passphrase|pwd|token|[?&]sig=|://[^/\s@]*@", re.IGNORECASE
)
_ELSEWHERE = re.compile(r"(?:spark|k8s|local)\b", re.IGNORECASE)
_FIND = """
import importlib.util, json, pathlib, re
found = importlib.util.find_spec("pyspark")
said = {}
if found is not None and found.origin:
    text = pathlib.Path(found.origin).with_name("version.py").read_text("utf-8")
    said = {"version": re.search(r'__version__[^=]*=\\s*["\\']([^"\\']+)', text)[1]}
print(json.dumps(said))
"""


class SparkError(Exception):
    """There is no Spark for the run; says why, and what to do."""


class SparkSetup(NamedTuple):
    """What the processes of a run are told so that they find their Spark.

    Attributes:
        environ: The whole environment.
        lines: What is said of it in the log.
    """

    environ: dict[str, str]
    lines: list[str]


def set_up(
    asked: Spark, started: AttemptStarted, folders: Folders, environ: Mapping[str, str]
) -> SparkSetup:
    """Write the settings down and return what makes processes find them.

    Args:
        asked: What the run asks for.
        started: What the server says.
        folders: Those of the attempt.
        environ: The environment of the processes.

    Raises:
        SparkError: There is no Spark, or no Java that it runs on.
    """
    if GATEWAY in environ:
        return _attached(environ)
    notes: list[str] = []
    present = dict(environ)
    # What is in an image is not known here.
    if started.image is None:
        version = _version(started.python, environ)
        java = _java(version, environ)
        present[HOME] = str(java.home)
        notes.append(f"Spark {version} on Java {java.version} ({java.home})")
    settings = _settings(asked, started, notes)
    folders.spark.mkdir(mode=0o700, exist_ok=True)
    (folders.spark / _FILE).write_text(_written(settings), "utf-8")
    present.update(
        SPARK_CONF_DIR=str(folders.spark),
        PYSPARK_PYTHON=started.python,
        PYSPARK_DRIVER_PYTHON=started.python,
    )
    if _SPILL not in settings:
        present.setdefault("SPARK_LOCAL_DIRS", str(folders.spark / "local"))
    if settings[MASTER].startswith("local"):
        # Without it Spark asks the network what this machine is called.
        present["SPARK_LOCAL_IP"] = _LOOPBACK
    return SparkSetup(present, [*notes, *_shown(settings)])


def attached(words: Sequence[str], environ: Mapping[str, str]) -> list[str]:
    """Return the command line of a script that works with the Spark of a driver, if one is."""
    if GATEWAY not in environ:
        return list(words)
    return [words[0], str(_ATTACHED), *words[1:]]


def _attached(environ: Mapping[str, str]) -> SparkSetup:
    """Return what makes processes find the Spark of the driver that this run is in."""
    present = dict(environ)
    folders = [environ.get("PYTHONPATH", ""), present.pop(_FOLDERS, "")]
    present["PYTHONPATH"] = os.pathsep.join(filter(None, folders))
    return SparkSetup(present, ["The Spark of the cluster is used, with the settings it has."])


def _version(python: str, environ: Mapping[str, str]) -> str:
    """Return the version of the PySpark that an interpreter imports."""
    try:
        # Its exit code is not asked for: the runner fetches all children that end.
        done = subprocess.run(  # noqa: S603 (the interpreter of the run)
            [python, "-c", _FIND],
            capture_output=True,
            check=False,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            timeout=_SECONDS_TO_ANSWER,
        )
        version: str = json.loads(done.stdout).get("version", "")
    except (OSError, ValueError, subprocess.TimeoutExpired):
        version = ""
    if not version:
        raise SparkError(
            f"The interpreter `{python}` has no `pyspark`, which a run with the framework "
            "`PySpark` needs. Name packages in its environment, to which `pyspark` is then "
            "added, or install `pyspark` for that interpreter."
        )
    return version


def _java(spark: str, environ: Mapping[str, str]) -> Java:
    """Return the first Java that a version of Spark runs on."""
    found = javas(environ)
    if not found:
        raise SparkError(NO_JAVA)
    fits = fitting(spark)
    chosen = next((java for java in found if java.number in fits), None)
    if chosen is None:
        there = ", ".join(f"{java.version} ({java.home})" for java in found)
        wanted = " or ".join(map(str, fits))
        raise SparkError(
            f"Spark {spark} runs on Java {wanted}; found are {there}. Install one of those, such "
            f"as with `apt-get install openjdk-{fits[-1]}-jre-headless`, or set `JAVA_HOME` to "
            "the folder of one, or ask for another version of `pyspark`."
        )
    return chosen


def _settings(asked: Spark, started: AttemptStarted, notes: list[str]) -> dict[str, str]:
    """Return what Spark is told: what the run says, over what this place says."""
    said = dict(asked.configuration)
    master = said.get(MASTER, "")
    if master and not _ELSEWHERE.match(master):
        notes.append(f"{MASTER}={master} is left out: that is not here")
        del said[MASTER]
        # It goes with a cluster of that kind.
        said.pop("spark.submit.deployMode", None)
    settings = {
        MASTER: f"local[{_cores(started)}]",
        _MEMORY: f"{_memory_mb(started)}m",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        **_packages(asked),
    }
    if said.get(MASTER, "local").startswith("local"):
        settings["spark.driver.bindAddress"] = _LOOPBACK
        settings["spark.driver.host"] = _LOOPBACK
    return {**settings, **said}


def _packages(asked: Spark) -> dict[str, str]:
    lists = {"spark.jars.packages": asked.packages, "spark.jars.repositories": asked.repositories}
    return {name: ",".join(words) for name, words in lists.items() if words}


def _cores(started: AttemptStarted) -> int:
    there = len(processors()) or os.cpu_count() or 1
    return min(started.resources.cores or there, there)


def _memory_mb(started: AttemptStarted) -> int:
    limit = started.resources.memory_mb
    if limit is not None:
        return max(int(limit * _SHARE_OF_LIMIT), _LEAST_MB)
    machine = psutil.virtual_memory().total // _MB
    return min(max(int(machine * _SHARE_OF_MACHINE), _LEAST_MB), _MOST_MB)


def _written(settings: Mapping[str, str]) -> str:
    """Return settings as Java reads properties."""
    return "".join(f"{name}={_escaped(value)}\n" for name, value in settings.items())


def _escaped(value: str) -> str:
    plain = value.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
    return "".join(one if one.isascii() else _code_units(one) for one in plain)


def _code_units(character: str) -> str:
    units = character.encode("utf-16-be").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


def _shown(settings: Mapping[str, str]) -> Sequence[str]:
    return [
        f"{name}={'*****' if _is_secret(name, value) else value}"
        for name, value in sorted(settings.items())
    ]


def _is_secret(name: str, value: str) -> bool:
    return bool(_SECRET.search(name) or _SECRET_VALUE.search(value))
