"""What a workspace of Databricks is asked for."""

import ast
import json

import pytest
from zaffre.adapters.launchers.databricks.api import url_of
from zaffre.adapters.launchers.databricks.tasks import program, task_of
from zaffre.domain.computes import ComputeKind
from zaffre.domain.environments import EnvironmentSpec, Image
from zaffre.domain.spark import Spark
from zaffre.ports.launchers import ComputePlace, RunnerOrder

TOLD = {"token": "zrt-secret", "wanted": {}}


def task(settings=None, *, told=TOLD, packages=(), **place):
    order = RunnerOrder(
        workspace_id="w",
        run_id="r",
        attempt=2,
        token=TOLD["token"],
        server_url="http://here",
        python="python3",
        place=ComputePlace(
            kind=ComputeKind.DATABRICKS,
            settings={"existing_cluster_id": "0923"} if settings is None else settings,
            **place,
        ),
    )
    return task_of(order, file="/Users/ada/.zaffre/start.py", told=told, packages=packages)


def test_an_attempt_is_one_task_however_often_it_is_asked_for():
    asked = task()
    assert asked == task()
    assert asked["run_name"] == "zaffre-w-r-2"
    assert len(asked["idempotency_token"]) == 64
    (one,) = asked["tasks"]
    assert one["existing_cluster_id"] == "0923"
    assert one["spark_python_task"]["python_file"] == "/Users/ada/.zaffre/start.py"
    assert json.loads(one["spark_python_task"]["parameters"][0]) == TOLD
    assert "timeout_seconds" not in asked
    assert task(max_seconds=60)["timeout_seconds"] == 3660


def test_packages_are_libraries_of_the_task():
    packages = ["tabulate>=0.9", "PySpark[sql]==3.5.1", "py4j", "pyspark-dist-explore", "pip==24"]
    spark = Spark(packages=("org.a:b:1",), repositories=("https://maven.example.org",))
    (one,) = task(packages=packages, spark=spark)["tasks"]
    assert one["libraries"] == [
        {"pypi": {"package": "tabulate>=0.9"}},
        {"pypi": {"package": "pyspark-dist-explore"}},
        {"maven": {"coordinates": "org.a:b:1", "repo": "https://maven.example.org"}},
    ]


def test_a_new_cluster_is_told_the_settings_of_the_run():
    new = {"spark_version": "15.4.x-scala2.12", "num_workers": 1, "spark_conf": {"spark.a": "1"}}
    spark = Spark(configuration={"spark.b": "2", "spark.app.name": "x", "spark.master": "yarn"})
    (one,) = task({"new_cluster": new}, spark=spark)["tasks"]
    assert one["new_cluster"]["spark_conf"] == {"spark.a": "1", "spark.b": "2"}
    assert "existing_cluster_id" not in one


@pytest.mark.parametrize(
    ("settings", "place", "words"),
    [
        ({}, {}, "existing_cluster_id"),
        ({"new_cluster": "big"}, {}, "new_cluster"),
        ({"new_cluster": {"spark_conf": "a=1"}}, {}, "spark_conf"),
        (None, {"environment": EnvironmentSpec(image=Image(name="x"))}, "image"),
        (None, {"environment": EnvironmentSpec(wheels={"a-1.whl": "0"})}, "private wheels"),
        (None, {"told": {"much": "x" * 10_000}}, "longer than Databricks takes"),
    ],
)
def test_what_makes_no_task_is_refused(settings, place, words):
    with pytest.raises(OSError, match=words):
        task(settings, **place)


def test_the_program_is_one_file_without_secrets():
    name, text = program()
    assert name.startswith("start-")
    assert program() == (name, text)
    ast.parse(text)
    assert text.rstrip().endswith("sys.argv[1])")
    assert len(text) < 1_000_000


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("adb-1.2.azuredatabricks.net/", "https://adb-1.2.azuredatabricks.net"),
        ("http://127.0.0.1:1", "http://127.0.0.1:1"),
        ("https://adb-1.2.azuredatabricks.net/?o=1#job/2 ", "https://adb-1.2.azuredatabricks.net"),
    ],
)
def test_an_address_is_one_of_the_web(given, url):
    assert url_of(given) == url
