"""The doors without a socket: real stores in a temporary folder, requests as raw ASGI."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from databases import open_empty
from zaffre.adapters.blobs.local import LocalBlobs
from zaffre.adapters.blobs.logs import LocalLogs
from zaffre.adapters.builders import plan
from zaffre.adapters.builders.kept import KeptFolders
from zaffre.adapters.datafiles.choice import ChosenFiles
from zaffre.adapters.launchers.process import ProcessLauncher
from zaffre.adapters.queries.choice import ChosenQueries
from zaffre.adapters.vaults.aes import AesVault
from zaffre.base.clock import system_clock
from zaffre.base.ids import new_id, new_secret
from zaffre.protocols.http.authentication import Authenticator
from zaffre.protocols.http.changes import Changes
from zaffre.protocols.http.door import create_door
from zaffre.protocols.http.house import House
from zaffre.protocols.http.security import Security
from zaffre.services.beats import Beats
from zaffre.services.context import Context
from zaffre.services.data_access import DataAccess
from zaffre.services.environment_pruning import EnvironmentPruner
from zaffre.services.eraser import Eraser
from zaffre.services.programs import Programs
from zaffre.services.tokens import digest_of
from zaffre.services.work import Work
from zaffre_sdk.wire.server import ServerOut

SECRET = "owner-secret-of-these-tests"  # noqa: S105
BEARER = (b"authorization", b"Bearer " + SECRET.encode())
HOST = (b"host", b"127.0.0.1:8642")
JSON = (b"content-type", b"application/json")


@dataclass
class Reply:
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    complete: bool = False

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> dict[str, Any]:
        return self.json["error"]

    @property
    def code(self) -> str:
        assert self.headers["x-ms-error-code"] == self.error["code"]
        return self.error["code"]


def bytes_of(body: Any) -> bytes:
    """Return a body as it is sent: bytes as they are, nothing for None, the rest as JSON."""
    if isinstance(body, bytes):
        return body
    return b"" if body is None else json.dumps(body).encode()


def bearer_of(token: str | None) -> tuple[bytes, bytes]:
    """Return the header of a token; of the owner's without one."""
    return BEARER if token is None else (b"authorization", b"Bearer " + token.encode())


async def ask(
    app: Any,
    method: str,
    target: str,
    *,
    headers: Iterable[tuple[bytes, bytes]] = (BEARER, HOST),
    body: bytes | Iterable[bytes] = b"",
) -> Reply:
    """Send one request and return what came back."""
    from urllib.parse import unquote  # noqa: PLC0415

    path, _, query = target.partition("?")
    chunks = [body] if isinstance(body, bytes) else list(body)
    sent = list(headers)
    if body and not any(name == b"content-type" for name, _ in sent):
        sent.append(JSON)
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": sent,
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8642),
    }
    waiting = [
        {"type": "http.request", "body": chunk, "more_body": number < len(chunks) - 1}
        for number, chunk in enumerate(chunks)
    ]
    reply = Reply()
    done = asyncio.Event()

    async def receive() -> dict[str, Any]:
        if waiting:
            return waiting.pop(0)
        await done.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            reply.status = message["status"]
            reply.headers = {n.decode().lower(): v.decode() for n, v in message["headers"]}
        else:
            reply.body += message.get("body", b"")
            if not message.get("more_body", False):
                reply.complete = True
                done.set()

    try:
        await app(scope, receive, send)
    finally:
        done.set()
    return reply


@dataclass(frozen=True)
class Doors:
    app: Any
    house: House
    authenticator: Authenticator


@contextlib.asynccontextmanager
async def open_doors(folder: Path, routers: Iterable[Any]) -> AsyncIterator[Doors]:
    """Open a house in `folder` behind the given routers, wrapped as the server wraps them."""
    loop = asyncio.get_running_loop()
    clock = system_clock()
    roots = {"data": folder / "data root"}
    roots["data"].mkdir(exist_ok=True)
    changes = Changes(loop)
    known: list[Authenticator] = []
    context = Context(
        clock=clock,
        new_id=new_id,
        new_secret=new_secret,
        wakeup=changes,
        tokens_removed=lambda run_id: known[0].forget_run(run_id),  # noqa: PLW0108 (made later)
        vault=AesVault("0" * 64),
        data_roots=roots,
        check_environment=plan.check,
    )
    transactions = open_empty(folder / "zaffre.db")
    work = Work(transactions, context)
    blobs, logs = LocalBlobs(folder / "blobs", folder / "tmp"), LocalLogs(folder / "logs")
    launcher = ProcessLauncher(folder)
    data_files = ChosenFiles(folder / "datastores", roots)
    house = House(
        work=work,
        blobs=blobs,
        logs=logs,
        data_files=data_files,
        data_access=DataAccess(work, data_files),
        queries=ChosenQueries(),
        eraser=Eraser(
            work,
            blobs,
            logs,
            remove_folder=launcher.forget,
            remove_files=data_files.remove_workspace,
            untouched_seconds=-1,
        ),
        pruner=EnvironmentPruner(work, KeptFolders(folder / "environments"), logs),
        beats=Beats(clock.monotonic),
        programs=Programs(clock.monotonic),
        changes=changes,
        clock=clock,
        server=ServerOut(version="0", instance="i", home=str(folder), started_at=0.0),
        url="http://127.0.0.1:8642",
    )
    known.append(Authenticator(work, digest_of(SECRET)))
    app = create_door(house, known[0], list(routers))
    wrapped = Security(app, hosts=["ml.example.org"], origins=[], new_id=new_id)
    try:
        yield Doors(wrapped, house, known[0])
    finally:
        await transactions.close()
