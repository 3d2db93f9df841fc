import pytest
from zaffre.domain.endpoints import (
    AuthMode,
    DeploymentSpec,
    EndpointError,
    EndpointKind,
    EndpointState,
)
from zaffre.domain.environments import EnvironmentSpec
from zaffre.domain.errors import ConflictError, InProgressError, InvalidError, NotFoundError
from zaffre.domain.scoring import signing_secret, token_expiry
from zaffre.services.endpoints import EndpointChange, NewEndpoint
from zaffre.services.models import NewModel

from services.conftest import ALICE


@pytest.fixture
def deployed(desk, workspace):
    return Endpoints(desk, workspace)


class Endpoints:
    """Says in short what these tests say often."""

    def __init__(self, desk, workspace):
        self.desk, self.workspace = desk, workspace
        self.snapshot = desk.snapshot(workspace, "score.py", "other.py")

    def spec(self, **said):
        asked = {
            "entry_script": "score.py",
            "snapshot_id": self.snapshot.id,
            "model_ids": (),
            "environment": EnvironmentSpec(),
        }
        return DeploymentSpec(**{**asked, **said})

    def create(self, name="svc", **said):
        asked = {"kind": EndpointKind.ACI, "auth_mode": AuthMode.KEY, "spec": self.spec()}
        new = NewEndpoint(name=name, **{**asked, **said})
        return self.use(lambda s: s.endpoints.create(self.workspace.id, new, caller=ALICE))

    def change(self, name="svc", **said):
        change = EndpointChange(**said)
        return self.use(
            lambda s: s.endpoints.change(self.workspace.id, name, change, caller=ALICE)
        )

    def get(self, name="svc"):
        return self.use(lambda s: s.endpoints.get(self.workspace.id, name, caller=ALICE))

    def keys(self, name="svc"):
        return self.use(lambda s: s.endpoints.keys(self.workspace.id, name, caller=ALICE))

    def renew(self, which, value=None, name="svc"):
        return self.use(
            lambda s: s.endpoints.renew_key(
                self.workspace.id, name, which=which, value=value, caller=ALICE
            )
        )

    def settle(self, endpoint, state=EndpointState.HEALTHY, **said):
        self.use(lambda s: s.endpoints.record(endpoint, state, **said))
        return self.get(endpoint.name)

    def use(self, use):
        return self.desk.write(use)


def test_creating_hints_to_the_engine(deployed):
    endpoint = deployed.create(tags={"a": "b"})
    assert endpoint.state is EndpointState.TRANSITIONING
    assert (endpoint.generation, endpoint.created_by) == (1, "alice")
    assert deployed.desk.hints == ["endpoints"]
    assert deployed.get() == endpoint


@pytest.mark.parametrize("name", ["", "ab", "-abc", "1abc", "a_b", "a" * 33, "abc-", "../etc"])
def test_c39_names_follow_the_rule(deployed, name):
    with pytest.raises(InvalidError) as caught:
        deployed.create(name)
    assert "3 to 32" in caught.value.hint


def test_c93_a_model_that_is_not_there(deployed):
    with pytest.raises(NotFoundError) as caught:
        deployed.create(spec=deployed.spec(model_ids=("m:1",)))
    assert caught.value.code == "ModelNotFound"
    with pytest.raises(NotFoundError) as caught:
        deployed.create(spec=deployed.spec(snapshot_id="0" * 64))
    assert caught.value.code == "SnapshotNotFound"


def test_a_script_that_is_not_there_names_the_closest(deployed):
    with pytest.raises(InvalidError) as caught:
        deployed.create(spec=deployed.spec(entry_script="scores.py"))
    assert caught.value.code == "EntryScriptNotFound"
    assert "Did you mean `score.py`?" in caught.value.hint
    assert deployed.create(spec=deployed.spec(entry_script="./score.py")).spec.entry_script == (
        "score.py"
    )


def test_c94_a_name_that_is_taken(deployed):
    deployed.create()
    with pytest.raises(ConflictError) as caught:
        deployed.create()
    assert caught.value.code == "EndpointExists"


def test_c95_one_deployment_at_a_time(deployed):
    endpoint = deployed.create()
    for change in (
        lambda: deployed.change(reload=True),
        lambda: deployed.change(tags={"a": "b"}),
        lambda: deployed.create(overwrite=True),
    ):
        with pytest.raises(InProgressError) as caught:
            change()
        assert caught.value.retry_after
    deployed.use(lambda s: s.endpoints.delete(endpoint.workspace_id, "svc", caller=ALICE))
    with pytest.raises(NotFoundError):
        deployed.get()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("cpu_cores", 0),
        ("cpu_cores", 1e6),
        ("cpu_cores", float("nan")),
        ("memory_gb", -1),
        ("memory_gb", float("inf")),
        ("replicas", 0),
        ("replicas", 10**6),
        ("timeout_seconds", 0),
        ("max_concurrent", 0),
    ],
)
def test_c96_sizes_that_cannot_be_had(deployed, field, value):
    with pytest.raises(InvalidError) as caught:
        deployed.create(spec=deployed.spec(**{field: value}))
    assert (caught.value.code, caught.value.target) == ("CapacityExceeded", f"spec.{field}")
    assert "at most" in caught.value.hint


def test_c99_a_deployed_model_stays(deployed):
    files = tuple(f for f in deployed.snapshot.files if f.path == "other.py")
    new = NewModel(name="m", files=files)
    model = deployed.use(lambda s: s.models.register(deployed.workspace.id, new, caller=ALICE))
    endpoint = deployed.create(spec=deployed.spec(model_ids=(model.id,)))
    contents = deployed.use(lambda s: s.endpoints.contents(endpoint))
    assert (contents.models, contents.snapshot) == ((model,), deployed.snapshot)
    with pytest.raises(ConflictError) as caught:
        deployed.use(lambda s: s.models.delete(deployed.workspace.id, model.id, caller=ALICE))
    assert "`svc`" in caught.value.message


def test_deploying_anew_counts_generations(deployed):
    endpoint = deployed.settle(deployed.create())
    assert deployed.change(tags={"a": "b"}).generation == 1
    changed = deployed.change(spec=deployed.spec(entry_script="other.py"))
    assert (changed.generation, changed.state) == (2, EndpointState.TRANSITIONING)
    # What became of an older deployment changes nothing any more.
    assert deployed.settle(endpoint, EndpointState.FAILED).state is EndpointState.TRANSITIONING
    assert deployed.settle(changed, port=1234).port == 1234
    assert deployed.change(reload=True).spec.entry_script == "other.py"


def test_overwriting_keeps_id_and_keys(deployed):
    endpoint = deployed.settle(deployed.create(keys=("k" * 16, "l" * 16)))
    again = deployed.create(overwrite=True, auth_mode=AuthMode.NONE, keys=(None, "m" * 16))
    assert (again.id, again.generation, again.auth_mode) == (endpoint.id, 2, AuthMode.NONE)
    assert deployed.keys() == ("k" * 16, "m" * 16)
    deployed.settle(again)
    with pytest.raises(ConflictError) as caught:
        deployed.create(overwrite=True, kind=EndpointKind.AKS)
    assert caught.value.code == "EndpointKindDiffers"


def test_a_failure_is_kept_with_its_words(deployed):
    error = EndpointError(code="UserScriptInitFailed", message="m", details="d")
    failed = deployed.settle(deployed.create(), EndpointState.FAILED, error=error)
    assert failed.error == error
    assert deployed.change(reload=True).error is None


def test_one_key_is_renewed_at_a_time(deployed):
    deployed.create(keys=("k" * 16, "l" * 16))
    assert deployed.renew("secondary", "n" * 20) == ("k" * 16, "n" * 20)
    assert deployed.renew("Primary") == ("zsk_secret", "n" * 20)
    assert deployed.desk.hints.count("endpoints") == 3
    with pytest.raises(InvalidError) as caught:
        deployed.renew("third")
    assert caught.value.code == "InvalidKeyName"


@pytest.mark.parametrize("key", ["", "short", "k" * 257, "k" * 16 + " ", "k" * 16 + "\u00e9"])
def test_a32_weak_keys_are_refused_without_repeating_them(deployed, key):
    with pytest.raises(InvalidError) as caught:
        deployed.create(keys=(key, None))
    assert caught.value.code == "InvalidKey"
    assert not key or key not in caught.value.message


def test_tokens_are_for_endpoints_that_ask_for_them(deployed):
    endpoint = deployed.create(auth_mode=AuthMode.TOKEN)
    issued = deployed.use(
        lambda s: s.endpoints.issue_token(endpoint.workspace_id, "svc", caller=ALICE)
    )
    secret = signing_secret(endpoint.id, deployed.keys())
    assert token_expiry(secret, issued.token) == issued.expires_at
    assert issued.expires_at - issued.refresh_after == 1800
    deployed.create("other")
    with pytest.raises(ConflictError) as caught:
        deployed.use(
            lambda s: s.endpoints.issue_token(endpoint.workspace_id, "other", caller=ALICE)
        )
    assert caught.value.code == "TokensNotUsed"


def test_ports_belong_to_one_local_endpoint(deployed):
    deployed.create("one", kind=EndpointKind.LOCAL, port=32267)
    with pytest.raises(ConflictError) as caught:
        deployed.create("two", kind=EndpointKind.LOCAL, port=32267)
    assert (caught.value.code, "`one`" in caught.value.message) == ("PortInUse", True)
    for kind, port in ((EndpointKind.ACI, 32268), (EndpointKind.LOCAL, 80)):
        with pytest.raises(InvalidError) as refused:
            deployed.create("two", kind=kind, port=port)
        assert refused.value.code == "InvalidPort"


def test_a28_other_workspaces_answer_as_if_nothing_were_there(deployed):
    deployed.create()
    other = deployed.desk.workspace("other")
    with pytest.raises(NotFoundError) as absent:
        deployed.use(lambda s: s.endpoints.get(other.id, "svc", caller=ALICE))
    assert absent.value.code == "EndpointNotFound"
    listed = deployed.use(lambda s: s.endpoints.list(deployed.workspace.id, caller=ALICE))
    assert [found.name for found in listed] == ["svc"]
    assert deployed.use(lambda s: s.endpoints.list(other.id, caller=ALICE)) == []
    assert len(deployed.use(lambda s: s.endpoints.everything())) == 1
