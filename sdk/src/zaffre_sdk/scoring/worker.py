"""The process that holds the user's code: `init` once, then `run` for every frame."""

from __future__ import annotations

import contextlib
import gc
import json
import logging
import os
import socket
import sys
from time import perf_counter
from typing import Any, NoReturn

from zaffre_sdk.scoring.answers import MODEL_ERROR, answer_of, error_answer
from zaffre_sdk.scoring.calls import BodyError, Caller, caller_of, wants_headers
from zaffre_sdk.scoring.diagnosis import BAD_REQUEST, diagnose
from zaffre_sdk.scoring.frames import (
    FAILED,
    MAX_MICROSECONDS,
    READY,
    Answer,
    FrameReader,
    Request,
    answer_frame,
    frame,
    parse_request,
)
from zaffre_sdk.scoring.schema import Schema, schema_of, swagger
from zaffre_sdk.scoring.script import Script, ScriptError, initialize, load, user_traceback

_RECEIVE_BYTES = 1 << 18


def work(descriptor: int) -> NoReturn:
    """Serve on a socket until its other end closes; ends the process."""
    connection = socket.socket(fileno=descriptor)
    try:
        script, schema = _start()
    except ScriptError as error:
        _write(error.details or error.message)
        connection.sendall(frame(0, FAILED, _failure(error)))
        _end(1)
    about = {"headers": wants_headers(script)}
    document = swagger(os.environ.get("ZAFFRE_ENDPOINT_NAME", "service"), schema)
    try:
        connection.sendall(frame(0, READY, json.dumps(about).encode() + b"\n" + document))
        _serve(connection, script, schema)
    except (BrokenPipeError, ConnectionResetError):
        _write("The server closed the connection.")
    _end(0)


def _start() -> tuple[Script, Schema]:
    root = os.environ.get("AML_APP_ROOT", os.getcwd())  # noqa: PTH109 (no pathlib: it costs every start)
    os.chdir(root)
    sys.path[0] = root
    logging.basicConfig(
        level=logging.INFO,
        stream=sys.stderr,
        format="%(asctime)s %(levelname).1s [%(process)d] %(name)s - %(message)s",
    )
    script = load(os.path.join(root, os.environ["AZUREML_ENTRY_SCRIPT"]))  # noqa: PTH118
    initialize(script)
    schema = schema_of(script.run)
    # What was imported and loaded stays: looking through it again and again costs requests time.
    gc.collect()
    gc.freeze()
    return script, schema


def _serve(connection: socket.socket, script: Script, schema: Schema) -> None:
    call = caller_of(script, is_declared=schema.is_declared)
    reader = FrameReader()
    receive, send = connection.recv, connection.sendall
    while data := receive(_RECEIVE_BYTES):
        # Each answer leaves at once: a following call may take long, and its neighbours must not
        # wait for it. Sending is a hundredth of what a small model takes.
        for number, _, payload in reader.feed(data):
            send(answer_frame(number, _answer(call, parse_request(payload), schema)))


def _answer(call: Caller, request: Request, schema: Schema) -> Answer:
    start = perf_counter()
    try:
        result = call(request)
    except BodyError as error:
        return error_answer(BAD_REQUEST, error.code, error.message, inner=_inner(schema))
    except (Exception, SystemExit) as error:  # noqa: BLE001 (whatever the script raises)
        _write(user_traceback(error))
        return _blamed(request.body, error, schema)
    took = int((perf_counter() - start) * 1_000_000)
    return _converted(result, min(took, MAX_MICROSECONDS))


def _blamed(body: bytes, error: BaseException, schema: Schema) -> Answer:
    found = diagnose(body, error, sample=schema.declared_sample)
    inner = _inner(schema) if found.status == BAD_REQUEST else {"type": type(error).__name__}
    return error_answer(found.status, found.code, found.message, inner=inner)


def _converted(result: Any, microseconds: int) -> Answer:
    try:
        return answer_of(result, microseconds)
    except Exception as error:  # noqa: BLE001 (methods of what the script returned are called)
        message = (
            f"`run` returned a `{type(result).__name__}` that cannot be answered: {error}. "
            "Return numbers, strings, lists and dictionaries, or an AMLResponse."
        )
        _write(message)
        return error_answer(MODEL_ERROR, "ResultNotSerializable", message)


def _inner(schema: Schema) -> dict[str, Any]:
    return {"sample": schema.sample}


def _failure(error: ScriptError) -> bytes:
    content = {"code": error.code, "message": error.message, "details": error.details}
    return json.dumps(content).encode()


def _write(text: str) -> None:
    sys.stderr.write(text.rstrip("\n") + "\n")
    sys.stderr.flush()


def _end(code: int) -> NoReturn:
    """End at once: threads that the user's code left must not keep the process."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):  # nobody reads it, or the script closed it
            stream.flush()
    os._exit(code)
