"""Counts trips by zone with Spark."""

import argparse

from azureml.core import Run
from pyspark.sql import SparkSession
from pyspark.sql import functions as F  # noqa: N812 - as everybody calls it

parser = argparse.ArgumentParser()
parser.add_argument("--trips")
parser.add_argument("--files")
parser.add_argument("--by-zone")
arguments = parser.parse_args()

run = Run.get_context()
spark = SparkSession.builder.getOrCreate()
print("Spark at", spark.sparkContext.master, spark.conf.get("spark.driver.memory"))

# A dataset, with the types that it has everywhere.
trips = run.input_datasets["trips"].to_spark_dataframe()
run.log("trips", trips.count())
run.log("types", ", ".join(kind for _, kind in trips.dtypes))

# A folder, which Spark reads by itself.
run.log("lines", spark.read.option("header", "true").csv(arguments.files).count())

by_zone = trips.groupBy("zone").agg(F.count("*").alias("trips"), F.sum("distance"))
for row in by_zone.orderBy("zone").collect():
    run.log("trips in", row["trips"])
by_zone.coalesce(1).write.mode("append").parquet(arguments.by_zone)
