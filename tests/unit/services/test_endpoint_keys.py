"""Keys of endpoints at rest."""

from dataclasses import replace
from pathlib import Path

import pytest
from zaffre.adapters.vaults.aes import AesVault
from zaffre.domain.endpoints import AuthMode, DeploymentSpec, EndpointKind
from zaffre.domain.environments import EnvironmentSpec
from zaffre.domain.errors import PreconditionError
from zaffre.services.endpoint_keys import EndpointKeys
from zaffre.services.endpoints import NewEndpoint

from services.conftest import ALICE

CHOSEN = ("a-chosen-primary-key-0001", "a-chosen-secondary-key-02")


@pytest.fixture
def endpoint(desk, workspace):
    snapshot = desk.snapshot(workspace, "score.py")
    spec = DeploymentSpec(
        entry_script="score.py",
        snapshot_id=snapshot.id,
        model_ids=(),
        environment=EnvironmentSpec(),
    )
    new = NewEndpoint(
        name="svc", kind=EndpointKind.ACI, auth_mode=AuthMode.KEY, spec=spec, keys=CHOSEN
    )
    return desk.write(lambda s: s.endpoints.create(workspace.id, new, caller=ALICE))


def keys(desk, endpoint):
    return desk.write(
        lambda s: s.endpoints.keys(endpoint.workspace_id, endpoint.name, caller=ALICE)
    )


def stored(desk, endpoint):
    return desk.write(lambda s: s.stores.endpoints.keys(endpoint))


def with_lost_vault(services):
    """Seal what is there with the key of another home."""
    context = replace(services.endpoints._context, vault=AesVault("1" * 64))
    endpoint = services.stores.endpoints.list(None)[0]
    EndpointKeys(services.stores, context).replace(endpoint, CHOSEN)


def test_a32_no_file_of_the_database_has_a_key(desk, endpoint, tmp_path: Path):
    renewed = desk.write(
        lambda s: s.endpoints.renew_key(
            endpoint.workspace_id,
            endpoint.name,
            which="secondary",
            value="another-secondary-key-3",
            caller=ALICE,
        )
    )
    assert keys(desk, endpoint) == renewed == (CHOSEN[0], "another-secondary-key-3")
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert any(file.name == "zaffre.db" for file in files)
    for file in files:
        content = file.read_bytes()
        for key in (*CHOSEN, *renewed):
            assert key.encode() not in content, file.name


def test_keys_of_an_older_database_stay_readable_and_are_sealed(desk, endpoint):
    desk.write(lambda s: s.stores.endpoints.set_keys(endpoint, CHOSEN))
    assert stored(desk, endpoint) == CHOSEN
    assert keys(desk, endpoint) == CHOSEN
    desk.write(lambda s: s.endpoints.seal_keys())
    sealed = stored(desk, endpoint)
    assert not {*CHOSEN} & {*sealed}
    assert keys(desk, endpoint) == CHOSEN
    desk.write(lambda s: s.endpoints.seal_keys())
    assert stored(desk, endpoint) == sealed


def test_sealed_keys_of_another_endpoint_open_nothing(desk, endpoint):
    foreign = desk.write(
        lambda s: EndpointKeys(s.stores, s.endpoints._context).sealed("another", CHOSEN)
    )
    desk.write(lambda s: s.stores.endpoints.set_keys(endpoint, foreign))
    with pytest.raises(PreconditionError, match="decrypted"):
        keys(desk, endpoint)


def test_lost_keys_stop_neither_the_engine_nor_new_ones(desk, endpoint):
    desk.write(with_lost_vault)
    with pytest.raises(PreconditionError, match="decrypted"):
        keys(desk, endpoint)
    [(_, unknown)] = desk.write(lambda s: s.endpoints.everything())
    assert not {*CHOSEN, ""} & {*unknown}
    renewed = desk.write(
        lambda s: s.endpoints.renew_key(
            endpoint.workspace_id, endpoint.name, which="primary", caller=ALICE
        )
    )
    assert keys(desk, endpoint) == renewed
    assert not {*CHOSEN} & {*renewed}
