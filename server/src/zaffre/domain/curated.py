"""Environments that every workspace knows without registering them.

They have the names under which programs know them, and packages of the same kind. Which versions
that gives is decided where they are built: by the age of the Python that is asked for, and by what
the Pythons of the machine have wheels for.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Final, NamedTuple

from zaffre.domain.environments import Environment, EnvironmentSpec

PREFIX: Final = "AzureML-"
VERSION: Final = "1"
_BASE: Final = "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu20.04"
_SINCE: Final = datetime(2026, 1, 1, tzinfo=UTC)


class _Set(NamedTuple):
    """Environments with the same packages.

    Attributes:
        names: Behind `AzureML-`.
        python: Which Python is asked for; where there is none, the next newer one is taken.
        packages: Requirement lines besides `azureml-defaults`.
    """

    names: tuple[str, ...]
    python: str
    packages: tuple[str, ...]


_SCIENCE: Final = ("numpy", "pandas", "scipy", "joblib")
_TORCH_TOOLS: Final = (
    "matplotlib",
    "numpy",
    "pandas",
    "psutil",
    "scikit-learn",
    "tensorboard",
    "tqdm",
)
_SETS: Final = (
    _Set(
        ("Minimal", "minimal-ubuntu18.04-py37-cpu-inference", "minimal-py38-inference"),
        "3.8",
        (),
    ),
    _Set(
        ("Tutorial",),
        "3.8",
        ("azureml-opendatasets", "azureml-widgets", "matplotlib", *_SCIENCE, "scikit-learn"),
    ),
    _Set(
        ("Scikit-learn-0.20.3", "Scikit-learn0.20-Cuda11-OpenMpi4.1.0-py36"),
        "3.6",
        ("scikit-learn>=0.20.3", *_SCIENCE),
    ),
    _Set(
        ("sklearn-0.24-ubuntu18.04-py37-cpu", "sklearn-0.24.1-ubuntu18.04-py37-cpu-inference"),
        "3.7",
        ("scikit-learn>=0.24.1", *_SCIENCE, "matplotlib", "skl2onnx"),
    ),
    _Set(
        ("sklearn-1.0-ubuntu20.04-py38-cpu", "sklearn-1.0-ubuntu20.04-py38-cpu-inference"),
        "3.8",
        ("scikit-learn>=1.0", *_SCIENCE, "matplotlib"),
    ),
    _Set(
        ("sklearn-1.1-ubuntu20.04-py38-cpu",),
        "3.8",
        ("scikit-learn>=1.1", *_SCIENCE, "matplotlib"),
    ),
    _Set(
        ("sklearn-1.5-ubuntu22.04-py39-cpu", "sklearn-1.5"),
        "3.9",
        ("scikit-learn>=1.5", *_SCIENCE, "matplotlib"),
    ),
    _Set(
        ("lightgbm-3.2-ubuntu18.04-py37-cpu",),
        "3.7",
        ("lightgbm>=3.2", "scikit-learn", *_SCIENCE, "matplotlib"),
    ),
    _Set(
        ("lightgbm-3.3-ubuntu20.04-py38-cpu", "lightgbm-3.3"),
        "3.8",
        ("lightgbm>=3.3", "scikit-learn", *_SCIENCE, "matplotlib", "dask[distributed]"),
    ),
    _Set(
        ("xgboost-0.9-ubuntu18.04-py37-cpu-inference",),
        "3.7",
        ("xgboost>=0.90", "scikit-learn", *_SCIENCE),
    ),
    _Set(
        ("onnxruntime-1.6-ubuntu18.04-py37-cpu-inference",),
        "3.8",
        ("onnxruntime>=1.6", "numpy"),
    ),
    _Set(
        ("PyTorch-1.6-CPU", "PyTorch-1.6-GPU", "pytorch-1.6-ubuntu18.04-py37-cpu-inference"),
        "3.7",
        ("torch>=1.6", "torchvision", *_TORCH_TOOLS),
    ),
    _Set(
        (
            "pytorch-1.7-ubuntu18.04-py37-cuda11-gpu",
            "pytorch-1.8-ubuntu18.04-py37-cuda11-gpu",
            "pytorch-1.9-ubuntu18.04-py37-cuda11-gpu",
        ),
        "3.7",
        ("torch>=1.7", "torchvision", *_TORCH_TOOLS),
    ),
    _Set(
        ("pytorch-1.10-ubuntu18.04-py38-cuda11-gpu", "pytorch-1.10-ubuntu20.04-py38-cuda11-gpu"),
        "3.8",
        ("torch>=1.10", "torchvision", *_TORCH_TOOLS),
    ),
    _Set(
        (
            "ACPT-pytorch-1.11-py38-cuda11.3-gpu",
            "ACPT-pytorch-1.12-py38-cuda11.6-gpu",
            "ACPT-pytorch-1.13-py38-cuda11.7-gpu",
        ),
        "3.8",
        ("torch>=1.11", "torchvision", "torchmetrics", *_TORCH_TOOLS),
    ),
    _Set(
        ("ACPT-pytorch-2.0-py310-cuda11.7-gpu", "ACPT-pytorch-2.2-py310-cuda12.1-gpu"),
        "3.10",
        ("torch>=2.0", "torchvision", "torchmetrics", *_TORCH_TOOLS),
    ),
    _Set(
        (
            "TensorFlow-2.2-CPU",
            "TensorFlow-2.2-GPU",
            "TensorFlow-2.3-CPU",
            "TensorFlow-2.3-GPU",
            "tensorflow-2.4-ubuntu18.04-py37-cuda11-gpu",
            "tensorflow-2.4-ubuntu18.04-py37-cpu-inference",
        ),
        "3.7",
        ("tensorflow>=2.2", "matplotlib", *_SCIENCE),
    ),
    _Set(
        (
            "tensorflow-2.5-ubuntu20.04-py38-cuda11-gpu",
            "tensorflow-2.6-ubuntu20.04-py38-cuda11-gpu",
            "tensorflow-2.7-ubuntu20.04-py38-cuda11-gpu",
        ),
        "3.8",
        ("tensorflow>=2.5", "matplotlib", *_SCIENCE),
    ),
    _Set(
        ("tensorflow-2.12-cuda11", "tensorflow-2.16-cuda11"),
        "3.10",
        ("tensorflow>=2.12", "matplotlib", *_SCIENCE),
    ),
    _Set(
        ("Dask-CPU", "Dask-GPU"),
        "3.8",
        ("adlfs", "dask[complete]", "fsspec", "jupyterlab", "matplotlib", *_SCIENCE),
    ),
    _Set(
        ("Designer", "Designer-Score"),
        "3.8",
        ("scikit-learn", "lightgbm", "pyarrow", *_SCIENCE),
    ),
    _Set(
        ("Hyperdrive-ForecastDNN", "AutoML", "AutoML-DNN"),
        "3.8",
        ("scikit-learn", "lightgbm", "xgboost", *_SCIENCE),
    ),
    _Set(("VowpalWabbit-8.8.0",), "3.8", ("vowpalwabbit", *_SCIENCE)),
)  # fmt: skip


def find(workspace_id: str, name: str, version: str | None) -> Environment | None:
    """Return the curated environment of that name; cases do not matter."""
    behind = name.lower().removeprefix(PREFIX.lower())
    one = _by_name().get(behind) if behind != name.lower() else None
    if one is None or version not in (None, VERSION):
        return None
    return _environment(workspace_id, *one)


def everything(workspace_id: str) -> Iterator[Environment]:
    """Yield all by name."""
    for known in sorted(_by_name()):
        yield _environment(workspace_id, *_by_name()[known])


def is_reserved(name: str) -> bool:
    """Tell whether nobody may register an environment of that name."""
    return name.lower().startswith((PREFIX.lower(), "microsoft"))


@cache
def _by_name() -> dict[str, tuple[str, _Set]]:
    return {name.lower(): (name, one) for one in _SETS for name in one.names}


def _environment(workspace_id: str, behind: str, one: _Set) -> Environment:
    name = f"{PREFIX}{behind}"
    packages = ("azureml-defaults", *one.packages)
    conda = {
        "channels": ["anaconda", "conda-forge"],
        "dependencies": [f"python={one.python}", "pip", {"pip": list(packages)}],
        "name": f"azureml_{behind.lower()}",
    }
    variables = {"EXAMPLE_ENV_VAR": "EXAMPLE_VALUE"}
    return Environment(
        workspace_id=workspace_id,
        name=name,
        version=VERSION,
        spec=EnvironmentSpec(
            python_version=one.python, pip_packages=packages, variables=variables
        ),
        definition={
            "name": name,
            "version": VERSION,
            "environmentVariables": variables,
            "python": {
                "userManagedDependencies": False,
                "interpreterPath": "python",
                "condaDependencies": conda,
            },
            "docker": {"enabled": False, "baseImage": _BASE},
        },
        created_at=_SINCE,
    )
