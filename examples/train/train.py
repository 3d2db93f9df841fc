"""Train a classifier on scikit-learn's breast cancer data and log how good it is."""

import argparse
from pathlib import Path

import joblib
from azureml.core import Run
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import accuracy_score, log_loss, roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

parser = argparse.ArgumentParser()
parser.add_argument("--reg", type=float, default=0.001, help="regularisation; larger is stronger")
arguments = parser.parse_args()

run = Run.get_context()
features, labels = load_breast_cancer(return_X_y=True)
train_x, test_x, train_y, test_y = train_test_split(features, labels, random_state=0)
print(f"{len(train_x)} samples to train with, {len(test_x)} to test with")

scaler = StandardScaler().fit(train_x)
train_x, test_x = scaler.transform(train_x), scaler.transform(test_x)
classifier = SGDClassifier(loss="log_loss", alpha=arguments.reg, random_state=0)
run.log("reg", arguments.reg)
for _ in range(10):
    classifier.partial_fit(train_x, train_y, classes=[0, 1])
    run.log("loss", log_loss(train_y, classifier.predict_proba(train_x)))
run.log("accuracy", accuracy_score(test_y, classifier.predict(test_x)))
run.log("auc", roc_auc_score(test_y, classifier.predict_proba(test_x)[:, 1]))

outputs = Path("outputs")
outputs.mkdir(exist_ok=True)
joblib.dump(make_pipeline(scaler, classifier), outputs / "model.pkl")
print(f"model written to {outputs / 'model.pkl'}")
