"""Answer with the name of the class of each row."""

import json

import joblib
import numpy as np
from azureml.core.model import Model


def init():
    """Load the model once."""
    global model, names
    loaded = joblib.load(Model.get_model_path("breast-cancer"))
    model, names = loaded["model"], loaded["names"]


def run(raw_data):
    """Classify the rows under `data`."""
    rows = np.array(json.loads(raw_data)["data"])
    return [names[index] for index in model.predict(rows)]
