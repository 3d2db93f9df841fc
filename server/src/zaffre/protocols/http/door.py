"""One Litestar application out of routers, with everything that its routes have in common."""

import contextlib
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from litestar import Litestar, Request, Response, Router, get
from litestar.di import Provide
from litestar.handlers import BaseRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin

from zaffre.base.text import shown
from zaffre.domain.access import Permission
from zaffre.domain.errors import InvalidError
from zaffre.protocols.http.asgi import App
from zaffre.protocols.http.authentication import (
    Authentication,
    Authenticator,
    Connection,
    check_routes,
    require_permission,
)
from zaffre.protocols.http.bodies import MAX_JSON_BYTES, StrictRequest
from zaffre.protocols.http.call import Call
from zaffre.protocols.http.errors import UnsupportedMediaError, create_exception_handlers
from zaffre.protocols.http.house import House

_UNAVAILABLE: Final = 503
_INFERRED: Final = r".*(inferred style|Inferred dependency|without a body marker)"


def create_door(house: House, authenticator: Authenticator, routers: Sequence[Router]) -> App:
    """Return the application behind which every route authenticates and asks a permission.

    Raises:
        RuntimeError: A route declares no permission.
    """
    app = create_litestar(house, routers)
    check_routes(app)
    return Authentication(app, authenticator)


def create_litestar(house: House, routers: Sequence[Router]) -> Litestar:
    """Return the application without its authentication, for tests of the route table."""

    def call_of(request: Request[Any, Any, Any]) -> Call:
        return Call(house, request)

    with plain_parameters():
        return Litestar(
            route_handlers=[
                healthz,
                _readyz(lambda: house.changes.stopping),
                openapi,
                *routers,
            ],
            dependencies={"call": Provide(call_of, sync_to_thread=False)},
            guards=[require_permission, require_plain_request],
            request_class=StrictRequest,
            request_max_body_size=MAX_JSON_BYTES,
            exception_handlers=create_exception_handlers(),
            logging_config=None,
            openapi_config=_openapi_config(house.server.version),
        )


@contextlib.contextmanager
def plain_parameters() -> Iterator[None]:
    """Make applications of handlers whose parameters have no markers.

    Litestar 3 wants one on every parameter; before it a plain annotation says as much.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", _INFERRED, DeprecationWarning)
        yield


@get("/healthz", permission=Permission.PUBLIC)
async def healthz() -> dict[str, str]:
    """Tell that the process answers."""
    return {"status": "ok"}


@get("/openapi.json", permission=Permission.SERVER_READ, include_in_schema=False)
async def openapi(request: Request[Any, Any, Any]) -> dict[str, Any]:
    """Describe this API."""
    return request.app.openapi_schema.to_schema()


def require_plain_request(connection: Connection, handler: BaseRouteHandler) -> None:
    """Refuse compressed bodies, and parameters that are sent twice where one is expected.

    Raises:
        UnsupportedMediaError: `UnsupportedContentEncoding`.
        InvalidError: `RepeatedParameter`.
    """
    encoding = connection.headers.get("content-encoding", "identity")
    if encoding.lower() != "identity":
        raise UnsupportedMediaError(
            "UnsupportedContentEncoding",
            f"The content encoding {shown(encoding)} is not taken here.",
            target="Content-Encoding",
            hint="Send the body as it is.",
        )
    if b"&" in connection.scope["query_string"]:
        _check_repeated(connection, handler)


def _check_repeated(connection: Connection, handler: BaseRouteHandler) -> None:
    for name, field in handler.parsed_fn_signature.parameters.items():
        sent = getattr(field.kwarg_definition, "name", None) or name
        many = field.is_non_string_sequence or any(
            inner.is_non_string_sequence for inner in field.inner_types
        )
        if not many and len(connection.query_params.getall(sent, [])) > 1:
            raise InvalidError(
                "RepeatedParameter", f"The parameter `{sent}` is sent twice.", target=sent
            )


def _readyz(stopping: Callable[[], bool]) -> Any:  # noqa: ANN401 (a route handler)
    @get("/readyz", permission=Permission.PUBLIC)
    async def readyz() -> Response[dict[str, str]]:
        """Tell whether requests are welcome."""
        if stopping():
            return Response({"status": "stopping"}, status_code=_UNAVAILABLE)
        return Response({"status": "ready"})

    return readyz


def _openapi_config(version: str) -> OpenAPIConfig:
    return OpenAPIConfig(
        title="zaffre",
        version=version,
        render_plugins=[JsonRenderPlugin(path="/")],
        openapi_router=Router(
            "/openapi",
            route_handlers=[],
            include_in_schema=False,
            opt={"permission": Permission.SERVER_READ},
        ),
    )
