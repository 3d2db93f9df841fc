"""From a request to the arguments of `run`, in the manner that the script asks for."""

from __future__ import annotations

import inspect
import json
from typing import Any, Callable
from urllib.parse import parse_qsl

from zaffre_sdk.scoring.frames import Request, parse_headers
from zaffre_sdk.scoring.raw import Headers, RawRequest
from zaffre_sdk.scoring.script import Script

HEADERS_PARAMETER = "request_headers"
Caller = Callable[[Request], Any]


class BodyError(Exception):
    """The request does not fit what the script declared; `run` was not called.

    Attributes:
        code: A stable name of the reason.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def wants_headers(script: Script) -> bool:
    """Tell whether header fields need to reach this script at all."""
    return script.wants_raw or HEADERS_PARAMETER in script.parameters


def caller_of(script: Script, *, is_declared: bool) -> Caller:
    """Return a function that calls `run` for a request.

    Args:
        script: What is called.
        is_declared: The script declared its input, so that a body's keys become arguments.
    """
    if script.wants_raw:
        return _raw_caller(script)
    if is_declared:
        return _keyword_caller(script)
    if HEADERS_PARAMETER in script.parameters:
        return _text_and_headers_caller(script)
    run = script.run
    return lambda request: run(_text(request))


def _raw_caller(script: Script) -> Caller:
    run = script.run

    def call(request: Request) -> Any:
        headers = Headers(parse_headers(request.headers))
        return run(RawRequest(request.method, request.path, headers=headers, body=request.body))

    return call


def _text_and_headers_caller(script: Script) -> Caller:
    run = script.run
    name = next((name for name in script.parameters if name != HEADERS_PARAMETER), None)

    def call(request: Request) -> Any:
        arguments: dict[str, Any] = {HEADERS_PARAMETER: _headers(request)}
        if name is not None:
            arguments[name] = _text(request)
        return run(**arguments)

    return call


def _keyword_caller(script: Script) -> Caller:
    run, parameters = script.run, script.parameters
    takes_all = any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters.values())

    def call(request: Request) -> Any:
        given = _object(request)
        arguments = given if takes_all else {k: v for k, v in given.items() if k in parameters}
        if HEADERS_PARAMETER in parameters:
            arguments[HEADERS_PARAMETER] = _headers(request)
        for name, parameter in parameters.items():
            if name not in arguments and _is_needed(parameter):
                raise BodyError("MissingField", f"The body has no `{name}`.")
        return run(**arguments)

    return call


def _is_needed(parameter: inspect.Parameter) -> bool:
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return parameter.default is inspect.Parameter.empty and parameter.kind in named


def _text(request: Request) -> str | bytes:
    """Return the body as text, or as bytes when it is none."""
    if request.method == "GET":
        return json.dumps(_query(request))
    try:
        return request.body.decode("utf-8")
    except UnicodeDecodeError:
        return request.body


def _object(request: Request) -> dict[str, Any]:
    if request.method == "GET":
        return _query(request)
    if not request.body:
        raise BodyError("InvalidJson", "The body is empty; a JSON object is expected.")
    try:
        body = json.loads(request.body)
    except ValueError as error:
        raise BodyError("InvalidJson", f"The body is not JSON: {error}.") from error
    if not isinstance(body, dict):
        raise BodyError("InvalidType", "The body is not a JSON object.")
    return body


def _query(request: Request) -> dict[str, Any]:
    """Return the query parameters, parsed where they are JSON; repeated ones as lists."""
    gathered: dict[str, list[Any]] = {}
    for name, text in parse_qsl(request.path.partition("?")[2], keep_blank_values=True):
        gathered.setdefault(name, []).append(_parsed(text))
    return {name: found[0] if len(found) == 1 else found for name, found in gathered.items()}


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _headers(request: Request) -> dict[str, str]:
    return dict(Headers(parse_headers(request.headers)))
