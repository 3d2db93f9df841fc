"""Programs of Spark: from the settings of v1 to what the server is asked."""

import sys

import pytest
from azureml.core import ScriptRunConfig, _spark
from azureml.core.conda_dependencies import CondaDependencies
from azureml.core.environment import SparkPackage
from azureml.core.runconfig import RunConfiguration
from azureml.exceptions import RunConfigurationException


@pytest.fixture
def configured(tmp_path):
    (tmp_path / "job.py").write_text("")

    def spec_of(run_config):
        return ScriptRunConfig(str(tmp_path), "job.py", run_config=run_config).to_spec("s")

    return spec_of


def test_settings_and_packages_are_said_as_text(configured):
    run_config = RunConfiguration(framework="pyspark")
    run_config.spark.configuration.update({"spark.a": True, "spark.b": 2, "spark.c": None})
    run_config.environment.spark.packages = [
        SparkPackage("org.a", "b_2.13", "1.0"),
        {"group": "org.c", "artifact": "d", "version": 2},
    ]
    run_config.environment.spark.repositories = ["https://maven.example.org"]
    spark = configured(run_config).spark
    assert spark.configuration == {
        "spark.app.name": "Azure ML Experiment",
        "spark.yarn.maxAppAttempts": "1",
        "spark.a": "true",
        "spark.b": "2",
    }
    assert spark.packages == ["org.a:b_2.13:1.0", "org.c:d:2"]
    assert spark.repositories == ["https://maven.example.org"]


def test_other_scripts_are_no_programs_of_spark(configured):
    assert configured(RunConfiguration()).spark is None


def test_a_run_about_whose_environment_nothing_was_said_gets_one(configured, monkeypatch):
    run_config = RunConfiguration(framework="PySpark")
    monkeypatch.setattr(_spark, "find_spec", lambda _name: None)
    environment = configured(run_config).environment
    assert environment.interpreter is None
    assert environment.python_version == ".".join(map(str, sys.version_info[:2]))
    assert environment.pip_packages == ["pandas<3", "pyarrow"]
    monkeypatch.setattr(_spark, "find_spec", lambda _name: object())
    assert configured(run_config).environment.interpreter == sys.executable
    run_config.environment.python.conda_dependencies = CondaDependencies.create(
        pip_packages=["scipy"]
    )
    assert "scipy" in configured(run_config).environment.pip_packages


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda one: one.spark.configuration.update({"spark.a": [1]}), "`spark.a`"),
        (lambda one: setattr(one.spark, "configuration", ["x"]), "dictionary"),
        (lambda one: one.environment.spark.packages.append(SparkPackage("a")), "`artifact`"),
    ],
)
def test_what_cannot_be_read_is_refused(configured, change, said):
    run_config = RunConfiguration(framework="PySpark")
    change(run_config)
    with pytest.raises(RunConfigurationException, match=said):
        configured(run_config)
