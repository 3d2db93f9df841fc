"""Models that were made elsewhere, as a client sends them."""

from typing import Any

import msgspec
import pytest

from native.conftest import MSGPACK, Api

TIMES = {"created_at": 1.0, "updated_at": 2.0}


def logged_model(api: Api, **measure: Any) -> bytes:
    api.done("PUT", f"{api.home}/experiments/exp", {"name": "exp"})
    experiment = api.done("GET", f"{api.home}/experiments/exp")["id"]
    model = {
        "id": "m-1",
        "experiment_id": experiment,
        "name": "m",
        **TIMES,
        "status": "LOGGED_MODEL_READY",
        "measures": [{"name": "acc", "value": 0.5, "step": 1, "time": 3.0, **measure}],
    }
    return msgspec.msgpack.encode(model)


@pytest.mark.parametrize(
    "measure",
    [{"value": float("nan")}, {"value": float("inf")}, {"step": -(2**63)}],
    ids=str,
)
def test_a_logged_model_with_an_odd_measure(api: Api, measure: dict[str, Any]):
    body = logged_model(api, **measure)
    made = api.ask("POST", f"{api.home}/imports/logged-models", body, headers=(MSGPACK,))
    assert (made.status, made.json["is_new"]) == (200, True)


@pytest.mark.parametrize("step", [2**63, 2**64 - 1])
def test_a_step_beyond_64_bits_is_refused(api: Api, step: int):
    body = logged_model(api, step=step)
    path = f"{api.home}/imports/logged-models"
    assert api.refused("POST", path, body, headers=(MSGPACK,)) == (400, "NumberOutOfRange")


@pytest.mark.parametrize("version", [-(2**63), -1, 0, 2**63 - 1])
def test_a_number_that_no_version_can_have(api: Api, version: int):
    api.done("POST", f"{api.home}/imports/registered-models", {"name": "m", **TIMES})
    body = {"name": "m", "version": version, **TIMES}
    assert api.refused("POST", f"{api.home}/imports/versions", body) == (409, "VersionTaken")
