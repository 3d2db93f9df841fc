"""Estimators: a script with its packages, parameters and data, and the model that it leaves."""

import os
from pathlib import Path

import sharing
from azureml.core import Experiment, Model
from azureml.train.estimator import Estimator
from azureml.train.sklearn import SKLearn

os.chdir(Path(__file__).parent)
ws = sharing.workspace()
store = sharing.uploaded_table(ws)
experiment = Experiment(workspace=ws, name="training_experiment")

# The packages by name; a path of the datastore is downloaded to the run.
estimator = Estimator(
    source_directory="experiment",
    entry_script="training.py",
    script_params={"--data_folder": store.path("data/files").as_mount()},
    compute_target="local",
    conda_packages=["scikit-learn", "pandas"],
)
run = experiment.submit(config=estimator)
run.wait_for_completion(show_output=True)
print("regularization:", run.get_metrics()["regularization"])

# The framework brings its packages along; parameters are a dictionary.
data_ref = store.path("data/files").as_download(path_on_compute="training_data")
estimator = SKLearn(
    source_directory="experiment",
    entry_script="training.py",
    script_params={"--reg_rate": 0.1, "--data_folder": data_ref},
    compute_target="local",
    pip_packages=["pandas"],
)
run = experiment.submit(config=estimator)
run.wait_for_completion(show_output=True)
print("regularization:", run.get_metrics()["regularization"])
print("AUC above 0.9:", run.get_metrics()["AUC"] > 0.9)

# Once more, with another parameter for this run alone.
again = experiment.submit(config=estimator, script_params={"--reg_rate": 0.5})
again.wait_for_completion()
print("regularization:", again.get_metrics()["regularization"])

run.download_file(name="outputs/model.pkl", output_file_path="made/model.pkl")
model = Model.register(
    workspace=ws,
    model_name="classification_model",
    model_path="made/model.pkl",
    description="A classification model",
    tags={"data": "breast cancer"},
    model_framework=Model.Framework.SCIKITLEARN,
)
print("registered:", model.name, model.version > 0)
