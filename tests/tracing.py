"""The door of MLflow programs without a socket, and spans as OpenTelemetry writes them."""

import asyncio
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from doors import BEARER, HOST, Doors, Reply, ask, bearer_of, bytes_of, open_doors
from zaffre.domain.access import Token
from zaffre.protocols.mlflow.door import create_mlflow_app
from zaffre.services.tokens import digest_of

PROTOBUF = (b"content-type", b"application/x-protobuf")
START_NS = 1_700_000_000_123_456_789
TRACES = "/api/3.0/mlflow/traces"
SPACE = {"subscription_id": "...", "resource_group": "group"}


@dataclass
class TracingDoor:
    """Asks one after the other, in the workspace `here` unless another one is named."""

    runner: asyncio.Runner
    doors: Doors
    app: Any

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: tuple[tuple[bytes, bytes], ...] = (),
        token: str | None = None,
        workspace: str = "here",
    ) -> Reply:
        named = (b"x-mlflow-workspace", workspace.encode())
        asked = [bearer_of(token), HOST, named, *headers]
        return self.runner.run(ask(self.app, method, path, headers=asked, body=bytes_of(body)))

    def done(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        reply = self.ask(method, path, body, **more)
        assert reply.status == 200, reply.body
        return reply.json

    def refused(self, method: str, path: str, body: Any = None, **more: Any) -> tuple[int, str]:
        reply = self.ask(method, path, body, **more)
        return reply.status, reply.json["error_code"]

    def experiment(self, name: str, *, workspace: str = "here") -> str:
        made = self.work(
            lambda s, owner: s.experiments.ensure(
                self._workspace_id(s, owner, workspace), name, caller=owner
            )
        )
        return made.id

    def archive(self, name: str) -> None:
        from zaffre.services.experiments import ExperimentChange  # noqa: PLC0415 (one test alone)

        self.work(
            lambda s, owner: s.experiments.change(
                self._workspace_id(s, owner, "here"),
                name,
                ExperimentChange(archived=True),
                caller=owner,
            )
        )

    def run(self, experiment: str) -> str:
        """Return the id of a new run."""
        from zaffre.domain.runs import RunKind, RunSpec  # noqa: PLC0415 (as above)
        from zaffre.services.runs import NewRun  # noqa: PLC0415 (as above)

        made = self.work(
            lambda s, owner: s.runs.create(
                self._workspace_id(s, owner, "here"),
                NewRun(experiment_name=experiment, spec=RunSpec(kind=RunKind.INTERACTIVE)),
                caller=owner,
            )
        )
        return made.id

    def token_of(self, run_id: str) -> str:
        """Return a token for that run, as its runner has one."""

        def add(services: Any, owner: Any) -> None:
            services.stores.tokens.add(
                Token(
                    digest=digest_of(f"secret of {run_id}"),
                    name=f"run {run_id}",
                    role="run",
                    workspace_id=self._workspace_id(services, owner, "here"),
                    run_id=run_id,
                    created_at=self.doors.house.clock.now(),
                )
            )

        self.work(add)
        return f"secret of {run_id}"

    def work(self, use: Any) -> Any:
        owner = self.runner.run(self.doors.authenticator.principal_of([BEARER]))
        return self.runner.run(self.doors.house.work.write(lambda s: use(s, owner)))

    def _workspace_id(self, services: Any, owner: Any, name: str) -> str:
        return next(w.id for w in services.workspaces.list(caller=owner) if w.name == name)


@contextmanager
def open_tracing(folder: Path) -> Iterator[TracingDoor]:
    """Open the door in `folder`, with the workspaces `here` and `there`."""
    from zaffre.services.workspaces import NewWorkspace  # noqa: PLC0415 (as above)

    with asyncio.Runner() as runner:
        opening = open_doors(folder, [])
        doors = runner.run(opening.__aenter__())
        door = TracingDoor(runner, doors, create_mlflow_app(doors.house, doors.authenticator))
        try:
            for name in ("here", "there"):
                door.work(
                    lambda s, _, name=name: s.workspaces.create(
                        NewWorkspace(name=name, **SPACE), exist_ok=True
                    )
                )
            yield door
        finally:
            runner.run(opening.__aexit__(None, None, None))


def varint(number: int) -> bytes:
    made = bytearray()
    while number > 0x7F:
        made.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*made, number])


def message(number: int, content: bytes | str) -> bytes:
    """Return a field that holds bytes, a text or a message."""
    raw = content.encode() if isinstance(content, str) else content
    return varint(number << 3 | 2) + varint(len(raw)) + raw


def fixed64(number: int, value: int) -> bytes:
    return varint(number << 3 | 1) + value.to_bytes(8, "little")


def any_value(value: Any) -> bytes:  # noqa: PLR0911 (one for each kind)
    match value:
        case None:
            return b""
        case bool():
            return varint(2 << 3) + varint(value)
        case str():
            return message(1, value)
        case int():
            return varint(3 << 3) + varint(value & (1 << 64) - 1)
        case float():
            return varint(4 << 3 | 1) + struct.pack("<d", value)
        case bytes():
            return message(7, value)
        case list():
            return message(5, b"".join(message(1, any_value(each)) for each in value))
        case _:
            return message(6, attributes(1, value))


def attributes(number: int, values: dict[str, Any]) -> bytes:
    return b"".join(
        message(number, message(1, key) + message(2, any_value(value)))
        for key, value in values.items()
    )


def span(  # noqa: PLR0913 (the fields of a span)
    trace: int = 1,
    number: int = 1,
    *,
    parent: int = 0,
    name: str = "root",
    status: int = 1,
    said: dict[str, Any] | None = None,
    more: bytes = b"",
) -> bytes:
    """Return a `Span` of a quarter of a second."""
    above = message(4, parent.to_bytes(8, "big")) if parent else b""
    return (
        message(1, trace.to_bytes(16, "big"))
        + message(2, number.to_bytes(8, "big"))
        + above
        + message(5, name)
        + fixed64(7, START_NS + number)
        + fixed64(8, START_NS + 250_000_000)
        + attributes(9, said or {})
        + message(15, message(2, "why") + varint(3 << 3) + varint(status))
        + more
    )


def request(*spans: bytes, resource: dict[str, Any] | None = None) -> bytes:
    """Return an `ExportTraceServiceRequest`."""
    scope = b"".join(message(2, each) for each in spans)
    return message(1, message(1, attributes(1, resource or {})) + message(2, scope))


def trace_id(number: int) -> str:
    return f"tr-{number:032x}"


def info(trace: str = "tr-1", experiment: str = "0", **fields: Any) -> dict[str, Any]:
    """Return the body that tells what a trace was."""
    told = {
        "trace_id": trace,
        "trace_location": {
            "type": "MLFLOW_EXPERIMENT",
            "mlflow_experiment": {"experiment_id": experiment},
        },
        "request_time": "2023-11-14T22:13:20.123Z",
        "execution_duration": "1.250s",
        "state": "OK",
        "request_preview": "in",
        "response_preview": "out",
        "client_request_id": "c1",
        "trace_metadata": {"mlflow.user": "me"},
        "tags": {"mlflow.traceName": "answer", "color": "red"},
        **fields,
    }
    return {"trace": {"trace_info": told, "spans": []}}


def tell(
    door: TracingDoor, trace: str = "tr-1", experiment: str = "0", **fields: Any
) -> dict[str, Any]:
    """Tell what a trace was, and return it."""
    body = info(trace, experiment, **fields)
    return door.done("POST", TRACES, body)["trace"]["trace_info"]


def search(
    door: TracingDoor, filter_: str = "", *, experiment: str = "0", **more: Any
) -> dict[str, Any]:
    place = {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": experiment}}
    body = {"locations": [place], "filter": filter_, **more}
    return door.done("POST", f"{TRACES}/search", body)


def found(door: TracingDoor, filter_: str = "", **more: Any) -> list[str]:
    return [trace["trace_id"] for trace in search(door, filter_, **more)["traces"]]


def send(door: TracingDoor, *spans: bytes) -> None:
    headers = (PROTOBUF, (b"x-mlflow-experiment-id", b"0"))
    assert door.ask("POST", "/v1/traces", request(*spans), headers=headers).status == 200


def fill(door: TracingDoor) -> None:
    """Tell of the older trace `tr-a` and the newer `tr-b`."""
    source = {"source_type": "CODE", "source_id": ""}
    tell(
        door,
        "tr-a",
        request_time="2023-11-14T22:13:20Z",
        tags={"mlflow.traceName": "first", "color": "red"},
        trace_metadata={"mlflow.user": "me", "mlflow.sourceRun": "r-1"},
        assessments=[
            {"assessment_name": "good", "source": source, "feedback": {"value": "yes"}},
            {"assessment_name": "score", "source": source, "feedback": {"value": 0.75}},
        ],
    )
    tell(
        door,
        "tr-b",
        state="ERROR",
        request_time="2023-11-14T22:13:21Z",
        execution_duration="3s",
        client_request_id="c-b",
        tags={"mlflow.traceName": "second", "color": "blue", "shape": "round"},
        assessments=[
            {"assessment_name": "score", "source": source, "feedback": {"value": 0}},
            {"assessment_name": "want", "source": source, "expectation": {"value": "x"}},
            {"assessment_name": "i-1", "source": source, "issue": {"issue_name": "slow"}},
        ],
    )
