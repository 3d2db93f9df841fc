from collections.abc import Iterator
from typing import Any

from doors import BEARER, HOST
from protocol.mlflow.conftest import Mlflow

SIZE = 8 << 20


def test_a_file_is_not_read_for_a_client_that_is_gone(mlflow: Mlflow):
    run_id = mlflow.run(big_bin=bytes(SIZE))
    scope = {
        "type": "http",
        "method": "GET",
        "path": f"/api/2.0/mlflow-artifacts/artifacts/runs/{run_id}/big.bin",
        "query_string": b"",
        "headers": [BEARER, HOST, (b"x-mlflow-workspace", b"ws")],
    }
    said: Iterator[dict[str, Any]] = iter(
        [{"type": "http.request", "body": b"", "more_body": False}, {"type": "http.disconnect"}]
    )
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return next(said)

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    mlflow.runner.run(mlflow.app(scope, receive, send))

    assert sent[0]["status"] == 200
    assert sum(len(message["body"]) for message in sent[1:]) < SIZE
