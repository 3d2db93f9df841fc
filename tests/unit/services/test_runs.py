import re

import pytest
from zaffre.domain.access import Permission, Principal
from zaffre.domain.environments import EnvironmentSpec
from zaffre.domain.errors import (
    ConflictError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    ZaffreError,
)
from zaffre.domain.runs import Run, RunError, RunKind, RunSpec, RunState
from zaffre.domain.workspaces import Workspace
from zaffre.ports.stores import RunFilter
from zaffre.services.runs import NewRun, RunChange, advance, finish

from services.conftest import ALICE, Desk, of_run

S = RunState


def moved(desk: Desk, run: Run, *states: RunState) -> Run:
    def use(s):
        now = s.stores.runs.get(run.workspace_id, run.id)
        for state in states:
            now = advance(s.stores, s.runs._context, now, state)
        return now

    return desk.write(use)


def ended(desk: Desk, run: Run, state: RunState, error: RunError | None = None) -> Run:
    return desk.write(
        lambda s: finish(
            s.stores,
            s.runs._context,
            s.stores.runs.get(run.workspace_id, run.id),
            state,
            error=error,
        )
    )


def get(desk: Desk, run: Run) -> Run:
    return desk.read(lambda s: s.runs.get(run.workspace_id, run.id, caller=ALICE))


def test_an_interactive_run_is_running_at_once(desk: Desk, workspace: Workspace):
    run = desk.interactive(workspace)
    assert run.state is S.RUNNING
    assert run.started_at == run.created_at
    assert (run.number, run.created_by, run.display_name) == (1, "alice", run.id)
    assert re.fullmatch(r"exp_\d{10}_[0-9a-f]{8}", run.id)
    assert get(desk, run) == run


def test_a_script_is_queued_and_the_engine_is_told(desk: Desk, workspace: Workspace):
    run = desk.script(workspace, display_name="first")
    assert (run.state, run.started_at, run.display_name) == (S.QUEUED, None, "first")
    assert "runs" in desk.hints


def test_numbers_count_within_the_experiment(desk: Desk, workspace: Workspace):
    runs = [desk.interactive(workspace) for _ in range(3)]
    other = desk.interactive(workspace, experiment_name="other")
    assert [run.number for run in runs] == [1, 2, 3]
    assert other.number == 1


def test_submitting_again_under_the_same_id_gives_the_same_run(desk: Desk, workspace: Workspace):
    first = desk.script(workspace, id="mine")
    assert desk.script(workspace, id="mine") == first
    with pytest.raises(ConflictError) as refused:
        desk.interactive(workspace, id="mine")
    assert refused.value.code == "RunExists"


@pytest.mark.parametrize("run_id", ["", "-x", "../x", "x/y", "x" * 256, "x\0", "latest"])
def test_c39_run_ids_against_the_rule_are_refused(desk: Desk, workspace: Workspace, run_id: str):
    if run_id == "":
        assert desk.interactive(workspace, id=run_id).id.startswith("exp_")
        return
    with pytest.raises(InvalidError, match="run name"):
        desk.interactive(workspace, id=run_id)


def test_c64_a_script_that_is_not_there_is_named_beside_those_that_are(
    desk: Desk, workspace: Workspace
):
    snapshot = desk.snapshot(workspace, *(f"f{n:02}.py" for n in range(12)), "train.py")
    spec = desk.script_spec(workspace, script="trian.py", snapshot_id=snapshot.id)
    with pytest.raises(InvalidError, match=re.escape("`trian.py`")) as refused:
        desk.write(
            lambda s: s.runs.create(
                workspace.id, NewRun(experiment_name="exp", spec=spec), caller=ALICE
            )
        )
    assert refused.value.code == "ScriptNotFound"
    hint = refused.value.hint or ""
    assert hint.startswith("Did you mean `train.py`?")
    assert hint.count(".py") == 11
    assert "and 3 more" in hint


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"compute": "gpu"}, "ComputeNotFound"),
        ({"snapshot_id": None}, "InvalidRunSpec"),
        ({"snapshot_id": "f" * 64}, "SnapshotNotFound"),
        ({"environment": None}, "InvalidRunSpec"),
        ({"script": None}, "InvalidRunSpec"),
        ({"command": ("echo",)}, "InvalidRunSpec"),
        ({"script": "../train.py"}, "InvalidPath"),
        ({"max_seconds": 0}, "InvalidRunSpec"),
        ({"arguments": ("a\0",)}, "InvalidArgument"),
        ({"arguments": ("a",) * 1001}, "InvalidArgument"),
        ({"arguments": ("a" * 131072,)}, "InvalidArgument"),
        ({"variables": {"A=B": "c"}}, "InvalidVariable"),
        ({"variables": {"A": "\0"}}, "InvalidVariable"),
        ({"environment": EnvironmentSpec(variables={"A": "\0"})}, "InvalidVariable"),
    ],
)
def test_what_could_never_run_is_refused(
    desk: Desk, workspace: Workspace, asked: dict[str, object], code: str
):
    spec = desk.script_spec(workspace, **asked)
    with pytest.raises(ZaffreError) as refused:
        desk.write(
            lambda s: s.runs.create(
                workspace.id, NewRun(experiment_name="exp", spec=spec), caller=ALICE
            )
        )
    assert refused.value.code == code
    assert desk.read(lambda s: s.runs.list(workspace.id, RunFilter(), caller=ALICE, limit=9)) == []


def test_a_command_may_stand_instead_of_a_script(desk: Desk, workspace: Workspace):
    spec = desk.script_spec(workspace, script=None, command=("python", "-c", "pass"))
    new = NewRun(experiment_name="exp", spec=spec)
    run = desk.write(lambda s: s.runs.create(workspace.id, new, caller=ALICE))
    assert run.spec == spec


def test_c48_an_unknown_run_is_an_error(desk: Desk, workspace: Workspace):
    with pytest.raises(NotFoundError, match="`none`"):
        desk.read(lambda s: s.runs.get(workspace.id, "none", caller=ALICE))


def test_an_unknown_parent_is_refused(desk: Desk, workspace: Workspace):
    with pytest.raises(NotFoundError, match="`none`"):
        desk.interactive(workspace, parent_id="none")


def test_tags_are_free_and_a_tag_of_none_is_removed(desk: Desk, workspace: Workspace):
    run = desk.interactive(workspace, tags={"a": "1", "b": "2"})
    ended(desk, run, S.COMPLETED)
    change = RunChange(display_name="Named", description="d", tags={"a": None, "c": "3"})
    changed = desk.write(lambda s: s.runs.change(workspace.id, run.id, change, caller=ALICE))
    assert changed.tags == {"b": "2", "c": "3"}
    assert (changed.display_name, changed.description) == ("Named", "d")
    assert get(desk, run) == changed


def test_c55_a_property_is_written_once(desk: Desk, workspace: Workspace):
    run = desk.interactive(workspace, properties={"p": "1"})

    def add(**properties: str) -> Run:
        change = RunChange(properties=properties)
        return desk.write(lambda s: s.runs.change(workspace.id, run.id, change, caller=ALICE))

    assert add(p="1", q="2").properties == {"p": "1", "q": "2"}
    with pytest.raises(ConflictError, match="is `1` and cannot become `other`") as refused:
        add(p="other")
    assert refused.value.code == "PropertyExists"


def test_c56_a_tag_of_a_megabyte_is_refused(desk: Desk, workspace: Workspace):
    with pytest.raises(InvalidError, match="1000000 characters"):
        desk.interactive(workspace, tags={"big": "x" * 1_000_000})
    with pytest.raises(InvalidError, match="at most 255"):
        desk.interactive(workspace, tags={str(n): "" for n in range(256)})


def test_r10_cancel_is_a_no_op_the_second_time_and_a_conflict_after_the_end(
    desk: Desk, workspace: Workspace
):
    def cancel(run: Run) -> RunState:
        return desk.write(lambda s: s.runs.cancel(workspace.id, run.id, caller=ALICE)).state

    queued = desk.script(workspace)
    assert [cancel(queued), cancel(queued)] == [S.CANCELED, S.CANCELED]
    inline = desk.interactive(workspace)
    assert cancel(inline) is S.CANCELED
    for states in (
        (S.PREPARING,),
        (S.PREPARING, S.STARTING),
        (S.PREPARING, S.STARTING, S.RUNNING),
        (S.PREPARING, S.STARTING, S.RUNNING, S.FINALIZING),
        (S.PREPARING, S.STARTING, S.NOT_RESPONDING),
    ):
        driven = moved(desk, desk.script(workspace), *states)
        assert [cancel(driven), cancel(driven)] == [S.CANCEL_REQUESTED, S.CANCEL_REQUESTED]
    done = ended(desk, desk.interactive(workspace), S.COMPLETED)
    with pytest.raises(ConflictError) as refused:
        cancel(done)
    assert refused.value.code == "RunIsTerminal"


def test_canceling_a_parent_cancels_what_is_open_below_it(desk: Desk, workspace: Workspace):
    parent = desk.interactive(workspace)
    done = ended(desk, desk.interactive(workspace, parent_id=parent.id), S.COMPLETED)
    child = desk.interactive(workspace, parent_id=parent.id)
    grandchild = moved(desk, desk.script(workspace, parent_id=child.id), S.PREPARING)
    desk.write(lambda s: s.runs.cancel(workspace.id, parent.id, caller=ALICE))
    states = [get(desk, run).state for run in (parent, done, child, grandchild)]
    assert states == [S.CANCELED, S.COMPLETED, S.CANCELED, S.CANCEL_REQUESTED]


def test_what_is_open_below_a_run_that_ended_is_reached_too(desk: Desk, workspace: Workspace):
    script = moved(desk, desk.script(workspace), S.PREPARING, S.STARTING, S.RUNNING)
    child = desk.interactive(workspace, parent_id=script.id)
    grandchild = desk.interactive(workspace, parent_id=child.id)
    other = moved(desk, desk.script(workspace, parent_id=child.id), S.PREPARING)
    others_child = desk.interactive(workspace, parent_id=other.id)
    ended(desk, child, S.COMPLETED)

    ended(desk, script, S.COMPLETED)
    # Nobody is left who could end the grandchild; the other script has a program of its own.
    states = [get(desk, run).state for run in (grandchild, other, others_child)]
    assert states == [S.COMPLETED, S.PREPARING, S.RUNNING]


def test_a_long_story_of_a_failure_is_cut_and_ends_the_run(desk: Desk, workspace: Workspace):
    why = RunError(code="Bad", message="m" * 100_000, details="d" * 1_000_000 + "the end")
    failed = desk.interactive(workspace)
    desk.write(lambda s: s.runs.end(workspace.id, failed.id, S.FAILED, caller=ALICE, error=why))
    error = get(desk, failed).error
    assert error is not None
    assert (len(error.message), error.details[-7:]) == (8192, "the end")
    assert len(error.details) == 65_536


def test_the_program_of_an_interactive_run_ends_it(desk: Desk, workspace: Workspace):
    def end(run: Run, state: RunState, error: RunError | None = None) -> Run:
        return desk.write(
            lambda s: s.runs.end(workspace.id, run.id, state, caller=ALICE, error=error)
        )

    done = end(desk.interactive(workspace), S.COMPLETED)
    assert done.state is S.COMPLETED
    assert done.ended_at is not None
    assert end(done, S.COMPLETED) == done
    with pytest.raises(ConflictError):
        end(done, S.FAILED)
    why = RunError(code="Bad", message="no")
    assert end(desk.interactive(workspace), S.FAILED, why).error == why
    assert end(desk.interactive(workspace), S.FAILED).error is not None
    assert end(desk.interactive(workspace), S.CANCELED).state is S.CANCELED
    with pytest.raises(InvalidError, match="cannot end as `Running`"):
        end(desk.interactive(workspace), S.RUNNING)


def test_what_a_script_says_of_its_end_is_remembered_for_its_runner(
    desk: Desk, workspace: Workspace
):
    run = moved(desk, desk.script(workspace), S.PREPARING, S.STARTING, S.RUNNING)
    caller = of_run(run)

    def end(state: RunState) -> Run:
        return desk.write(lambda s: s.runs.end(workspace.id, run.id, state, caller=caller))

    assert end(S.COMPLETED) == run
    assert end(S.FAILED).state is S.RUNNING
    assert ended(desk, run, S.COMPLETED).state is S.FAILED
    assert get(desk, run).error is not None


def test_the_end_of_a_run_ends_its_tokens_and_the_inline_runs_below_a_script(
    desk: Desk, workspace: Workspace
):
    run = moved(desk, desk.script(workspace), S.PREPARING, S.STARTING, S.RUNNING)
    inline = desk.interactive(workspace, parent_id=run.id)
    script = desk.script(workspace, parent_id=run.id)
    ended(desk, run, S.COMPLETED)
    assert set(desk.forgotten) == {run.id, inline.id}
    assert get(desk, inline).state is S.COMPLETED
    assert get(desk, script).state is S.QUEUED


def test_a28_the_token_of_a_run_writes_that_run_and_those_below_it(
    desk: Desk, workspace: Workspace
):
    run = desk.interactive(workspace)
    other = desk.interactive(workspace)
    caller = of_run(run)
    spec = RunSpec(kind=RunKind.INTERACTIVE)

    def create(parent: str | None, kind: RunSpec = spec) -> Run:
        new = NewRun(experiment_name="exp", spec=kind, parent_id=parent)
        return desk.write(lambda s: s.runs.create(workspace.id, new, caller=caller))

    def tag(run_id: str) -> Run:
        change = RunChange(tags={"a": "b"})
        return desk.write(lambda s: s.runs.change(workspace.id, run_id, change, caller=caller))

    child = create(run.id)
    grandchild = create(child.id)
    assert tag(run.id).tags == tag(grandchild.id).tags == {"a": "b"}
    refusals = []
    for run_id in (other.id, "absent"):
        with pytest.raises(NotFoundError) as refused:
            tag(run_id)
        refusals.append((refused.value.code, refused.value.message.replace(run_id, "")))
        with pytest.raises(NotFoundError):
            create(run_id)
    assert refusals[0] == refusals[1]
    with pytest.raises(ForbiddenError):
        create(None)
    with pytest.raises(ForbiddenError, match=Permission.RUNS_SUBMIT):
        create(run.id, desk.script_spec(workspace))
    assert desk.read(lambda s: s.runs.get(workspace.id, other.id, caller=caller)) == other


def test_the_token_of_a_replaced_attempt_is_refused(desk: Desk, workspace: Workspace):
    run = desk.interactive(workspace)
    stale = Principal(
        name="old",
        permissions=of_run(run).permissions,
        workspace_id=workspace.id,
        run_id=run.id,
        attempt=run.attempt + 1,
    )
    with pytest.raises(ConflictError) as refused:
        desk.write(lambda s: s.runs.get_writable(workspace.id, run.id, caller=stale))
    assert refused.value.code == "StaleAttempt"


def test_runs_are_listed_by_what_they_are(desk: Desk, workspace: Workspace):
    a = desk.interactive(workspace, tags={"k": "1"}, properties={"p": "x"})
    b = desk.interactive(workspace, parent_id=a.id, tags={"k": "2"})
    c = desk.interactive(workspace, experiment_name="other")
    ended(desk, c, S.COMPLETED)

    def listed(**where: object) -> list[str]:
        found = desk.read(
            lambda s: s.runs.list(workspace.id, RunFilter(**where), caller=ALICE, limit=9)
        )
        return [run.id for run in found]

    assert listed() == [c.id, b.id, a.id]
    assert listed(experiment_name="other") == [c.id]
    assert listed(parent_id=a.id) == [b.id]
    assert listed(states=frozenset({S.COMPLETED})) == [c.id]
    assert listed(tags={"k": None}) == [b.id, a.id]
    assert listed(tags={"k": "1"}) == [a.id]
    assert listed(properties={"p": "x"}) == [a.id]
    assert listed(tags={"' OR '1'='1": None}) == []
