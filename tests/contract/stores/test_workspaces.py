from dataclasses import replace

import pytest
from zaffre.domain.errors import ConflictError, NotFoundError, missing

from contract.stores.conftest import Database
from contract.stores.entities import (
    endpoint,
    environment,
    experiment,
    model,
    run,
    snapshot,
    token,
    workspace,
)


class TestWorkspaceStore:
    def test_gives_back_what_was_added(self, empty: Database):
        empty.write(lambda s: s.workspaces.add(workspace()))

        assert empty.read(lambda s: s.workspaces.get("w1")) == workspace()

    def test_finds_a_name_whatever_its_case(self, empty: Database):
        empty.write(lambda s: s.workspaces.add(workspace(name="Straße")))

        found = empty.read(lambda s: s.workspaces.find("SUB", "Group", "STRASSE"))

        assert found == workspace(name="Straße")
        assert empty.read(lambda s: s.workspaces.find("sub", "other", "Straße")) is None

    def test_refuses_the_same_name_in_another_case(self, empty: Database):
        empty.write(lambda s: s.workspaces.add(workspace(name="Mine")))

        with pytest.raises(ConflictError, match="`mINE`") as caught:
            empty.write(lambda s: s.workspaces.add(workspace("w9", name="mINE")))

        assert caught.value.code == "WorkspaceExists"

    def test_allows_the_same_name_in_another_resource_group(self, empty: Database):
        empty.write(lambda s: s.workspaces.add(workspace()))
        empty.write(lambda s: s.workspaces.add(workspace("w2", name="w1", resource_group="g2")))

        assert len(empty.read(lambda s: s.workspaces.list())) == 2

    def test_lists_by_name(self, empty: Database):
        for name in ("b", "C", "a"):
            empty.write(lambda s, name=name: s.workspaces.add(workspace(name)))

        assert [w.name for w in empty.read(lambda s: s.workspaces.list())] == ["a", "b", "C"]

    def test_saves_what_can_change(self, empty: Database):
        empty.write(lambda s: s.workspaces.add(workspace()))
        changed = replace(workspace(), friendly_name="F", description="", tags={})

        empty.write(lambda s: s.workspaces.save(changed))

        assert empty.read(lambda s: s.workspaces.get("w1")) == changed

    def test_says_the_same_of_what_is_absent(self, empty: Database):
        for use in (
            lambda s: s.workspaces.get("w"),
            lambda s: s.workspaces.save(workspace("w")),
        ):
            with pytest.raises(NotFoundError) as caught:
                empty.write(use)
            assert caught.value.message == missing("workspace", "w").message
            assert caught.value.code == "WorkspaceNotFound"

    def test_removes_it_with_what_only_lives_inside_it(self, empty: Database):
        def fill(s):
            s.workspaces.add(workspace())
            s.experiments.add(experiment())
            s.environments.add(environment())
            s.snapshots.add(snapshot())
            s.snapshots.add_blob("w1", "a" * 64, 1)
            s.tokens.add(token(run_id=None))
            s.models.remove(s.models.add(model()))

        empty.write(fill)
        empty.write(lambda s: s.workspaces.remove(workspace()))

        assert empty.read(lambda s: s.workspaces.list()) == []
        assert empty.read(lambda s: s.tokens.find("t" * 64)) is None
        empty.write(fill)

    @pytest.mark.parametrize(
        "fill",
        [
            lambda s: (s.experiments.add(experiment()), s.runs.add(run())),
            lambda s: s.models.add(model()),
            lambda s: s.endpoints.add(endpoint(), ("k1", "k2")),
        ],
        ids=["runs", "models", "endpoints"],
    )
    def test_does_not_remove_one_that_is_not_empty(self, empty: Database, fill):
        empty.write(lambda s: s.workspaces.add(workspace()))
        empty.write(fill)

        with pytest.raises(Exception, match=r"(?i)foreign key"):
            empty.write(lambda s: s.workspaces.remove(workspace()))

        assert empty.read(lambda s: s.workspaces.get("w1")) == workspace()
