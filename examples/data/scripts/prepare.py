import argparse
from pathlib import Path

from azureml.core import Run

parser = argparse.ArgumentParser()
parser.add_argument("--input")
parser.add_argument("--output", type=Path)
args = parser.parse_args()

run = Run.get_context()
patients = run.input_datasets["raw"].to_pandas_dataframe().dropna()
numbers = ["glucose", "pressure", "bmi", "age"]
patients[numbers] = (patients[numbers] - patients[numbers].mean()) / patients[numbers].std()
args.output.mkdir(parents=True, exist_ok=True)
for month, part in patients.groupby(patients["seen"].dt.month):
    part.to_csv(args.output / f"month-{month:02d}.csv", index=False)
run.log("rows", len(patients))
print(len(patients), "rows in", args.output)
