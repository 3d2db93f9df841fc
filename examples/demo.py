"""The main path on real data: train, track, register, deploy and score.

Two data sets that scikit-learn ships: breast cancer (is a tumour malignant?) and handwritten
digits (which digit is it?). `make demo` runs this; it needs nothing but what `make` has set up.
"""

import json
import sys
import time
from pathlib import Path

import requests
from azureml.core import Environment, Experiment, Model, ScriptRunConfig, Workspace
from azureml.core.conda_dependencies import CondaDependencies
from azureml.core.model import InferenceConfig
from azureml.core.webservice import AciWebservice
from sklearn.datasets import load_breast_cancer, load_digits

HERE = Path(__file__).resolve().parent
DATA_SETS = {"breast-cancer": load_breast_cancer, "digits": load_digits}
SERVICE = "demo-breast-cancer"
ROWS = [0, 1, 19, 20]  # two of each kind


def step(text: str) -> None:
    """Say what happens next, with the seconds since the beginning."""
    print(f"[{time.monotonic() - BEGAN:5.1f} s] {text}", flush=True)


def sklearn_environment() -> Environment:
    """Return an environment with scikit-learn; zaffre builds it once and keeps it."""
    environment = Environment("demo-sklearn")
    environment.python.conda_dependencies = CondaDependencies.create(
        conda_packages=["scikit-learn", "pip"], pip_packages=["azureml-defaults"]
    )
    return environment


def train(workspace: Workspace, environment: Environment) -> dict:
    """Submit one training run for each data set, and return them ended, by data set."""
    experiment = Experiment(workspace, "demo")
    runs = {}
    for name in DATA_SETS:
        config = ScriptRunConfig(
            source_directory=str(HERE / "demo"),
            script="train.py",
            arguments=["--data", name, "--reg", 0.1],
            environment=environment,
        )
        runs[name] = experiment.submit(config)
        step(f"submitted the run {runs[name].id}")
    for name, run in runs.items():
        step(f"the log of the run on {name}:")
        run.wait_for_completion(show_output=True)
    return runs


def metrics_table(runs: dict) -> str:
    """Return the last value of each metric of each run as a table."""
    metrics = {name: run.get_metrics() for name, run in runs.items()}
    columns = sorted({key for logged in metrics.values() for key in logged})
    latest = {
        name: {
            key: value[-1] if isinstance(value, list) else value for key, value in logged.items()
        }
        for name, logged in metrics.items()
    }
    lines = [f"{'data set':<16}" + "".join(f"{column:>14}" for column in columns)]
    for name, row in latest.items():
        cells = (
            f"{row[c]:>14.4f}" if isinstance(row.get(c), float) else f"{row.get(c, '-')!s:>14}"
            for c in columns
        )
        lines.append(f"{name:<16}" + "".join(cells))
    return "\n".join(lines)


def deploy(workspace: Workspace, model: Model, environment: Environment) -> AciWebservice:
    """Deploy the model and return the service once it answers."""
    config = InferenceConfig(
        entry_script="score.py", source_directory=str(HERE / "demo"), environment=environment
    )
    service = Model.deploy(
        workspace, SERVICE, [model], config,
        AciWebservice.deploy_configuration(cpu_cores=1, memory_gb=1), overwrite=True,
    )  # fmt: skip
    service.wait_for_deployment(show_output=True)
    return service


def main() -> int:
    """Walk the main path once."""
    step("opening the workspace (a local server starts when none runs)")
    workspace = Workspace.create(
        name="demo",
        subscription_id="local",
        resource_group="local",
        location="local",
        exist_ok=True,
    )
    environment = sklearn_environment()
    runs = train(workspace, environment)

    run = runs["breast-cancer"]
    model = run.register_model(
        "breast-cancer", model_path="outputs/model.pkl", tags={"data": "breast cancer"}
    )
    step(f"registered the model {model.name} version {model.version}")

    service = deploy(workspace, model, environment)
    data = load_breast_cancer()
    rows = {"data": data.data[ROWS].tolist()}
    answer = requests.post(service.scoring_uri, json=rows, timeout=30)
    answer.raise_for_status()

    print(f"\n{metrics_table(runs)}\n")
    print(f"scored        POST {service.scoring_uri}")
    print(f"  answer      {json.dumps(answer.json())}")
    print(f"  truth       {json.dumps(data.target_names[data.target[ROWS]].tolist())}")
    print(f"run           {run.get_portal_url()}")
    print("log in        zaffre studio   (from this clone: .venv/bin/zaffre studio)")
    print("stop          zaffre down     (from this clone: .venv/bin/zaffre down)\n")
    step("done")
    return 0


BEGAN = time.monotonic()

if __name__ == "__main__":
    sys.exit(main())
