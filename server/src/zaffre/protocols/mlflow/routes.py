"""The table of routes: which handler answers a method and a path, and what it asks of callers."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import msgspec

from zaffre.domain.access import Permission
from zaffre.protocols.mlflow.call import MlflowCall
from zaffre.protocols.mlflow.messages import Reader

MAX_BODY_BYTES: Final = 16 << 20
_TAIL: Final = "{path...}"


@dataclass(slots=True)
class Answer:
    """What a handler answers when it is not a JSON body with status 200.

    Attributes:
        chunks: Streamed behind the body; then `headers` should say the content length.
    """

    status: int = 200
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""
    chunks: AsyncIterator[bytes] | None = None


Reply = msgspec.Struct | dict[str, Any] | bytes | Answer | None
Handler = Callable[..., Awaitable[Reply]]
"""Called with the call, and with the body as its shape where the route has one. It answers a
structure or a dictionary to be written as JSON, JSON bytes as they are, None for `{}`, or an
`Answer`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One route.

    Attributes:
        path: From `/api/…` on; a segment `{name}` takes any one, `{path...}` at the end the rest.
        reader: Reads the body, or the query of a GET; None when the handler does so itself.
        needs_workspace: False for what is asked before any workspace is known.
    """

    method: str
    path: str
    handler: Handler
    permission: Permission
    reader: Reader[Any] | None = None
    limit: int = MAX_BODY_BYTES
    needs_workspace: bool = True

    async def answer(self, call: MlflowCall) -> Reply:
        """Read the request and call the handler."""
        if self.reader is None:
            return await self.handler(call)
        if self.method == "GET":
            return await self.handler(call, self.reader.query(call.scope["query_string"]))
        return await self.handler(call, self.reader.body(await call.body(limit=self.limit)))


def route(  # noqa: PLR0913 - the columns of the table
    method: str,
    path: str,
    handler: Handler,
    permission: Permission,
    *,
    shape: type[Any] | None = None,
    limit: int = MAX_BODY_BYTES,
    needs_workspace: bool = True,
) -> Route:
    """Return a route; see `Route`."""
    return Route(
        method=method,
        path=path,
        handler=handler,
        permission=permission,
        reader=None if shape is None else Reader(shape),
        limit=limit,
        needs_workspace=needs_workspace,
    )


class Match(NamedTuple):
    """The route of a request, and what its address says."""

    route: Route
    params: dict[str, str]


class RouteTable:
    """Finds routes; those without variable segments in one look."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._fixed: dict[tuple[str, str], Route] = {}
        self._variable: list[tuple[tuple[str, ...], Route]] = []
        for one in routes:
            if "{" in one.path:
                self._variable.append((tuple(one.path.split("/")), one))
            elif self._fixed.setdefault((one.method, one.path), one) is not one:
                raise RuntimeError(f"The route {one.method} {one.path} is there twice.")

    def __iter__(self) -> Iterator[Route]:
        """Yield every route."""
        yield from self._fixed.values()
        yield from (one for _, one in self._variable)

    def find(self, method: str, path: str) -> Match | None:
        """Return the route of a request, if there is one."""
        found = self._fixed.get((method, path))
        if found is not None:
            return Match(found, {})
        segments = path.split("/")
        for pattern, one in self._variable:
            if one.method == method:
                params = _matched(pattern, segments)
                if params is not None:
                    return Match(one, params)
        return None

    def methods(self, path: str) -> list[str]:
        """Return the methods that an address knows."""
        known = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD")
        return [method for method in known if self.find(method, path)]


def _matched(pattern: tuple[str, ...], segments: list[str]) -> dict[str, str] | None:
    has_tail = pattern[-1] == _TAIL
    fixed = len(pattern) - has_tail
    if len(segments) < fixed or (len(segments) > fixed and not has_tail):
        return None
    params = {}
    for expected, given in zip(pattern[:fixed], segments, strict=False):
        if expected.startswith("{"):
            if not given:
                return None
            params[expected[1:-1]] = given
        elif expected != given:
            return None
    if has_tail:
        params["path"] = "/".join(segments[fixed:])
    return params
