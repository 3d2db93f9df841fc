"""The one table from kinds of errors to statuses, and the one body of every error."""

import logging
from typing import Any, Final

import msgspec
from litestar import Request, Response
from litestar.exceptions import (
    HTTPException,
    InternalServerException,
    MethodNotAllowedException,
    NotFoundException,
    ValidationException,
)
from litestar.params import ParameterKwarg
from litestar.types import ExceptionHandlersMap
from zaffre_sdk.wire.errors import ErrorBody, ErrorOut

from zaffre.base.text import shown
from zaffre.domain.errors import (
    InProgressError,
    InvalidError,
    NotFoundError,
    TooLargeError,
    ZaffreError,
)

log = logging.getLogger("zaffre.http")

STATUSES: Final = {
    "invalid": 400,
    "unauthenticated": 401,
    "forbidden": 403,
    "not_found": 404,
    "method": 405,
    "conflict": 409,
    "too_large": 413,
    "unsupported": 415,
    "range": 416,
    "mismatch": 422,
    "headers": 431,
    "internal": 500,
    "unavailable": 503,
    "storage_full": 507,
}
JSON: Final = "application/json"
_SERVER_ERROR: Final = 500
_RETRY_AFTER: Final = "1"


class UnsupportedMediaError(ZaffreError):
    """A body in a form that this route does not take."""

    kind = "unsupported"


class MethodError(ZaffreError):
    """A method that this path does not know.

    Attributes:
        allowed: The methods that it knows.
    """

    kind = "method"

    def __init__(self, method: str, allowed: str) -> None:
        super().__init__(
            "MethodNotAllowed",
            f"The method {shown(method)} is not known here.",
            target="method",
            hint=f"Use one of {allowed}.",
        )
        self.allowed = allowed


class RangeError(ZaffreError):
    """A Range header that asks for what is not there, or for more than one part.

    Attributes:
        size: How many bytes there are.
    """

    kind = "range"

    def __init__(self, header: str, size: int) -> None:
        super().__init__(
            "InvalidRange",
            f"The range {shown(header)} cannot be answered; there are {size} bytes.",
            target="Range",
            hint="Ask for one range, such as `bytes=0-1023`.",
        )
        self.size = size


class InternalError(ZaffreError):
    """A defect of the server; the log says which.

    Attributes:
        request_id: Finds the line in the log.
    """

    def __init__(self, request_id: str) -> None:
        super().__init__(
            "InternalError",
            "The server failed to answer this request.",
            hint=f"The server's log has the reason under the request id `{request_id}`.",
        )
        self.request_id = request_id


def status_of(error: ZaffreError) -> int:
    """Return the status of an error."""
    return STATUSES.get(error.kind, _SERVER_ERROR)


def body_of(error: ZaffreError) -> bytes:
    """Return the JSON body of an error."""
    inner = {"hint": _clean(error.hint)} if error.hint else {}
    if isinstance(error, InternalError):
        inner["request_id"] = error.request_id
    target = None if error.target is None else _clean(error.target)
    body = ErrorBody(
        code=error.code, message=_clean(error.message), target=target, innererror=inner
    )
    return msgspec.json.encode(ErrorOut(error=body))


def headers_of(error: ZaffreError) -> dict[str, str]:
    """Return the headers that belong to an error."""
    headers = {"content-type": JSON, "x-ms-error-code": error.code}
    match error.kind:
        case "unauthenticated":
            headers["www-authenticate"] = "Bearer"
        case "unavailable":
            headers["retry-after"] = _RETRY_AFTER
    match error:
        case MethodError(allowed=allowed):
            headers["allow"] = allowed
        case RangeError(size=size):
            headers["content-range"] = f"bytes */{size}"
        case InProgressError(retry_after=seconds):
            headers["retry-after"] = str(seconds)
    return headers


def create_exception_handlers() -> ExceptionHandlersMap:
    """Return what Litestar does with exceptions of every sort."""
    return {ZaffreError: _answer_ours, HTTPException: _answer_litestars, Exception: _answer_defect}


def record(error: ZaffreError, *, method: str, path: str, request_id: str) -> None:
    """Write the log line of an error."""
    status = status_of(error)
    fields = {
        "request_id": request_id,
        "method": method,
        "path": path,
        "status": status,
        "code": error.code,
    }
    level = logging.ERROR if status >= _SERVER_ERROR else logging.INFO
    cause = error.__cause__
    info = (type(cause), cause, cause.__traceback__) if cause else None
    log.log(level, error.message, extra={"fields": fields}, exc_info=info)


def _answer_ours(request: Request[Any, Any, Any], error: ZaffreError) -> Response[bytes]:
    record(
        error,
        method=request.method,
        path=request.scope["path"],
        request_id=request.scope["state"].get("request_id", ""),
    )
    headers = headers_of(error)
    media_type = headers.pop("content-type")
    return Response(
        body_of(error), status_code=status_of(error), headers=headers, media_type=media_type
    )


def _answer_litestars(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    match error:
        case ValidationException():
            ours: ZaffreError = _invalid_parameter(request, error)
        case MethodNotAllowedException():
            headers = {name.lower(): value for name, value in (error.headers or {}).items()}
            ours = MethodError(request.method, headers.get("allow", ""))
        case NotFoundException():
            path = shown(request.scope["path"])
            ours = NotFoundError("RouteNotFound", f"There is nothing at {path}.")
        case _ if error.status_code == STATUSES["too_large"]:
            limit = request.route_handler.resolve_request_max_body_size()
            ours = TooLargeError("BodyTooLarge", f"The body is larger than {limit} bytes.")
        case InternalServerException(detail="client disconnected prematurely"):
            # Nobody reads the answer; the log must not call it a defect of ours.
            ours = InvalidError("BodyIncomplete", "The body ended early: the client went away.")
        case _ if error.status_code < _SERVER_ERROR:
            ours = InvalidError("InvalidRequest", shown(error.detail))
        case _:
            return _answer_defect(request, error)
    return _answer_ours(request, ours)


def _answer_defect(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    ours = InternalError(request.scope["state"].get("request_id", ""))
    ours.__cause__ = error
    return _answer_ours(request, ours)


def _invalid_parameter(
    request: Request[Any, Any, Any], error: ValidationException
) -> InvalidError:
    first = error.extra[0] if isinstance(error.extra, list) and error.extra else {}
    name = first.get("key", "")
    if name == "data":
        return InvalidError(
            "InvalidJson",
            "The body is empty; it ends at byte 0.",
            target="$",
            hint="Send a JSON object.",
        )
    rule = _range_of(request, name)
    return InvalidError(
        "InvalidParameter",
        f"The parameter `{name}` is not allowed: {first.get('message', error.detail)}.",
        target=name,
        hint=rule,
    )


def _range_of(request: Request[Any, Any, Any], name: str) -> str | None:
    field = request.route_handler.parsed_fn_signature.parameters.get(name)
    rule = field.kwarg_definition if field else None
    if not isinstance(rule, ParameterKwarg) or rule.ge is None or rule.le is None:
        return None
    return f"Send a number from {rule.ge} to {rule.le}."


def _clean(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()
