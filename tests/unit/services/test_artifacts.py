import pytest
from zaffre.domain.artifacts import Artifact
from zaffre.domain.errors import ConflictError, InvalidError, NotFoundError, PreconditionError
from zaffre.domain.runs import Run, RunState
from zaffre.domain.workspaces import Workspace
from zaffre.services.runs import finish

from services.conftest import ALICE, DIGEST, Desk, of_run


@pytest.fixture
def run(desk: Desk, workspace: Workspace) -> Run:
    return desk.interactive(workspace)


def put(desk: Desk, run: Run, path: str, digest: str = DIGEST, size: int = 3) -> Artifact:
    return desk.write(
        lambda s: s.artifacts.put(
            run.workspace_id, run.id, path, caller=ALICE, digest=digest, size=size
        )
    )


def paths(desk: Desk, run: Run, **part: object) -> list[str]:
    found = desk.read(
        lambda s: s.artifacts.list(
            run.workspace_id, run.id, caller=ALICE, **{"limit": 100, **part}
        )
    )
    return [artifact.path for artifact in found]


def test_a_file_is_put_replaced_found_and_listed(desk: Desk, run: Run):
    put(desk, run, "outputs/a.txt")
    put(desk, run, "outputs/b.txt")
    replaced = put(desk, run, "outputs/a.txt", "cd" * 32, 5)
    found = desk.read(
        lambda s: s.artifacts.get(run.workspace_id, run.id, "outputs/a.txt", caller=ALICE)
    )
    assert found == replaced
    assert paths(desk, run) == ["outputs/a.txt", "outputs/b.txt"]
    assert paths(desk, run, after="outputs/a.txt") == ["outputs/b.txt"]
    assert paths(desk, run, prefix="logs") == []


@pytest.mark.parametrize("prefix", ["%", "_", "outputs/%", "' OR '1'='1", "\\"])
def test_a22_a_prefix_is_a_value_and_never_a_pattern(desk: Desk, run: Run, prefix: str):
    put(desk, run, "outputs/a.txt")
    assert paths(desk, run, prefix=prefix) == []


@pytest.mark.parametrize(
    "path", ["", "/etc/passwd", "../x", "a/../b", "a\\b", "C:x", "a/./b", "con", "a.", "a\0"]
)
def test_c67_paths_that_climb_are_refused(desk: Desk, run: Run, path: str):
    with pytest.raises(InvalidError) as refused:
        put(desk, run, path)
    assert refused.value.code == "InvalidPath"


def test_bytes_that_were_sent_before_are_linked(desk: Desk, run: Run):
    with pytest.raises(PreconditionError) as refused:
        desk.write(
            lambda s: s.artifacts.link(run.workspace_id, run.id, "b", caller=ALICE, digest=DIGEST)
        )
    assert refused.value.code == "BlobMissing"
    put(desk, run, "a")
    linked = desk.write(
        lambda s: s.artifacts.link(run.workspace_id, run.id, "b", caller=ALICE, digest=DIGEST)
    )
    assert (linked.path, linked.size) == ("b", 3)


def test_c57_nothing_is_added_after_the_end(desk: Desk, run: Run):
    desk.write(lambda s: finish(s.stores, s.runs._context, run, RunState.COMPLETED))
    with pytest.raises(ConflictError) as refused:
        put(desk, run, "a")
    assert refused.value.code == "RunIsTerminal"


def test_a28_the_token_of_another_run_adds_nothing(desk: Desk, workspace: Workspace, run: Run):
    caller = of_run(desk.interactive(workspace))
    with pytest.raises(NotFoundError):
        desk.write(
            lambda s: s.artifacts.put(
                workspace.id, run.id, "a", caller=caller, digest=DIGEST, size=1
            )
        )
