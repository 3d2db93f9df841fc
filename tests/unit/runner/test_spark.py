"""What processes of a run are told so that they find their Spark."""

import os
import sys
from pathlib import Path

import pytest
from zaffre_sdk.runner import spark
from zaffre_sdk.runner.java import Java
from zaffre_sdk.runner.order import folders_at
from zaffre_sdk.runner.spark import SparkError, attached, set_up
from zaffre_sdk.wire.runs import AttemptStarted, Resources, RunSpec, Spark

JAVA_17 = Java(Path("/java/17"), "17.0.15")


@pytest.fixture
def setting_up(tmp_path, monkeypatch):
    """Return what sets a Spark up, beside a PySpark and a Java that are not real."""

    def ask(asked=None, *, version="4.3.0", javas=(JAVA_17,), resources=None, image=None, **seen):
        package = tmp_path / "site" / "pyspark"
        if version:
            package.mkdir(parents=True, exist_ok=True)
            (package / "__init__.py").write_text("raise RuntimeError('slow to load')")
            (package / "version.py").write_text(f'__version__: str = "{version}"\n')
        monkeypatch.setattr(spark, "javas", lambda _environ: list(javas))
        monkeypatch.setattr(spark, "processors", lambda: [0, 1, 2])
        started = AttemptStarted(
            run_id="r",
            experiment="e",
            spec=RunSpec(kind="script"),
            python=sys.executable,
            variables={},
            resources=resources or Resources(),
            image=image,
        )
        environ = {"PYTHONPATH": str(package.parent), **seen}
        made = set_up(asked or Spark(), started, folders_at(tmp_path), environ)
        text = (tmp_path / "spark" / "spark-defaults.conf").read_text()
        return made, dict(line.split("=", 1) for line in text.splitlines())

    return ask


def test_a_run_has_the_processors_and_the_memory_of_its_target(setting_up):
    made, settings = setting_up(resources=Resources(cores=2, memory_mb=4000))
    assert settings["spark.master"] == "local[2]"
    assert settings["spark.driver.memory"] == "2400m"
    assert settings["spark.driver.host"] == "127.0.0.1"
    assert made.environ["SPARK_LOCAL_IP"] == "127.0.0.1"
    assert made.environ["JAVA_HOME"] == "/java/17"
    assert made.environ["PYSPARK_PYTHON"] == sys.executable
    assert made.lines[0] == "Spark 4.3.0 on Java 17.0.15 (/java/17)"


def test_without_a_limit_it_has_all_processors_and_a_share_of_the_memory(setting_up):
    _, settings = setting_up()
    assert settings["spark.master"] == "local[3]"
    assert 512 <= int(settings["spark.driver.memory"].rstrip("m")) <= 8192


def test_what_the_run_says_counts_and_secrets_are_not_shown(setting_up):
    asked = Spark(
        configuration={
            "spark.driver.memory": "1g",
            "spark.app.name": "Größe 😀 \\ und\nmehr",
            "spark.hadoop.fs.azure.account.key.store": "c2VjcmV0",
            "spark.hadoop.fs.azure.sas.box.store.blob.core.windows.net": "sv=1",
            "spark.driver.extraJavaOptions": "-Djavax.net.ssl.trustStorePassword=x",
            "spark.jars.ivySettings": "https://me:word@example.org/ivy.xml",
            "spark.sql.keyspace": "open",
            "spark.x": "=a:b",
        },
        packages=["org.a:b_2.13:1.0", "org.c:d:2"],
        repositories=["https://maven.example.org"],
    )
    made, settings = setting_up(asked)
    assert settings["spark.driver.memory"] == "1g"
    assert settings["spark.app.name"] == "Gr\\u00f6\\u00dfe \\ud83d\\ude00 \\\\ und\\nmehr"
    assert settings["spark.jars.packages"] == "org.a:b_2.13:1.0,org.c:d:2"
    assert settings["spark.jars.repositories"] == "https://maven.example.org"
    assert settings["spark.x"] == "=a:b"
    hidden = [line.removesuffix("=*****") for line in made.lines if line.endswith("=*****")]
    assert hidden == [
        "spark.driver.extraJavaOptions",
        "spark.hadoop.fs.azure.account.key.store",
        "spark.hadoop.fs.azure.sas.box.store.blob.core.windows.net",
        "spark.jars.ivySettings",
    ]
    assert "spark.sql.keyspace=open" in made.lines


def test_a_cluster_of_its_own_is_taken_and_one_of_azure_is_not(setting_up):
    made, settings = setting_up(Spark(configuration={"spark.master": "spark://head:7077"}))
    assert settings["spark.master"] == "spark://head:7077"
    assert "spark.driver.host" not in settings
    assert "SPARK_LOCAL_IP" not in made.environ
    yarn = {"spark.master": "yarn", "spark.submit.deployMode": "cluster"}
    made, settings = setting_up(Spark(configuration=yarn))
    assert settings["spark.master"] == "local[3]"
    assert "spark.submit.deployMode" not in settings
    assert "spark.master=yarn is left out: that is not here" in made.lines


def test_where_it_spills_may_be_said(setting_up, tmp_path):
    made, _ = setting_up()
    assert made.environ["SPARK_LOCAL_DIRS"] == str(tmp_path / "spark" / "local")
    made, _ = setting_up(Spark(configuration={"spark.local.dir": "/fast"}))
    assert "SPARK_LOCAL_DIRS" not in made.environ


def test_a_java_that_fits_is_taken_before_the_first_one(setting_up):
    newest = Java(Path("/java/25"), "25.0.3")
    made, _ = setting_up(version="3.5.1", javas=[newest, JAVA_17])
    assert made.environ["JAVA_HOME"] == "/java/17"
    with pytest.raises(SparkError, match=r"Spark 3.2.4 runs on Java 8 or 11; found are 25.0.3"):
        setting_up(version="3.2.4", javas=[newest, JAVA_17])


def test_what_is_missing_is_named(setting_up):
    with pytest.raises(SparkError, match=r"apt-get install openjdk-17-jre-headless"):
        setting_up(javas=[])


def test_an_interpreter_without_pyspark_is_named(setting_up):
    with pytest.raises(SparkError, match="has no `pyspark`"):
        setting_up(version="")


def test_of_an_image_nothing_is_asked(setting_up):
    made, settings = setting_up(version="", javas=[], image="sha256:1")
    assert "JAVA_HOME" not in made.environ
    assert settings["spark.master"] == "local[3]"


def test_in_a_driver_its_spark_is_used(tmp_path):
    environ = {
        "PYSPARK_GATEWAY_PORT": "1",
        "PYSPARK_FOLDERS": "/bricks/python",
        "PYTHONPATH": "/work",
    }
    started = AttemptStarted(
        run_id="r", experiment="e", spec=RunSpec(kind="script"), python="python", variables={}
    )
    made = set_up(Spark(), started, folders_at(tmp_path), environ)
    assert made.environ["PYTHONPATH"] == os.pathsep.join(["/work", "/bricks/python"])
    assert not (tmp_path / "spark").exists()
    words = attached(["python", "train.py", "--reg", "1"], environ)
    assert [words[0], Path(words[1]).name, *words[2:]] == [
        *("python", "attached.py", "train.py", "--reg", "1"),
    ]
    assert attached(["python", "train.py"], {}) == ["python", "train.py"]
