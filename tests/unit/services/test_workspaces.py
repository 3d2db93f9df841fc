import pytest
from zaffre.domain.errors import ConflictError, InvalidError, NotFoundError
from zaffre.domain.workspaces import Workspace
from zaffre.services.workspaces import NewWorkspace

from services.conftest import ALICE, Desk, of_run


def test_a_workspace_is_found_whatever_the_case_of_its_name(desk: Desk):
    made = desk.workspace("AML")
    found = desk.read(
        lambda s: s.workspaces.list(caller=ALICE, name="aml", resource_group="GROUP")
    )
    assert found == [made]
    assert desk.read(lambda s: s.workspaces.list(caller=ALICE, subscription_id="other")) == []


def test_creating_twice_is_refused_or_answers_the_one_that_is_there(
    desk: Desk, workspace: Workspace
):
    again = NewWorkspace(name="WS", subscription_id="...", resource_group="group")
    with pytest.raises(ConflictError, match="`ws` exists") as refused:
        desk.write(lambda s: s.workspaces.create(again))
    assert refused.value.code == "WorkspaceExists"
    assert desk.write(lambda s: s.workspaces.create(again, exist_ok=True)) == workspace


@pytest.mark.parametrize("name", ["", "-ws", " ws", "../ws", "w" * 65, "w\u202es", "latest"])
def test_c39_to_c45_names_against_the_rule_are_refused_with_the_rule(desk: Desk, name: str):
    new = NewWorkspace(name=name, subscription_id="...", resource_group="<your group>")
    with pytest.raises(InvalidError) as refused:
        desk.write(lambda s: s.workspaces.create(new))
    assert refused.value.code == "InvalidName"
    assert "1 to 64 letters" in (refused.value.hint or "")


def test_changes_replace_what_is_given(desk: Desk, workspace: Workspace):
    changed = desk.write(
        lambda s: s.workspaces.change(
            workspace.id, caller=ALICE, friendly_name="Mine", tags={"a": "b"}
        )
    )
    assert (changed.friendly_name, changed.tags, changed.description) == ("Mine", {"a": "b"}, "")
    assert desk.read(lambda s: s.workspaces.get(workspace.id, caller=ALICE)) == changed


def test_only_an_empty_workspace_is_deleted(desk: Desk, workspace: Workspace):
    other = desk.workspace("other")
    desk.snapshot(other)
    desk.write(lambda s: s.experiments.ensure(other.id, "exp", caller=ALICE))
    desk.interactive(workspace)
    with pytest.raises(ConflictError, match="has runs"):
        desk.write(lambda s: s.workspaces.delete(workspace.id, caller=ALICE))
    desk.write(lambda s: s.workspaces.delete(other.id, caller=ALICE))
    assert desk.read(lambda s: s.workspaces.list(caller=ALICE)) == [workspace]


def test_a28_foreign_and_absent_workspaces_are_refused_in_the_same_words(
    desk: Desk, workspace: Workspace
):
    caller = of_run(desk.interactive(workspace))
    foreign = desk.workspace("foreign")
    refusals = []
    for workspace_id in (foreign.id, "0" * 32):
        with pytest.raises(NotFoundError) as refused:
            desk.read(lambda s, i=workspace_id: s.workspaces.get(i, caller=caller))
        error = refused.value
        refusals.append((error.code, error.message.replace(workspace_id, ""), error.hint))
    assert refusals[0] == refusals[1]
    assert desk.read(lambda s: s.workspaces.list(caller=caller)) == [workspace]
