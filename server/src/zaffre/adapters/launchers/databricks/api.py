"""The REST interface of a workspace of Databricks: files, and runs of its Jobs API 2.1."""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar
from urllib.parse import quote, urlencode

import msgspec
from zaffre_sdk.connections import BrokenError, Incoming, Pool
from zaffre_sdk.wire import decoding

T = TypeVar("T")
_SECONDS: Final = 30.0
_SHOWN: Final = 500
_MAX_ERROR: Final = 2000
_MAX_ANSWER: Final = 1 << 22
_OK: Final = 200
_TOO_MANY: Final = 429
_FAULT: Final = 500
_MISSING: Final = "RESOURCE_DOES_NOT_EXIST"
_OVER: Final = frozenset({"TERMINATED", "SKIPPED", "INTERNAL_ERROR"})
_WAITING: Final = frozenset({"PENDING", "QUEUED", "BLOCKED", "WAITING_FOR_RETRY"})
_SUCCESS: Final = "SUCCESS"
_MAX_PAGES: Final = 100
_TOKEN: Final = re.compile(r"[!-~]+")
"""What a header can say."""


class DatabricksAwayError(Exception):
    """The workspace does not answer."""


class DatabricksRefusedError(Exception):
    """The workspace answers, and not as it should; says why."""

    def __init__(self, message: str, *, is_missing: bool = False) -> None:
        super().__init__(message)
        self.is_missing = is_missing


@dataclass(frozen=True, slots=True)
class Bricks:
    """Where a workspace is, and what opens it."""

    url: str
    token: str = field(repr=False)


class _State(msgspec.Struct, frozen=True):
    life_cycle_state: str = ""
    result_state: str = ""
    state_message: str = ""


class _Task(msgspec.Struct, frozen=True):
    run_id: int


class JobRun(msgspec.Struct, frozen=True):
    """A run of a job as its workspace shows it.

    Attributes:
        tasks: What it consists of; ours have one.
    """

    run_id: int
    run_name: str = ""
    state: _State = _State()
    run_page_url: str = ""
    tasks: list[_Task] = msgspec.field(default_factory=list)

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        return self.state.life_cycle_state in _OVER

    @property
    def waits(self) -> bool:
        """Whether its cluster is not ready for it yet."""
        return self.state.life_cycle_state in _WAITING

    @property
    def is_success(self) -> bool:
        """Whether it ended well."""
        return self.state.result_state == _SUCCESS

    @property
    def words(self) -> str:
        """What its workspace says of it."""
        said = (self.state.result_state or self.state.life_cycle_state, self.state.state_message)
        return ": ".join(filter(None, said))


class _Page(msgspec.Struct, frozen=True):
    runs: list[JobRun] = msgspec.field(default_factory=list)
    next_page_token: str = ""


class _Submitted(msgspec.Struct, frozen=True):
    run_id: int


class _Me(msgspec.Struct, frozen=True):
    user_name: str = msgspec.field(name="userName")


class _Output(msgspec.Struct, frozen=True):
    error: str = ""


class _Refusal(msgspec.Struct, frozen=True):
    error_code: str = ""
    message: str = ""


class DatabricksApi:
    """Asks workspaces; from any thread. Every method raises both errors above."""

    def __init__(self) -> None:
        self._pool = Pool()

    def user_name(self, bricks: Bricks) -> str:
        """Return whose token it is."""
        return self._get(bricks, "/api/2.0/preview/scim/v2/Me", _Me).user_name

    def upload(self, bricks: Bricks, path: str, text: str) -> None:
        """Write a file of the workspace, and the folders above it."""
        self._post(bricks, "/api/2.0/workspace/mkdirs", {"path": path.rpartition("/")[0]})
        content = base64.b64encode(text.encode()).decode()
        asked = {"path": path, "format": "AUTO", "content": content, "overwrite": True}
        self._post(bricks, "/api/2.0/workspace/import", asked)

    def submit(self, bricks: Bricks, asked: Mapping[str, Any]) -> int:
        """Submit a run once, however often its `idempotency_token` is seen; return its id."""
        body = self._post(bricks, "/api/2.1/jobs/runs/submit", asked)
        return self._read(bricks, body, _Submitted).run_id

    def find(self, bricks: Bricks, run_id: int) -> JobRun | None:
        """Return a run; None when the workspace knows none of that id."""
        query = urlencode({"run_id": run_id})
        try:
            return self._get(bricks, f"/api/2.1/jobs/runs/get?{query}", JobRun)
        except DatabricksRefusedError as error:
            if error.is_missing:
                return None
            raise

    def find_going(self, bricks: Bricks, name: str) -> JobRun | None:
        """Return a one-time run of that name which is not over; None when there is none."""
        asked = {"active_only": "true", "run_type": "SUBMIT_RUN"}
        for _ in range(_MAX_PAGES):
            page = self._get(bricks, f"/api/2.1/jobs/runs/list?{urlencode(asked)}", _Page)
            found = next((run for run in page.runs if run.run_name == name), None)
            if found is not None or not page.next_page_token:
                return found
            asked["page_token"] = page.next_page_token
        return None

    def cancel(self, bricks: Bricks, run_id: int) -> None:
        """Ask a run to end."""
        self._post(bricks, "/api/2.1/jobs/runs/cancel", {"run_id": run_id})

    def error(self, bricks: Bricks, run: JobRun) -> str:
        """Return what the task of a run ended with; nothing where that is not told."""
        if not run.tasks:
            return ""
        query = urlencode({"run_id": run.tasks[0].run_id})
        path = f"/api/2.1/jobs/runs/get-output?{query}"
        return self._get(bricks, path, _Output).error[:_MAX_ERROR]

    def _get(self, bricks: Bricks, path: str, kind: type[T]) -> T:
        return self._read(bricks, self._ask(bricks, "GET", path, None), kind)

    def _post(self, bricks: Bricks, path: str, content: Mapping[str, Any]) -> bytes:
        return self._ask(bricks, "POST", path, msgspec.json.encode(content))

    def _read(self, bricks: Bricks, body: bytes, kind: type[T]) -> T:
        try:
            return decoding.from_json(body, kind)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise DatabricksRefusedError(
                f"What answers at {bricks.url} is no workspace of Databricks: {error}. Give the "
                "address of the workspace, such as https://adb-….azuredatabricks.net."
            ) from None

    def _ask(self, bricks: Bricks, method: str, path: str, body: bytes | None) -> bytes:
        if not _TOKEN.fullmatch(bricks.token):
            # Sending it would fail with an error that shows it.
            raise DatabricksRefusedError(
                "The access token of the target is empty, or has characters that no token has. "
                "Give it again."
            )
        headers = {"authorization": f"Bearer {bricks.token}"}
        if body:
            headers["content-type"] = "application/json"
        url = bricks.url + path
        try:
            with self._pool.answer(
                method, url, headers=headers, body=body, seconds=_SECONDS
            ) as incoming:
                status, answer = incoming.status, _body(incoming)
        except BrokenError as error:
            if error.hopeless:
                raise DatabricksRefusedError(f"`{bricks.url}` cannot be asked: {error}.") from None
            raise DatabricksAwayError(
                f"The workspace of Databricks at {bricks.url} does not answer: {error}."
            ) from error
        except ValueError as error:
            raise DatabricksRefusedError(f"`{bricks.url}` cannot be asked: {error}.") from None
        if status == _OK:
            return answer
        raise _refusal(f"{method} {bricks.url}{path.partition('?')[0]}", status, answer)


def url_of(address: str) -> str:
    """Return the address of a workspace as a URL, without what browsers show behind it."""
    plain = re.split(r"[?#]", address.strip())[0].rstrip("/")
    whole = plain if re.match(r"https?://", plain) else f"https://{plain}"
    return quote(whole, safe=":/.@%[]")


def _body(incoming: Incoming) -> bytes:
    """Return the body of an answer; whatever is at an address that was given may talk for ever."""
    body = b""
    for chunk in incoming.chunks():
        body += chunk
        if len(body) > _MAX_ANSWER:
            raise DatabricksRefusedError("What answers there says too much.")
    return body


def _refusal(
    asked: str, status: int, answer: bytes
) -> DatabricksAwayError | DatabricksRefusedError:
    try:
        said = decoding.from_json(answer, _Refusal)
    except (msgspec.DecodeError, UnicodeDecodeError):
        said = _Refusal(message=answer[:_SHOWN].decode(errors="replace").strip())
    words = " ".join(filter(None, [said.error_code, said.message[:_SHOWN]]))
    message = f"{asked} was answered {status}: {words}"
    if status == _TOO_MANY or status >= _FAULT:
        return DatabricksAwayError(message)
    # For a run that is not there `runs/get` says that its parameter has no good value.
    is_missing = said.error_code == _MISSING or "does not exist" in said.message
    return DatabricksRefusedError(message, is_missing=is_missing)
