"""Answer with the classes that the registered model predicts."""

import json

import joblib
import numpy as np
from azureml.core.model import Model

model = None


def init():
    """Load the model, once for each replica."""
    global model  # noqa: PLW0603 - this is how entry scripts keep what they load
    model = joblib.load(Model.get_model_path("breast-cancer"))


def run(raw_data):
    """Return a class for each row of `data`."""
    data = np.array(json.loads(raw_data)["data"])
    return model.predict(data).tolist()
