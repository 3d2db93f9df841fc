"""What a target of Databricks says of itself, and the task that a run becomes there."""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from importlib.resources import files
from typing import Any, Final

from zaffre.adapters.launchers.elsewhere.parcel import pod_program
from zaffre.domain.environments import EnvironmentSpec
from zaffre.domain.spark import Spark
from zaffre.ports.launchers import RunnerOrder

_DRIVER: Final = "zaffre.adapters.launchers.databricks"
_TASK: Final = "run"
_MAX_PARAMETERS: Final = 10_000
"""What the documented interface takes."""
_THERE: Final = re.compile(r"(?:pyspark|py4j|pip)(?![\w.\-])", re.IGNORECASE)
"""Packages that the driver has, and that its Spark needs as they are."""


def program() -> tuple[str, str]:
    """Return the name and the text of the file that drivers run."""
    source = (files(_DRIVER) / "driver.py").read_text("utf-8")
    sent = json.dumps(pod_program())
    text = f"{source}\n\nmain(json.loads({sent!r}), sys.argv[1])\n"
    return f"start-{hashlib.sha256(text.encode()).hexdigest()[:16]}.py", text


def name_of(workspace_id: str, run_id: str, attempt: int) -> str:
    """Return what the one-time run of an attempt is called."""
    return f"zaffre-{workspace_id}-{run_id}-{attempt}"


def task_of(
    order: RunnerOrder, *, file: str, told: Mapping[str, Any], packages: Iterable[str]
) -> dict[str, Any]:
    """Return what a workspace is asked for.

    Args:
        order: Of the runner.
        file: The program, in the workspace.
        told: What the program is told.
        packages: What the environment comes to on the Python package index.

    Raises:
        OSError: The target, or the environment of the run, makes no task.
    """
    _check(order.place.environment)
    parameters = [json.dumps(told)]
    if len(json.dumps(parameters)) > _MAX_PARAMETERS:
        raise OSError("what the run is told is longer than Databricks takes")
    name = name_of(order.workspace_id, order.run_id, order.attempt)
    spark = order.place.spark or Spark()
    task = {
        "task_key": _TASK,
        **_cluster(order.place.settings, spark),
        "spark_python_task": {"python_file": file, "parameters": parameters},
        "libraries": [*_pypi(packages), *_maven(spark)],
    }
    asked = {
        "run_name": name,
        "idempotency_token": hashlib.sha256(name.encode()).hexdigest(),
        "tasks": [task],
    }
    seconds = order.place.max_seconds
    # Its runner ends it at that time; this is for one that cannot.
    return asked if seconds is None else {**asked, "timeout_seconds": seconds + 3600}


def _cluster(settings: Mapping[str, Any], spark: Spark) -> dict[str, Any]:
    existing, new = settings.get("existing_cluster_id"), settings.get("new_cluster")
    if existing:
        return {"existing_cluster_id": str(existing)}
    if not isinstance(new, Mapping) or not new:
        raise OSError(
            "the target says neither `existing_cluster_id` nor `new_cluster`. Set one of them: "
            "the id of a cluster, or what a new one is made of (`spark_version`, `node_type_id`, "
            "`num_workers`)"
        )
    given = new.get("spark_conf") or {}
    if not isinstance(given, Mapping):
        raise OSError("`spark_conf` of `new_cluster` must be settings by name")
    # On one that runs already these can no longer be said.
    conf = {**given, **_told(spark)}
    return {"new_cluster": {**new, "spark_conf": conf} if conf else dict(new)}


def _told(spark: Spark) -> dict[str, str]:
    """Return the settings that a cluster of Databricks is not told by itself."""
    own = ("spark.master", "spark.submit.", "spark.yarn.", "spark.app.name")
    return {n: value for n, value in spark.configuration.items() if not n.startswith(own)}


def _maven(spark: Spark) -> Iterator[dict[str, Any]]:
    repository = {"repo": spark.repositories[0]} if spark.repositories else {}
    return ({"maven": {"coordinates": one, **repository}} for one in spark.packages)


def _pypi(packages: Iterable[str]) -> Iterator[dict[str, Any]]:
    return ({"pypi": {"package": one}} for one in packages if not _THERE.match(one))


def _check(environment: EnvironmentSpec | None) -> None:
    if environment is None:
        return
    if environment.image is not None or environment.wheels or environment.pip_options:
        raise OSError(
            "an environment with an image, private wheels or options of pip is not made on "
            "Databricks. Name packages of PyPI alone, or say `docker_image` in `new_cluster`"
        )
