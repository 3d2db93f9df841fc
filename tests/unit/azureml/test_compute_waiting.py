"""Waiting for compute targets, with a server that answers one state after the other."""

from types import SimpleNamespace

import pytest
from azureml.core._errors import guarded
from azureml.core.compute import ComputeInstance, ComputeTarget
from azureml.core.compute_target import ComputeTargetException
from zaffre_sdk.client.computes import Computes
from zaffre_sdk.errors import ConflictError, NotFoundError
from zaffre_sdk.wire.computes import ComputeError, ComputeLimits, ComputeOut

WORKSPACE = SimpleNamespace(name="ws", subscription_id="s", resource_group="g", location="")


class Scripted(Computes):
    """Answers the states that it was given, the last one for ever; None is gone."""

    def __init__(self, kind, *states):
        super().__init__(None, "")
        self.kind, self.states, self.asked = kind, list(states), []

    def get(self, name):
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        if state is None:
            raise NotFoundError("ComputeNotFound", f"There is no `{name}`.", status=404)
        return self.answer(*state)

    def delete(self, name):  # noqa: ARG002 - the signature of the client
        self.asked.append("delete")

    def change(self, name, change):  # noqa: ARG002 - as above
        return self.answer("Succeeded", "Running", settings=change.settings)

    def _turn(self, name, how):
        if how == "start" and self.states[0] == ("Succeeded", "Running"):
            raise ConflictError("InstanceState", f"`{name}` is Running.", status=409)
        self.asked.append(how)
        return self.answer("Succeeded", {"start": "Starting", "stop": "Stopping"}.get(how, how))

    def answer(self, state, power="", errors=(), settings=None):
        return ComputeOut(
            name="mine",
            kind=self.kind,
            type="",
            location="",
            vm_size="Standard_D2_v2",
            low_priority=False,
            scale=None,
            limits=ComputeLimits(),
            settings=settings or {},
            has_credential=False,
            description="",
            tags={},
            state=state,
            power=power,
            errors=[ComputeError(code="Broken", message=one) for one in errors],
            nodes=[],
            resizing=False,
            target_nodes=0,
            cores=2,
            memory_mb=7168,
            gpus=0,
            urls={},
            queued=0,
            created_by="ada",
            created_at=1e9,
            updated_at=1e9,
        )


@pytest.fixture
def target(monkeypatch):
    """Makes a target whose server is scripted."""

    def made(kind, *states):
        scripted = Scripted(kind, *states)
        computes = guarded(scripted, ComputeTargetException)
        nouns = SimpleNamespace(computes=computes)
        for module in ("compute", "computeinstance"):
            monkeypatch.setattr(f"azureml.core.compute.{module}.nouns_of", lambda _: nouns)
        return ComputeTarget(WORKSPACE, "mine"), scripted

    return made


def test_an_instance_is_waited_for(target, capsys):
    creating, settled = ("Creating", "Starting"), ("Succeeded", "Running")
    instance, _ = target("instance", creating, creating, creating, settled)
    instance.wait_for_completion(show_output=True)
    assert capsys.readouterr().out == "Creating.\nRunning\n"
    assert isinstance(instance, ComputeInstance)


def test_an_instance_that_cannot_be_set_up_says_why(target, capsys):
    failed = ("Failed", "SetupFailed", ["no jupyterlab for you"])
    instance, _ = target("instance", ("Creating", "Starting"), failed)
    with pytest.raises(ComputeTargetException, match="Broken: no jupyterlab for you"):
        instance.wait_for_completion(show_output=True)
    assert capsys.readouterr().out == "SetupFailed\n"


@pytest.mark.parametrize(
    ("how", "first", "last"),
    [
        ("start", ("Succeeded", "Stopped"), ("Succeeded", "Running")),
        ("stop", ("Succeeded", "Running"), ("Succeeded", "Stopped")),
        ("restart", ("Succeeded", "Running"), ("Succeeded", "Running")),
    ],
)
def test_an_instance_is_turned(target, how, first, last):
    instance, server = target("instance", first, ("Succeeded", "Starting"), last)
    getattr(instance, how)(wait_for_completion=True)
    assert server.asked == [how]
    assert instance.status.state == last[1]


def test_an_instance_is_turned_without_waiting(target):
    instance, _ = target("instance", ("Succeeded", "Stopped"))
    instance.start()
    assert instance.status.state == "Starting"


def test_what_the_server_refuses_is_an_error_of_compute_targets(target):
    instance, _ = target("instance", ("Succeeded", "Running"))
    with pytest.raises(ComputeTargetException, match="`mine` is Running"):
        instance.start()


def test_an_instance_is_deleted(target, capsys):
    instance, server = target("instance", ("Succeeded", "Stopped"), ("Deleting",), None)
    instance.delete(wait_for_completion=True, show_output=True)
    assert server.asked == ["delete"]
    assert capsys.readouterr().out.startswith("Deleting\nDeleted\nProvisioning operation finished")


def test_whether_it_signs_its_user_in_is_kept(target):
    instance, _ = target("instance", ("Succeeded", "Running"))
    instance.update_sso_settings(value=True)
    assert instance.get()["properties"]["computeType"] == "ComputeInstance"
    assert instance.get_status().vm_size == "STANDARD_D2_V2"


def test_a_target_that_fails_says_why(target, capsys):
    machine, _ = target("machine", ("Creating",), ("Failed", "", ["no route to host"]))
    with pytest.raises(ComputeTargetException, match="`mine` failed:\nBroken: no route to host"):
        machine.wait_for_completion(show_output=True)
    assert capsys.readouterr().out == "Failed\n"


def test_a_target_that_cannot_be_removed_says_why(target):
    cluster, _ = target("cluster", ("Deleting",), ("Failed",))
    with pytest.raises(ComputeTargetException, match="does not say why"):
        cluster.wait_for_completion(is_delete_operation=True)


def test_a_target_that_goes_away_meanwhile_is_said(target):
    machine, _ = target("machine", ("Creating",), ("Creating",), None)
    with pytest.raises(ComputeTargetException, match="ComputeTargetNotFound"):
        machine.wait_for_completion()
