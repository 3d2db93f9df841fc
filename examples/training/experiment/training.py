"""Trains a model on the CSV files of a folder, with the regularization that it is told."""

import argparse
from pathlib import Path

import joblib
import pandas as pd
from azureml.core import Run
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split

parser = argparse.ArgumentParser()
parser.add_argument("--reg_rate", type=float, dest="reg", default=0.01)
parser.add_argument("--data_folder", type=str, dest="data_folder", required=True)
args = parser.parse_args()

run = Run.get_context()
files = sorted(Path(args.data_folder).glob("*.csv"))
table = pd.concat([pd.read_csv(file) for file in files])
features, labels = table.drop(columns="label").to_numpy(), table["label"].to_numpy()
train, test, train_labels, test_labels = train_test_split(features, labels, random_state=0)
model = LogisticRegression(C=1 / args.reg, solver="liblinear").fit(train, train_labels)
run.log("regularization", args.reg)
run.log("AUC", roc_auc_score(test_labels, model.predict_proba(test)[:, 1]))

Path("outputs").mkdir(exist_ok=True)
joblib.dump(value=model, filename="outputs/model.pkl")
run.complete()
