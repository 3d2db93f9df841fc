"""Train a logistic regression step by step on a data set of scikit-learn, and log its course."""

import argparse
from pathlib import Path

import joblib
from azureml.core import Run
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

parser = argparse.ArgumentParser()
parser.add_argument("--data", choices=["breast-cancer", "digits"], required=True)
parser.add_argument("--reg", type=float, default=0.01, help="strength of the regularisation")
arguments = parser.parse_args()

run = Run.get_context()
load = {"breast-cancer": load_breast_cancer, "digits": load_digits}[arguments.data]
data = load()
x_train, x_test, y_train, y_test = train_test_split(
    data.data, data.target, test_size=0.3, random_state=0, stratify=data.target
)
names = data.target_names
print(f"{len(x_train)} rows to train on, {len(x_test)} to test on, {len(names)} classes")
run.log("rows", len(data.data))

scaler = StandardScaler().fit(x_train)
classifier = SGDClassifier(loss="log_loss", alpha=0.01 * arguments.reg, random_state=0)
for epoch in range(1, 21):
    classifier.partial_fit(scaler.transform(x_train), y_train, classes=range(len(names)))
    loss = log_loss(y_test, classifier.predict_proba(scaler.transform(x_test)))
    run.log("loss", loss)
    print(f"epoch {epoch:2d}: loss {loss:.4f}", flush=True)
model = make_pipeline(scaler, classifier)

accuracy = accuracy_score(y_test, model.predict(x_test))
run.log("accuracy", accuracy)
print(f"accuracy {accuracy:.4f}")

Path("outputs").mkdir(exist_ok=True)
joblib.dump({"model": model, "names": [str(name) for name in names]}, "outputs/model.pkl")
