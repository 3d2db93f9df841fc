"""Entities for the contract tests of the stores, with something in every field."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from zaffre.domain.access import Token
from zaffre.domain.artifacts import Artifact
from zaffre.domain.endpoints import (
    AuthMode,
    DeploymentSpec,
    Endpoint,
    EndpointError,
    EndpointKind,
    EndpointState,
)
from zaffre.domain.environments import Environment, EnvironmentSpec
from zaffre.domain.experiments import Experiment
from zaffre.domain.files import FileEntry
from zaffre.domain.logged_models import LoggedModel
from zaffre.domain.metrics import MetricBatch, MetricKind, MetricPoint
from zaffre.domain.models import Model, ModelStage, RegisteredModel
from zaffre.domain.run_data import DataInput, DataOutput, InputMode, OutputRegistration
from zaffre.domain.runs import Run, RunError, RunKind, RunSpec, RunState
from zaffre.domain.snapshots import Snapshot
from zaffre.domain.workspaces import Workspace
from zaffre.ports.stores import StoredAnswer

TIME = datetime(2024, 2, 29, 23, 59, 59, 123457, tzinfo=UTC)
ODD = "a 'quoted\" \\ täg\n\u202e\x00\U0001f600"


def later(seconds: float) -> datetime:
    return TIME + timedelta(seconds=seconds)


def workspace(id_: str = "w1", **fields: Any) -> Workspace:
    whole = Workspace(
        id=id_,
        subscription_id="sub",
        resource_group="group",
        name=id_,
        location="westeurope",
        friendly_name="Friendly",
        description=ODD,
        tags={"k": ODD},
        created_at=TIME,
    )
    return replace(whole, **fields)


def experiment(name: str = "exp", **fields: Any) -> Experiment:
    whole = Experiment(
        id=f"e-{name}",
        workspace_id="w1",
        name=name,
        tags={"k": ODD},
        description="d",
        created_at=TIME,
        updated_at=later(1),
        archived_at=later(1),
    )
    return replace(whole, **fields)


def environment_spec() -> EnvironmentSpec:
    return EnvironmentSpec(
        python_version="3.11",
        conda_packages=("numpy=1.26",),
        channels=("conda-forge",),
        pip_packages=("azureml-defaults", "x[y]>=1; python_version<'4'"),
        variables={"A": "1"},
    )


def run(id_: str = "r1", **fields: Any) -> Run:
    whole = Run(
        id=id_,
        workspace_id="w1",
        experiment_id="e-exp",
        experiment_name="exp",
        parent_id=None,
        number=1,
        spec=RunSpec(
            kind=RunKind.SCRIPT,
            script="train.py",
            arguments=("--rate", "0.1", ODD),
            snapshot_id="s1",
            environment=environment_spec(),
            environment_name="env",
            variables={"K": "v"},
            max_seconds=60,
            inputs=(DataInput(name="i", mode=InputMode.MOUNT, datastore="s", path=ODD),),
            outputs=(
                DataOutput(
                    name="o",
                    globs=("*.csv",),
                    definition={"kind": "file", "places": []},
                    register=OutputRegistration(name=ODD, tags={"a": "1"}),
                ),
            ),
            definition={"deep": [1, None, {"nan": 1.5}], "text": ODD},
        ),
        state=RunState.RUNNING,
        display_name="a run",
        description="d",
        tags={"a": "1"},
        properties={"p": ODD},
        error=RunError(code="C", message="m", details=ODD),
        attempt=2,
        handle={"pid": 4711, "created": 1.25},
        created_by="alice",
        created_at=TIME,
        started_at=later(1),
    )
    return replace(whole, **fields)


def point(value: Any, name: str = "loss", step: int | None = None, **fields: Any) -> MetricPoint:
    return replace(MetricPoint(name, MetricKind.SCALAR, value, step, TIME), **fields)


def batch(sequence: int, *points: MetricPoint, writer: str = "writer") -> MetricBatch:
    return MetricBatch.of(writer, sequence, points)


def artifact(path: str = "outputs/a", **fields: Any) -> Artifact:
    whole = Artifact(run_id="r1", path=path, digest="d" * 64, size=2**40, created_at=TIME)
    return replace(whole, **fields)


FILES = (
    FileEntry("a.py", "a" * 64, 1, executable=True),
    FileEntry("b/c.txt", "b" * 64, 2**40),
    FileEntry("é/\U0001f600", "c" * 64, 0),
)


def snapshot(id_: str = "s1", **fields: Any) -> Snapshot:
    return replace(Snapshot(id=id_, workspace_id="w1", files=FILES, created_at=TIME), **fields)


def environment(name: str = "env", version: str = "1", **fields: Any) -> Environment:
    whole = Environment(
        workspace_id="w1",
        name=name,
        version=version,
        spec=environment_spec(),
        definition={"python": {"nan": None}, "text": ODD},
        created_at=TIME,
    )
    return replace(whole, **fields)


def model(name: str = "m", **fields: Any) -> Model:
    whole = Model(
        id="",
        workspace_id="w1",
        name=name,
        version=0,
        files=FILES,
        tags={"k": ODD},
        properties={"p": "q"},
        description="d",
        framework="ScikitLearn",
        framework_version="1.4",
        run_id="r1",
        experiment_name="exp",
        created_by="alice",
        created_at=TIME,
        stage=ModelStage.STAGING,
        source="runs:/r1/m",
        run_link="https://example.org/r1",
        logged_model_id="m-1",
        updated_at=later(1),
    )
    return replace(whole, **fields)


def registered(name: str = "m", **fields: Any) -> RegisteredModel:
    whole = RegisteredModel(
        workspace_id="w1",
        name=name,
        description=ODD,
        tags={"k": ODD},
        aliases={},
        created_at=TIME,
        updated_at=later(1),
    )
    return replace(whole, **fields)


def logged_model(id_: str = "m-1", **fields: Any) -> LoggedModel:
    whole = LoggedModel(
        id=id_,
        workspace_id="w1",
        experiment_id="e-exp",
        name="model",
        model_type="agent",
        run_id="r1",
        tags={"k": ODD},
        params={"p": "1"},
        created_by="alice",
        created_at=TIME,
        updated_at=later(1),
    )
    return replace(whole, **fields)


def endpoint(name: str = "answer", **fields: Any) -> Endpoint:
    whole = Endpoint(
        id=f"id-{name}",
        workspace_id="w1",
        name=name,
        kind=EndpointKind.LOCAL,
        auth_mode=AuthMode.KEY,
        spec=DeploymentSpec(
            entry_script="score.py",
            snapshot_id="s1",
            model_ids=("m:1", "m:2"),
            environment=environment_spec(),
            cpu_cores=0.5,
        ),
        state=EndpointState.FAILED,
        error=EndpointError(code="C", message="m", details=ODD),
        generation=3,
        port=6789,
        tags={"k": ODD},
        properties={"p": "q"},
        description="d",
        created_by="alice",
        created_at=TIME,
        updated_at=later(1),
    )
    return replace(whole, **fields)


def token(digest: str = "t" * 64, **fields: Any) -> Token:
    whole = Token(
        digest=digest,
        name="runner",
        role="run",
        workspace_id="w1",
        run_id="r1",
        attempt=2,
        created_at=TIME,
    )
    return replace(whole, **fields)


def answer(key: str = "key", **fields: Any) -> StoredAnswer:
    whole = StoredAnswer(
        principal="alice",
        key=key,
        request_digest="d" * 64,
        status=201,
        body=b"\x00\xff{}",
        created_at=TIME,
    )
    return replace(whole, **fields)
