"""What web services and models of v1 ask the server for."""

from types import SimpleNamespace
from typing import Any

import pytest
from azureml.core import Model
from azureml.core.webservice import LocalWebservice, Webservice
from azureml.core.webservice._deploying import changes
from azureml.exceptions import UserErrorException
from zaffre_sdk.wire.endpoints import DeploymentSpec
from zaffre_sdk.wire.environments import EnvironmentSpec

SPEC = DeploymentSpec(entry_script="score.py", snapshot_id="s", environment=EnvironmentSpec())


def service(auth_mode: str = "key") -> Any:
    return SimpleNamespace(tags={}, _seen=SimpleNamespace(spec=SPEC, auth_mode=auth_mode))


class Asked:
    """Takes down what is asked for, in place of a service or a model."""

    def __init__(self) -> None:
        self.changes: dict[str, Any] = {}

    def _change(self, **changes: Any) -> None:
        self.changes = changes


@pytest.mark.parametrize(
    ("present", "given", "mode"),
    [
        ("token", {"token_auth_enabled": False}, "key"),
        ("none", {"token_auth_enabled": False}, None),
        ("key", {"token_auth_enabled": True}, "token"),
        ("token", {"auth_enabled": False, "token_auth_enabled": False}, "none"),
        ("none", {"auth_enabled": True}, "key"),
    ],
)
def test_what_callers_must_show_can_be_changed(
    present: str, given: dict[str, Any], mode: str | None
) -> None:
    assert changes(service(present), given).get("auth_mode") == mode


def test_an_update_changes_every_size() -> None:
    spec = changes(service(), {"replica_max_concurrent_requests": 7, "num_replicas": 2})["spec"]
    assert (spec.max_concurrent, spec.replicas) == (7, 2)


def test_an_update_of_nothing_known_is_refused() -> None:
    assert changes(service(), {"ssl_enabled": True, "autoscale_enabled": None}) == {}
    with pytest.raises(UserErrorException, match="Did you mean `description`"):
        changes(service(), {"descripton": "x"})
    with pytest.raises(UserErrorException, match="by name"):
        Webservice.update(service(), None, {"a": "b"})


@pytest.mark.parametrize("kind", [Model, Webservice])
def test_one_tag_is_removed_as_one(kind: Any) -> None:
    asked = Asked()
    kind.remove_tags(asked, "area")
    assert asked.changes == {"tags": {"area": None}}
    kind.remove_tags(asked, ["area", "b"])
    assert asked.changes == {"tags": {"area": None, "b": None}}
    Model.update_tags_properties(asked, remove_tags="area")
    assert asked.changes["tags"] == {"area": None}


def test_a_local_service_stays_on_its_port() -> None:
    local: Any = SimpleNamespace(name="svc", port=5000)
    other = LocalWebservice.deploy_configuration(port=5001)
    with pytest.raises(UserErrorException, match="stays on port 5000"):
        LocalWebservice.update(local, deployment_config=other)


def test_services_are_found_by_their_properties(monkeypatch: pytest.MonkeyPatch) -> None:
    there = [
        SimpleNamespace(name=name, kind="ACI", spec=SPEC, tags={}, properties=properties)
        for name, properties in (("a", {"x": "1"}), ("b", {}))
    ]
    endpoints = SimpleNamespace(list=lambda: there)
    monkeypatch.setattr(
        "azureml.core.webservice.webservice.nouns_of",
        lambda _: SimpleNamespace(endpoints=endpoints),
    )
    monkeypatch.setattr(Webservice, "_from_wire", staticmethod(lambda _, found: found.name))
    assert Webservice.list(None) == ["a", "b"]
    assert Webservice.list(None, properties=["x"]) == ["a"]
    assert Webservice.list(None, properties=[["x", "2"]]) == []
