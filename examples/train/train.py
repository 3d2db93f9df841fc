"""Train a classifier on scikit-learn's breast cancer data and log how good it is."""

import argparse
from pathlib import Path

import joblib
from azureml.core import Run
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, log_loss, roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

parser = argparse.ArgumentParser()
parser.add_argument("--reg", type=float, default=0.01, help="regularisation; larger is stronger")
arguments = parser.parse_args()

run = Run.get_context()
features, labels = load_breast_cancer(return_X_y=True)
train_x, test_x, train_y, test_y = train_test_split(features, labels, random_state=0)
print(f"{len(train_x)} samples to train with, {len(test_x)} to test with")

run.log("reg", arguments.reg)
for iterations in (1, 2, 4, 8, 16):
    # Each round takes more steps than the last, so that the metric has a course to look at.
    model = make_pipeline(
        StandardScaler(),
        LogisticRegression(C=1 / arguments.reg, solver="saga", max_iter=iterations, tol=10.0),
    )
    model.fit(train_x, train_y)
    run.log("loss", log_loss(train_y, model.predict_proba(train_x)))

model = make_pipeline(StandardScaler(), LogisticRegression(C=1 / arguments.reg, max_iter=1000))
model.fit(train_x, train_y)
run.log("accuracy", accuracy_score(test_y, model.predict(test_x)))
run.log("auc", roc_auc_score(test_y, model.predict_proba(test_x)[:, 1]))

outputs = Path("outputs")
outputs.mkdir(exist_ok=True)
joblib.dump(model, outputs / "model.pkl")
print(f"model written to {outputs / 'model.pkl'}")
