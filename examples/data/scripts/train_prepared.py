import argparse
from pathlib import Path

import joblib
import pandas as pd
from azureml.core import Run
from sklearn.linear_model import LogisticRegression

parser = argparse.ArgumentParser()
parser.add_argument("--data", type=Path)
folder = parser.parse_args().data

run = Run.get_context()
patients = pd.concat([pd.read_csv(path) for path in sorted(folder.glob("*.csv"))])
features, labels = patients[["glucose", "pressure", "bmi", "age"]].to_numpy(), patients["diabetic"]
half = len(patients) // 2
model = LogisticRegression().fit(features[:half], labels[:half])
Path("outputs").mkdir(exist_ok=True)
joblib.dump(model, "outputs/model.pkl")
run.log("accuracy", float(model.score(features[half:], labels[half:])))
