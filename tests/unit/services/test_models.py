import asyncio

import pytest
from zaffre.domain.endpoints import AuthMode, DeploymentSpec, Endpoint, EndpointKind
from zaffre.domain.environments import EnvironmentSpec
from zaffre.domain.errors import (
    ConflictError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    ZaffreError,
)
from zaffre.domain.files import FileEntry
from zaffre.domain.models import Model
from zaffre.domain.runs import Run
from zaffre.domain.workspaces import Workspace
from zaffre.services.models import ModelFilter, NewModel

from services.conftest import ALICE, DIGEST, Desk, of_run

FILES = (FileEntry("model.pkl", DIGEST, 3),)
EMPTY = "ef" * 32


@pytest.fixture
def run(desk: Desk, workspace: Workspace) -> Run:
    run = desk.interactive(workspace)
    for path in ("outputs/model/a.bin", "outputs/model/b/c.bin", "outputs/model.pkl"):
        put(desk, run, path)
    put(desk, run, "outputs/empty.pkl", EMPTY, 0)
    return run


def put(desk: Desk, run: Run, path: str, digest: str = DIGEST, size: int = 3) -> None:
    desk.write(
        lambda s: s.artifacts.put(
            run.workspace_id, run.id, path, caller=ALICE, digest=digest, size=size
        )
    )


def register(desk: Desk, workspace: Workspace, **said: object) -> Model:
    new = NewModel(**{"name": "m", **said})
    return desk.write(lambda s: s.models.register(workspace.id, new, caller=ALICE))


def test_a_file_of_a_run_becomes_a_model_of_its_base_name(
    desk: Desk, workspace: Workspace, run: Run
):
    model = register(desk, workspace, run_id=run.id, run_path="outputs/model.pkl", tags={"a": "b"})
    assert (model.id, model.version, model.tags) == ("m:1", 1, {"a": "b"})
    assert [file.path for file in model.files] == ["model.pkl"]
    assert (model.run_id, model.experiment_name, model.created_by) == (run.id, "exp", "alice")
    assert desk.read(lambda s: s.models.get(workspace.id, "m:1", caller=ALICE)) == model


@pytest.mark.parametrize("run_path", ["outputs/model", "outputs/model/"])
def test_a_folder_of_a_run_keeps_its_own_name(
    desk: Desk, workspace: Workspace, run: Run, run_path: str
):
    model = register(desk, workspace, run_id=run.id, run_path=run_path)
    assert [file.path for file in model.files] == ["model/a.bin", "model/b/c.bin"]
    file = desk.read(lambda s: s.models.get_file(workspace.id, "m", "model/a.bin", caller=ALICE))
    assert file.digest == DIGEST


def test_the_top_folder_is_registered_whole(desk: Desk, workspace: Workspace, run: Run):
    model = register(desk, workspace, run_id=run.id, run_path="outputs")
    assert model.files[0].path == "outputs/empty.pkl"
    assert len(model.files) == 4


def test_files_that_were_sent_become_a_model(desk: Desk, workspace: Workspace, run: Run):
    assert register(desk, workspace, files=FILES, run_id=run.id).files == FILES
    assert register(desk, workspace, files=FILES).version == 2


def test_c97_a_path_that_is_not_there_is_named_beside_those_that_are(
    desk: Desk, workspace: Workspace, run: Run
):
    with pytest.raises(InvalidError, match=r"`outputs/modle\.pkl`") as refused:
        register(desk, workspace, run_id=run.id, run_path="outputs/modle.pkl")
    assert refused.value.code == "ModelPathNotFound"
    assert "Did you mean `outputs/model.pkl`?" in (refused.value.hint or "")


def test_c98_a_model_without_bytes_is_refused(desk: Desk, workspace: Workspace, run: Run):
    with pytest.raises(InvalidError) as refused:
        register(desk, workspace, run_id=run.id, run_path="outputs/empty.pkl")
    assert refused.value.code == "ModelEmpty"


@pytest.mark.parametrize(
    "source",
    [
        "file:///etc",
        "FILE:///etc",
        "/etc",
        "//etc",
        "../x",
        "outputs/../../etc",
        "a\\b",
        "..",
        "/",
    ],
)
def test_a01_a_model_comes_from_no_address(
    desk: Desk, workspace: Workspace, run: Run, source: str
):
    with pytest.raises(InvalidError) as refused:
        register(desk, workspace, run_id=run.id, run_path=source)
    assert refused.value.code == "InvalidPath"


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({}, "InvalidModelSource"),
        ({"run_path": "outputs"}, "InvalidModelSource"),
        ({"run_id": "none", "run_path": "outputs"}, "RunNotFound"),
        ({"files": (FileEntry("a", "cd" * 32, 1),)}, "BlobMissing"),
        ({"files": (FileEntry("../a", DIGEST, 3),)}, "InvalidPath"),
        ({"files": FILES, "name": "a/b"}, "InvalidName"),
        ({"files": FILES, "run_path": "outputs"}, "InvalidModelSource"),
    ],
)
@pytest.mark.usefixtures("run")
def test_models_against_the_rules_are_refused(
    desk: Desk, workspace: Workspace, said: dict[str, object], code: str
):
    with pytest.raises(ZaffreError) as refused:
        register(desk, workspace, **said)
    assert refused.value.code == code


@pytest.mark.usefixtures("run")
def test_versions_count_without_gaps_when_many_register_at_once(desk: Desk, workspace: Workspace):
    new = NewModel(name="m", files=FILES)

    async def many() -> list[Model]:
        return await asyncio.gather(
            *(
                desk.work.write(lambda s: s.models.register(workspace.id, new, caller=ALICE))
                for _ in range(50)
            )
        )

    models = desk.runner.run(many())
    assert sorted(model.version for model in models) == list(range(1, 51))


@pytest.mark.usefixtures("run")
def test_models_are_found_listed_and_changed(desk: Desk, workspace: Workspace):
    register(desk, workspace, files=FILES)
    second = register(desk, workspace, files=FILES, properties={"p": "1"})
    other = register(desk, workspace, files=FILES, name="n")

    def listed(**where: object) -> list[str]:
        found = desk.read(
            lambda s: s.models.list(workspace.id, ModelFilter(**where), caller=ALICE, limit=9)
        )
        return [model.id for model in found]

    assert desk.read(lambda s: s.models.get(workspace.id, "m", caller=ALICE)) == second
    assert listed() == [other.id, "m:2", "m:1"]
    assert listed(name="m", newest_only=True) == ["m:2"]
    assert listed(run_id="none") == []
    changed = desk.write(
        lambda s: s.models.change(
            workspace.id, "m:2", caller=ALICE, description="d", tags={"t": "1"}
        )
    )
    assert (changed.description, changed.tags) == ("d", {"t": "1"})
    with pytest.raises(ConflictError, match="is `1`"):
        desk.write(
            lambda s: s.models.change(workspace.id, "m:2", caller=ALICE, properties={"p": "2"})
        )
    with pytest.raises(NotFoundError):
        desk.read(lambda s: s.models.get(workspace.id, "none", caller=ALICE))


@pytest.mark.usefixtures("run")
def test_c99_a_model_that_is_deployed_is_not_deleted(desk: Desk, workspace: Workspace):
    model = register(desk, workspace, files=FILES)
    register(desk, workspace, files=FILES)
    endpoint = Endpoint(
        id="e1",
        workspace_id=workspace.id,
        name="svc",
        kind=EndpointKind.ACI,
        auth_mode=AuthMode.NONE,
        spec=DeploymentSpec(
            entry_script="score.py",
            snapshot_id=desk.snapshot(workspace, "score.py").id,
            model_ids=(model.id,),
            environment=EnvironmentSpec(),
        ),
        created_at=model.created_at,
        updated_at=model.created_at,
    )
    desk.write(lambda s: s.stores.endpoints.add(endpoint, ("a" * 64, "b" * 64)))

    def delete(model_id: str) -> None:
        desk.write(lambda s: s.models.delete(workspace.id, model_id, caller=ALICE))

    with pytest.raises(ConflictError, match="deployed: `svc`") as refused:
        delete("m:1")
    assert refused.value.code == "ModelInUse"
    delete("m:2")
    with pytest.raises(NotFoundError):
        delete("m:2")
    assert register(desk, workspace, files=FILES).version == 3


def test_the_token_of_a_run_changes_the_models_that_it_registered_alone(
    desk: Desk, workspace: Workspace, run: Run
):
    mine, others = of_run(run), register(desk, workspace, files=FILES)
    new = NewModel(name="own", run_id=run.id, run_path="outputs/model.pkl")
    own = desk.write(lambda s: s.models.register(workspace.id, new, caller=mine))

    for use in (
        lambda s: s.models.change(workspace.id, others.id, caller=mine, tags={"t": "1"}),
        lambda s: s.models.delete(workspace.id, others.id, caller=mine),
    ):
        with pytest.raises(ForbiddenError):
            desk.write(use)
    assert desk.read(lambda s: s.models.get(workspace.id, others.id, caller=mine)) == others
    desk.write(lambda s: s.models.change(workspace.id, own.id, caller=mine, tags={"t": "1"}))
    desk.write(lambda s: s.models.delete(workspace.id, own.id, caller=mine))
