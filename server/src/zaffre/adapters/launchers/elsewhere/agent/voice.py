"""What a pod says to the server, and is told by it, until its runner takes over."""

from __future__ import annotations

import http.client
import json
import sys
import threading
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

from zaffre.adapters.launchers.elsewhere.agent import place as places

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
_SECONDS = 30.0
_FIRST_PATIENCE = 30.0  # the engine takes a pod that says nothing for a minute for broken
_PATIENCE = 1800.0
_PAUSE = 0.2
_LONGEST_PAUSE = 5.0
_BEAT_SECONDS = 2.0
_CHUNK = 1 << 20
_BUILD_LOG = "azureml-logs/20_image_build_log.txt"
_OVER = ("StaleAttempt", "AttemptStarted", "RunIsTerminal", "RunNotFound", "WorkspaceNotFound")
_UNAUTHENTICATED = 401
_GONE = 410
_TOO_MANY = 429
_FAULT = 500


class OverError(Exception):
    """The run is no longer this pod's: it was canceled, replaced or deleted."""


class Link:
    """Asks the server, again and again while it is away.

    Args:
        order: As the launcher wrote it.

    Attributes:
        was_heard: Whether the server has ever answered.
    """

    def __init__(self, order: dict[str, Any]) -> None:
        self._url = str(order["server_url"]).rstrip("/")
        self._token = order["token"]
        self._attempt = order["attempt"]
        workspace, run = quote(order["workspace_id"], safe=""), quote(order["run_id"], safe="")
        self._path = f"/api/v1/workspaces/{workspace}/runs/{run}"
        self.was_heard = False
        # The server is reached as it is, as runners do; what pods say to others goes by a proxy.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def beat(self) -> None:
        """Say that this pod lives.

        Raises:
            OverError: Nobody wants it any more.
        """
        asked = {"attempt": self._attempt, "state": "Starting"}
        told = json.loads(self.ask("POST", "/attempt/beat", asked))
        if told.get("cancel"):
            raise OverError("the run was canceled")

    def fail(self, code: str, message: str) -> None:
        """End the run: it cannot be prepared."""
        error = {"code": code, "message": message}
        asked = {"attempt": self._attempt, "outcome": "Failed", "error": error}
        self.ask("POST", "/attempt/end", asked)

    def log_size(self) -> int:
        """Return how long the log of the preparation is."""
        listed = json.loads(self.ask("GET", "/logs"))["value"]
        return next((int(log["size"]) for log in listed if log["path"] == _BUILD_LOG), 0)

    def append(self, offset: int, data: bytes) -> int:
        """Continue that log; return how long it is then."""
        path = f"/logs/{_BUILD_LOG}?offset={offset}"
        return int(json.loads(self.ask("PUT", path, data))["size"])

    def fetch(self, digest: str, take: Callable[[int, bytes], None]) -> None:
        """Fetch a file that was laid ready for this attempt; what comes is given to `take`.

        It begins anew, at 0, when it breaks off.
        """

        def use(answer: http.client.HTTPResponse) -> None:
            offset = 0
            while True:
                chunk = answer.read(_CHUNK)
                if not chunk:
                    break
                take(offset, chunk)
                offset += len(chunk)
            if answer.length:
                raise http.client.IncompleteRead(b"", answer.length)

        self._asked("GET", f"/attempt/files/{digest}", None, use)

    def ask(self, method: str, path: str, body: object = None) -> bytes:
        """Return what is answered.

        Raises:
            OverError: The run is not this pod's any more.
            FailedError: The server refuses, or cannot be reached.
        """
        return self._asked(method, path, body, http.client.HTTPResponse.read)

    def _asked(
        self, method: str, path: str, body: object, use: Callable[[http.client.HTTPResponse], T]
    ) -> T:
        """Ask until there is a whole answer, and return what `use` makes of it."""
        pause = _PAUSE
        deadline = time.monotonic() + (_PATIENCE if self.was_heard else _FIRST_PATIENCE)
        while True:
            try:
                request = self._request(method, path, body)
                with self._opener.open(request, timeout=_SECONDS) as answer:
                    self.was_heard = True
                    return use(answer)
            except urllib.error.HTTPError as error:
                with error:
                    said = self._judged(error)
            except (OSError, http.client.HTTPException) as error:
                said = str(getattr(error, "reason", "")) or str(error) or type(error).__name__
            if time.monotonic() > deadline:
                raise places.FailedError(
                    f"This pod cannot reach the server at {self._url}: {said}. Set `server_url` "
                    "of the compute target to an address that pods reach."
                )
            time.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    def _request(self, method: str, path: str, body: object) -> urllib.request.Request:
        headers = {"authorization": f"Bearer {self._token}"}
        data: bytes | None = None
        if isinstance(body, bytes):
            data, headers["content-type"] = body, "application/octet-stream"
        elif body is not None:
            data, headers["content-type"] = json.dumps(body).encode(), "application/json"
        return urllib.request.Request(  # noqa: S310 (the address that the order names)
            f"{self._url}{self._path}{path}", data=data, method=method, headers=headers
        )

    def _judged(self, error: urllib.error.HTTPError) -> str:
        """Return why to try again, or raise why not to."""
        code = error.headers.get("x-ms-error-code", "")
        if error.code in (_UNAUTHENTICATED, _GONE) or code in _OVER:
            raise OverError(f"{error.code} {code}")
        said = error.read(1000).decode(errors="replace")
        if error.code < _FAULT and error.code != _TOO_MANY:
            raise places.FailedError(
                f"The server at {self._url} answers {error.code} {code}: {said}"
            )
        return f"it answers {error.code} {said}"


class Voice:
    """Sends lines and signs of life in the background.

    Args:
        link: To the server.
    """

    def __init__(self, link: Link) -> None:
        self._link = link
        self._lines: list[str] = []
        self._lock = threading.Lock()
        self._done = threading.Event()
        self._size: int | None = None
        self._thread: threading.Thread | None = None

    def start(self, over: Callable[[], None]) -> None:
        """Begin; `over` is called once nobody wants the pod any more."""
        self._thread = threading.Thread(
            target=self._keep_telling, args=(over,), name="voice", daemon=True
        )
        self._thread.start()

    def say(self, line: str) -> None:
        """Take a line for people; from any thread."""
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
        with self._lock:
            self._lines.append(line)

    def stop(self) -> None:
        """Send what is left, and end."""
        self._done.set()
        if self._thread is not None:
            self._thread.join()

    def _keep_telling(self, over: Callable[[], None]) -> None:
        try:
            while not self._done.wait(_BEAT_SECONDS):
                self._tell()
                self._link.beat()
            self._tell()
        except OverError as error:
            sys.stdout.write(f"The pod ends: {error}\n")
            over()
        except places.FailedError as error:
            # What is done meanwhile needs the server, too, and says so.
            sys.stdout.write(f"{error}\n")

    def _tell(self) -> None:
        with self._lock:
            lines, self._lines = self._lines, []
        if not lines:
            return
        if self._size is None:
            self._size = self._link.log_size()
        data = "".join(f"{line}\n" for line in lines).encode(errors="replace")
        self._size = self._link.append(self._size, data)
