"""What a program of Spark may say, and what its environment gets."""

import pytest
from zaffre.domain.environments import EnvironmentSpec
from zaffre.domain.errors import InvalidError
from zaffre.domain.runs import Distribution, DistributionKind, RunKind, RunSpec
from zaffre.domain.spark import Spark, check_spark, with_pyspark
from zaffre.domain.specs import check_spec


@pytest.mark.parametrize(
    ("javas", "added"),
    [([17, 25], "pyspark<5"), ([], "pyspark<5"), ([8, 11], "pyspark<4"), ([8, 0], "pyspark<5")],
)
def test_pyspark_is_added_in_a_version_for_the_javas(javas, added):
    spec = EnvironmentSpec(pip_packages=("pandas",))
    assert with_pyspark(spec, javas).pip_packages == ("pandas", added)


@pytest.mark.parametrize(
    "spec",
    [
        EnvironmentSpec(pip_packages=("PySpark[sql]==3.5.1",)),
        EnvironmentSpec(conda_packages=("conda-forge::pyspark=3.5",)),
        EnvironmentSpec(wheels={"pyspark-3.5.1-py2.py3-none-any.whl": "0" * 64}),
        EnvironmentSpec(interpreter="/usr/bin/python3"),
        EnvironmentSpec(variables={"SPARK_HOME": "/opt/spark"}),
    ],
)
def test_what_has_one_is_left_as_it_is(spec):
    assert with_pyspark(spec, [17]) is spec


def test_a_package_of_a_similar_name_is_another():
    spec = EnvironmentSpec(pip_packages=("pyspark-dist-explore", "pyspark_extension"))
    assert with_pyspark(spec, [17]).pip_packages[-1] == "pyspark<5"


@pytest.mark.parametrize(
    ("spark", "target"),
    [
        (Spark(configuration={"spark x": "1"}), "spec.spark.configuration"),
        (Spark(configuration={"spark.x": "a\0b"}), "spec.spark.configuration"),
        (Spark(configuration={f"spark.x{n}": "" for n in range(501)}), "spec.spark.configuration"),
        (Spark(packages=("org.a:b",)), "spec.spark.packages"),
        (Spark(packages=("org.a:b:1,org.c:d:1",)), "spec.spark.packages"),
        (Spark(repositories=("file:///etc",)), "spec.spark.repositories"),
    ],
)
def test_what_spark_could_not_be_told_is_refused(spark, target):
    with pytest.raises(InvalidError) as caught:
        check_spark(spark)
    assert (caught.value.code, caught.value.target) == ("InvalidSparkSetting", target)


def test_a_run_of_spark_is_one_process():
    mpi = Distribution(kind=DistributionKind.MPI)
    for more in ({"distribution": mpi}, {"node_count": 2}):
        spec = RunSpec(kind=RunKind.INTERACTIVE, spark=Spark(), **more)
        with pytest.raises(InvalidError, match="one process on one node"):
            check_spec(spec)
