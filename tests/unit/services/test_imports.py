"""What was made elsewhere keeps its numbers, its ids and its times."""

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from zaffre.domain.errors import ConflictError, ForbiddenError, NotFoundError
from zaffre.domain.logged_models import LoggedModel, LoggedModelMetric, LoggedModelStatus
from zaffre.domain.models import ModelStage, RegisteredModel
from zaffre.services.imports import OldVersion

from services.conftest import ALICE

THEN = datetime(2020, 1, 1, tzinfo=UTC)
LATER = THEN + timedelta(days=1)
READY = LoggedModelStatus.READY


def registered(workspace, **fields):
    return RegisteredModel(
        workspace_id=workspace, name="clf", created_at=THEN, updated_at=LATER, **fields
    )


def version(number, **fields):
    return OldVersion(name="clf", version=number, created_at=THEN, updated_at=LATER, **fields)


def bring(desk, what, *given, caller=ALICE):
    return desk.write(lambda s: getattr(s.imports, what)(*given, caller=caller))


@pytest.fixture
def model(desk, workspace):
    bring(desk, "registered_model", registered(workspace.id, tags={"a": "b"}))


def find(desk, workspace, number):
    return desk.read(lambda s: s.stores.models.find(workspace.id, "clf", number))


@pytest.mark.usefixtures("model")
def test_versions_keep_numbers_and_times(desk, workspace):
    old = version(3, stage="Production", source="s3://b/c", run_id="not-here")
    assert bring(desk, "version", workspace.id, old).is_new
    assert not bring(desk, "version", workspace.id, old).is_new
    found = find(desk, workspace, 3)
    assert (found.created_at, found.updated_at, found.stage) == (
        THEN,
        LATER,
        ModelStage.PRODUCTION,
    )
    assert (found.source, found.run_id, found.files) == ("s3://b/c", "not-here", ())
    assert find(desk, workspace, 1) is None
    name = desk.read(lambda s: s.stores.registered_models.get(workspace.id, "clf"))
    assert (name.last_version, name.updated_at, name.tags) == (3, LATER, {"a": "b"})


@pytest.mark.usefixtures("model")
@pytest.mark.parametrize("number", [0, 2, 3, 10**9])
def test_numbers_that_were_given_are_refused(desk, workspace, number):
    bring(desk, "version", workspace.id, version(3))
    other = replace(version(number), created_at=LATER)
    with pytest.raises(ConflictError, match="is taken, or was"):
        bring(desk, "version", workspace.id, other)


@pytest.mark.usefixtures("model")
def test_versions_bring_their_aliases_unless_those_name_another(desk, workspace):
    bring(desk, "version", workspace.id, version(1, aliases=("champion",)))
    bring(desk, "version", workspace.id, version(2, aliases=("champion", "new")))
    assert not bring(desk, "registered_model", registered(workspace.id)).is_new
    bring(desk, "version", workspace.id, version(2, aliases=("late",)))
    found = desk.read(lambda s: s.stores.registered_models.get(workspace.id, "clf"))
    assert found.aliases == {"champion": 1, "new": 2}


def test_logged_models_are_pending_until_they_are_ended_once(desk, workspace):
    experiment = desk.write(lambda s: s.experiments.ensure(workspace.id, "one", caller=ALICE))
    old = LoggedModel(
        id="m-1",
        workspace_id=workspace.id,
        experiment_id=experiment.id,
        name="m",
        created_at=THEN,
        updated_at=LATER,
    )
    measured = [LoggedModelMetric(run_id=None, name="a", value=math.inf, step=0, time=THEN)]
    assert bring(desk, "logged_model", old, []).is_new
    assert bring(desk, "logged_model", old, []).is_pending
    for _ in range(2):
        ended = bring(desk, "logged_model", replace(old, status=READY), measured)
        assert not ended.is_pending
    found = desk.read(lambda s: s.logged_models.get(workspace.id, "m-1", caller=ALICE))
    assert (found.model.status, found.model.updated_at) == (READY, LATER)
    assert list(found.metrics) == measured
    other = desk.write(lambda s: s.experiments.ensure(workspace.id, "two", caller=ALICE))
    with pytest.raises(ConflictError):
        bring(desk, "logged_model", replace(old, experiment_id=other.id), [])


def test_runs_may_not_say_when_a_model_was_made(desk, workspace):
    run = replace(ALICE, run_id="r")
    with pytest.raises(ForbiddenError):
        bring(desk, "registered_model", registered(workspace.id), caller=run)
    with pytest.raises(NotFoundError):
        bring(desk, "version", workspace.id, version(1))
