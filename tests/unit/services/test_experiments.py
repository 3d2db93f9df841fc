import pytest
from zaffre.domain.errors import ConflictError, InvalidError, NotFoundError
from zaffre.domain.workspaces import Workspace
from zaffre.services.experiments import ExperimentChange

from services.conftest import ALICE, Desk


def test_ensure_creates_once(desk: Desk, workspace: Workspace):
    def use(s):
        return s.experiments.ensure(workspace.id, "train", caller=ALICE, tags={"a": "1"})

    made = desk.write(use)
    assert desk.write(use) == made
    assert made.tags == {"a": "1"}


@pytest.mark.parametrize("name", ["", "e" * 501, ".", "..", "e\n", "e\u202e", "\x1b"])
def test_c39_to_c45_names_against_the_rule_are_refused(
    desk: Desk, workspace: Workspace, name: str
):
    with pytest.raises(InvalidError, match="experiment name"):
        desk.write(lambda s: s.experiments.ensure(workspace.id, name, caller=ALICE))


def test_an_absent_experiment_is_an_error_that_names_it(desk: Desk, workspace: Workspace):
    with pytest.raises(NotFoundError, match="no experiment `none`"):
        desk.read(lambda s: s.experiments.get(workspace.id, "none", caller=ALICE))


def test_c47_an_archived_experiment_takes_no_runs_until_it_is_reactivated(
    desk: Desk, workspace: Workspace
):
    desk.interactive(workspace)

    def archive(*, archived: bool):
        return desk.write(
            lambda s: s.experiments.change(
                workspace.id, "exp", ExperimentChange(archived=archived), caller=ALICE
            )
        )

    first = archive(archived=True)
    assert archive(archived=True).archived_at == first.archived_at
    with pytest.raises(ConflictError, match="archived") as refused:
        desk.interactive(workspace)
    assert refused.value.code == "ExperimentArchived"
    assert archive(archived=False).archived_at is None
    assert desk.interactive(workspace).number == 2


def test_experiments_are_listed_by_name_in_pages(desk: Desk, workspace: Workspace):
    for name in ("b", "a", "c"):
        desk.write(lambda s, n=name: s.experiments.ensure(workspace.id, n, caller=ALICE))
    first = desk.read(lambda s: s.experiments.list(workspace.id, caller=ALICE, limit=2))
    rest = desk.read(lambda s: s.experiments.list(workspace.id, caller=ALICE, limit=2, after="b"))
    assert [e.name for e in first + rest] == ["a", "b", "c"]
