"""The REST interface of an API server."""

import asyncio
import base64
import ssl
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import httpcore
import msgspec

from zaffre.adapters.launchers.kubernetes.kubeconfig import Access

_SECONDS: Final = 15.0
_WHOLE_SECONDS: Final = 60.0
"""For an answer that comes, but slowly."""
_CONNECTIONS: Final = 8
_PAGE: Final = 500
_MAX_PAGES: Final = 40
_MAX_ANSWER: Final = 64 << 20
_SHOWN: Final = 500
_REFUSED: Final = 400
_PASSING: Final = frozenset({408, 429, 500, 502, 503, 504})
MISSING: Final = 404
TAKEN: Final = 409
_TOO_MUCH: Final = "The API server says too much."


class ApiAwayError(Exception):
    """The API server does not answer, or not now."""


class ApiRefusedError(Exception):
    """The API server refuses a request; says why.

    Attributes:
        status: The HTTP status; 0 when what answered was no API server.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(status, message)
        self.status = status

    def __str__(self) -> str:
        return str(self.args[1])


class KubernetesApi:
    """Asks one API server.

    Args:
        access: How it is reached.

    Raises:
        ApiRefusedError: What opens it cannot be used.
    """

    def __init__(self, access: Access) -> None:
        self._access = access
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=_trust(access), max_connections=_CONNECTIONS, keepalive_expiry=30.0
        )

    async def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        query: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Return the object that is answered.

        Raises:
            ApiAwayError: It does not answer; what was asked for may have been done.
            ApiRefusedError: It refuses.
        """
        status, answer = await self._send(method, path, body, query)
        if status >= _REFUSED:
            raise self._failure(status, answer)
        try:
            found = msgspec.json.decode(answer)
        except (msgspec.DecodeError, UnicodeDecodeError):
            found = None
        if not isinstance(found, dict):
            raise ApiRefusedError(0, f"What answers at {self._access.url} is no API server.")
        return found

    async def items(self, path: str, query: Mapping[str, str]) -> list[dict[str, Any]]:
        """Return everything in a list, page by page.

        Raises:
            ApiAwayError: It does not answer.
            ApiRefusedError: It refuses.
        """
        found: list[dict[str, Any]] = []
        more = ""
        for _ in range(_MAX_PAGES):
            asked = {**query, "limit": str(_PAGE), **({"continue": more} if more else {})}
            page = await self.ask("GET", path, query=asked)
            found.extend(page.get("items") or [])
            more = str((page.get("metadata") or {}).get("continue") or "")
            if not more:
                return found
        raise ApiRefusedError(0, _TOO_MUCH)

    async def text(self, path: str, query: Mapping[str, str]) -> str:
        """Return a text, such as the log of a pod; errors as for `ask`."""
        status, answer = await self._send("GET", path, None, query)
        if status >= _REFUSED:
            raise self._failure(status, answer)
        return answer.decode(errors="replace")

    async def close(self) -> None:
        """Close the connections."""
        await self._pool.aclose()

    async def _send(
        self, method: str, path: str, body: object, query: Mapping[str, str] | None
    ) -> tuple[int, bytes]:
        access = self._access
        asked = f"?{urlencode(query)}" if query else ""
        content = None if body is None else msgspec.json.encode(body)
        extensions: dict[str, Any] = {
            "timeout": dict.fromkeys(("connect", "read", "write", "pool"), _SECONDS)
        }
        if access.server_name:
            extensions["sni_hostname"] = access.server_name
        try:
            async with (
                asyncio.timeout(_WHOLE_SECONDS),
                self._pool.stream(
                    method,
                    f"{access.url}{path}{asked}",
                    headers=self._headers(has_body=content is not None),
                    content=content,
                    extensions=extensions,
                ) as response,
            ):
                return response.status, await _body(response)
        except (
            httpcore.NetworkError,
            httpcore.TimeoutException,
            httpcore.ProtocolError,
            OSError,
            ValueError,  # a name that cannot be looked up
        ) as error:
            said = str(error) or type(error).__name__
            raise ApiAwayError(
                f"The API server at {access.url} does not answer: {said}."
            ) from error

    def _headers(self, *, has_body: bool) -> list[tuple[str, str]]:
        access = self._access
        token = access.token
        if access.token_file:
            # A pod's own is replaced every hour.
            token = Path(access.token_file).read_text("utf-8").strip()
        if not (token.isascii() and token.isprintable()):
            # Whoever sent it on would be told all of it.
            raise ApiRefusedError(0, "The token for the cluster is none: it is no line of ASCII.")
        headers = [("accept", "application/json"), ("user-agent", "zaffre")]
        if token:
            headers.append(("authorization", f"Bearer {token}"))
        elif access.login is not None:
            login = base64.b64encode(":".join(access.login).encode()).decode()
            headers.append(("authorization", f"Basic {login}"))
        if has_body:
            headers.append(("content-type", "application/json"))
        return headers

    def _failure(self, status: int, answer: bytes) -> Exception:
        try:
            said = str(msgspec.json.decode(answer)["message"])
        except (msgspec.DecodeError, UnicodeDecodeError, LookupError, TypeError):
            said = answer[:_SHOWN].decode(errors="replace").strip()
        said = said[:_SHOWN]
        if status in _PASSING:
            return ApiAwayError(f"The API server at {self._access.url} answered {status}: {said}")
        return ApiRefusedError(status, f"The cluster answers {status}: {said}")


async def _body(response: httpcore.Response) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_stream():
        body += chunk
        if len(body) > _MAX_ANSWER:
            raise ApiRefusedError(0, _TOO_MUCH)
    return bytes(body)


def _trust(access: Access) -> ssl.SSLContext:
    """Return what the connections are made with."""
    try:
        context = ssl.create_default_context(cadata=access.authority or None)
        if not access.is_verified:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if access.certificate:
            _show_certificate(context, access)
    except (ssl.SSLError, OSError, ValueError) as error:
        raise ApiRefusedError(
            0, f"The certificates of the cluster are of no use: {error}"
        ) from error
    return context


def _show_certificate(context: ssl.SSLContext, access: Access) -> None:
    """Let the client say who it is; the library reads that from a file alone."""
    with tempfile.NamedTemporaryFile("w", prefix="zaffre-", encoding="ascii") as file:
        file.write(f"{access.certificate}\n{access.key}\n")
        file.flush()
        # Without one it would be asked for at the terminal of the server.
        context.load_cert_chain(file.name, password="")
