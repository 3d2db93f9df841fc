"""Programs of Spark before they are started: whether there is a Java, and what is installed."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from zaffre.domain.environments import EnvironmentSpec, Image
from zaffre.domain.runs import Run, RunKind, RunSpec, RunState
from zaffre.domain.spark import Spark
from zaffre.engine.runs import sparks

SPEC = RunSpec(
    kind=RunKind.SCRIPT,
    environment=EnvironmentSpec(variables={"JAVA_HOME": "/old"}),
    variables={"JAVA_HOME": "/own"},
    spark=Spark(),
)
RUN = Run(
    id="r",
    workspace_id="w",
    experiment_id="e",
    experiment_name="exp",
    parent_id=None,
    number=1,
    spec=SPEC,
    state=RunState.PREPARING,
    display_name="r",
    created_at=datetime(2026, 1, 2, tzinfo=UTC),
)


def at(kind: str, spec: RunSpec = SPEC) -> Run:
    return replace(RUN, spec=spec, handle={"place": {"kind": kind}})


def lacking(run: Run, javas=()):
    return asyncio.run(sparks.lacking(SimpleNamespace(javas=lambda _environ: javas), run))


def environment_of(run: Run, javas=()):
    parts = SimpleNamespace(javas=lambda _environ: javas)
    return asyncio.run(sparks.environment_of(parts, run))


@pytest.mark.parametrize("kind", ["spark", "cluster", "instance"])
def test_without_a_java_here_it_is_said_what_to_install(kind):
    error = lacking(at(kind))
    assert error.code == "SparkNotAvailable"
    assert "openjdk-17-jre-headless" in error.message
    assert lacking(at(kind), [17]) is None


def test_elsewhere_another_java_counts():
    assert lacking(at("machine")) is None
    assert lacking(at("databricks")) is None
    for spec in (
        EnvironmentSpec(image=Image(name="spark:3.5")),
        EnvironmentSpec(conda_packages=("conda-forge::openjdk=17",)),
    ):
        assert lacking(at("cluster", replace(SPEC, environment=spec))) is None


def test_other_scripts_need_none():
    plain = replace(SPEC, spark=None)
    assert lacking(at("spark", plain)) is None
    assert environment_of(at("spark", plain)) is SPEC.environment


def test_the_java_is_that_which_the_run_names():
    asked = []
    parts = SimpleNamespace(javas=lambda environ: asked.append(environ) or [11])
    made = asyncio.run(sparks.environment_of(parts, at("spark")))
    assert asked == [{"JAVA_HOME": "/own"}]
    assert made.pip_packages == ("pyspark<4",)


def test_elsewhere_the_newest_is_taken():
    assert environment_of(at("machine"), [8]).pip_packages == ("pyspark<5",)
