"""Questions to an MLflow server."""

import json
import tempfile
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final, NoReturn
from urllib.parse import quote, urlencode, urlsplit

from zaffre_sdk.connections import BrokenError, Incoming, Pool

from zaffre.importing.errors import BrokenThingError, ImportingError

_SECONDS: Final = 120.0
_TRIES: Final = 5
_FIRST_PAUSE: Final = 0.2
_LATER: Final = frozenset({429, 502, 503, 504})
_OK: Final = 200
_ABSENT: Final = 404
_DENIED: Final = frozenset({401, 403})


class AbsentError(BrokenThingError):
    """The server knows no such thing, or no such question."""


class _Said(dict[str, Any]):
    """An object of an answer."""

    def __missing__(self, key: str) -> NoReturn:
        raise BrokenThingError(f"the server did not say `{key}`")


class Web:
    """Asks one server; shared by threads."""

    def __init__(self, url: str, environment: Mapping[str, str]) -> None:
        """Know the server; nothing is sent.

        Raises:
            ImportingError: The address is none.
        """
        try:
            parts = urlsplit(url)
        except ValueError as error:
            raise ImportingError(f"`{url}` is no address: {error}.") from error
        host = parts.netloc.rpartition("@")[2]
        self._url = parts._replace(netloc=host, query="", fragment="").geturl().rstrip("/")
        self._headers = {"accept": "*/*", "user-agent": "zaffre", **_credentials(environment)}
        self._pool = Pool()

    def get(self, path: str, query: Mapping[str, object]) -> dict[str, Any]:
        """Return the answer to a GET.

        Raises:
            AbsentError: There is none.
            BrokenThingError: The server refused.
            ImportingError: The server does not answer, or not to us.
        """
        given = [(key, value) for key, value in query.items() if value not in (None, "")]
        return self._json("GET", f"{path}?{urlencode(given)}" if given else path, None)

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return the answer to a POST that only asks; raises as `get`."""
        return self._json("POST", path, json.dumps(body).encode())

    def pages(self, path: str, body: Mapping[str, Any], key: str) -> Iterator[Any]:
        """Yield what the pages of a search hold; raises as `get`."""
        return _pages(partial(self.post, path), body, key)

    def listed(self, path: str, query: Mapping[str, object], key: str) -> Iterator[Any]:
        """Yield what the pages of a listing hold, asked with GET; raises as `get`."""
        return _pages(partial(self.get, path), query, key)

    @contextmanager
    def file(self, path: str, query: Mapping[str, object]) -> Iterator[Path]:
        """Give a file that is fetched, for a while; raises as `get`."""
        address = f"{quote(path, safe='/')}?{urlencode(list(query.items()))}"
        with tempfile.TemporaryDirectory(prefix="zaffre-import-") as folder:
            target = Path(folder) / "file"

            def save(answer: Incoming) -> None:
                with target.open("wb") as opened:
                    for chunk in answer.chunks():
                        opened.write(chunk)

            self._asked("GET", address, None, save)
            yield target

    def close(self) -> None:
        """Close every connection."""
        self._pool.close()

    def _json(self, method: str, path: str, body: bytes | None) -> dict[str, Any]:
        # The last one is whole: a reading that broke off was begun again.
        answers: list[bytes] = []
        self._asked(method, path, body, lambda answer: answers.append(answer.read()))
        try:
            said = json.loads(answers[-1], object_hook=_Said)
        except (ValueError, RecursionError) as error:
            raise BrokenThingError(f"the answer to {path} is no JSON") from error
        if not isinstance(said, _Said):
            raise BrokenThingError(f"the answer to {path} is no object")
        return said

    def _asked(
        self, method: str, path: str, body: bytes | None, use: Callable[[Incoming], None]
    ) -> None:
        headers = self._headers | ({"content-type": "application/json"} if body else {})
        pause = _FIRST_PAUSE
        for left in reversed(range(_TRIES)):
            try:
                with self._pool.answer(
                    method, self._url + path, headers=headers, body=body, seconds=_SECONDS
                ) as answer:
                    if answer.status == _OK:
                        use(answer)
                        return
                    if answer.status not in _LATER or not left:
                        raise _refusal(answer, path)
            except BrokenError as error:
                if not left or error.hopeless:
                    raise ImportingError(
                        f"No MLflow server answers at {self._url}: {error}"
                    ) from error
            time.sleep(pause)
            pause *= 2


def _pages(
    ask: Callable[[dict[str, object]], Mapping[str, Any]], asked: Mapping[str, object], key: str
) -> Iterator[Any]:
    token = ""
    while True:
        answer = ask({**asked, **({"page_token": token} if token else {})})
        yield from answer.get(key) or ()
        token = answer.get("next_page_token") or ""
        if not token:
            return


def _refusal(answer: Incoming, path: str) -> Exception:
    text = answer.read()[:500].decode("utf-8", "replace")
    where = path.partition("?")[0]
    if answer.status in _DENIED:
        return ImportingError(
            f"The server answered {answer.status} to {where}. Set MLFLOW_TRACKING_TOKEN, or "
            "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD."
        )
    kind = AbsentError if answer.status == _ABSENT else BrokenThingError
    return kind(f"the server answered {answer.status} to {where}: {text}")


def _credentials(environment: Mapping[str, str]) -> dict[str, str]:
    name = environment.get("MLFLOW_TRACKING_USERNAME")
    token = environment.get("MLFLOW_TRACKING_TOKEN")
    if name is not None:
        secret = f"{name}:{environment.get('MLFLOW_TRACKING_PASSWORD', '')}"
        return {"authorization": f"Basic {b64encode(secret.encode()).decode()}"}
    return {"authorization": f"Bearer {token}"} if token else {}
