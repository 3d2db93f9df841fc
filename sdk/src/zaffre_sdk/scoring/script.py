"""The user's entry script: found, imported, and its two functions checked."""

from __future__ import annotations

import importlib.util
import inspect
import os
import sys
import traceback
from typing import Any, Callable, NamedTuple, NoReturn

from zaffre_sdk.scoring.raw import RAW_MARK

_RAW_TYPES = ("AMLRequest", "RawRequest")


class ScriptError(Exception):
    """The script cannot serve.

    Attributes:
        code: A stable name of the reason.
        details: The traceback, if there is one.
    """

    def __init__(self, code: str, message: str, details: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = details


class Script(NamedTuple):
    """What the script offers.

    Attributes:
        parameters: The parameters of `run` by name.
        wants_raw: `run` takes the whole request.
    """

    init: Callable[[], Any]
    run: Callable[..., Any]
    parameters: dict[str, inspect.Parameter]
    wants_raw: bool


def load(path: str) -> Script:
    """Import the script with its folder first on the path.

    Raises:
        ScriptError: `UserScriptImportError` or `UserScriptFunctionNotFound`.
    """
    sys.path.insert(0, os.path.dirname(path))  # noqa: PTH120 (pathlib costs every start)
    name = os.path.basename(path)  # noqa: PTH119
    module_name = os.path.splitext(name)[0]  # noqa: PTH122
    spec = importlib.util.spec_from_file_location(module_name, path)
    if spec is None or spec.loader is None:
        raise ScriptError("UserScriptImportError", f"`{name}` is no Python script.")
    module = importlib.util.module_from_spec(spec)
    sys.modules.setdefault(module_name, module)
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # noqa: BLE001 (whatever the script raises)
        words = f"Importing `{name}` raised {named(error).rstrip('.')}."
        _refuse("UserScriptImportError", words, error)
    init, run = (_function(module, which, name) for which in ("init", "run"))
    parameters = _parameters(run)
    return Script(init, run, parameters, _is_raw(run, parameters))


def initialize(script: Script) -> None:
    """Call `init`.

    Raises:
        ScriptError: `UserScriptInitFailed`, with the traceback.
    """
    try:
        script.init()
    except (Exception, SystemExit) as error:  # noqa: BLE001 (whatever the script raises)
        _refuse("UserScriptInitFailed", f"`init` raised {named(error).rstrip('.')}.", error)


def named(error: BaseException) -> str:
    """Return an error in one line: its type and its message."""
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 (an error of the script's own making)
        text = ""
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def user_traceback(error: BaseException) -> str:
    """Return the traceback without the frames of this package."""
    trace = error.__traceback__
    while trace is not None and _is_ours(trace.tb_frame.f_code.co_filename):
        trace = trace.tb_next
    return "".join(traceback.format_exception(type(error), error, trace))


def _is_ours(file: str) -> bool:
    return file.startswith("<frozen importlib") or os.path.dirname(file) == os.path.dirname(  # noqa: PTH120
        __file__
    )


def _refuse(code: str, message: str, error: BaseException) -> NoReturn:
    raise ScriptError(code, message, user_traceback(error)) from error


def _function(module: Any, which: str, name: str) -> Callable[..., Any]:
    function = getattr(module, which, None)
    if not callable(function):
        raise ScriptError("UserScriptFunctionNotFound", f"`{name}` has no function `{which}()`.")
    return function  # type: ignore[no-any-return]  # callable() narrows to (...) -> object


def _parameters(run: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    try:
        return dict(inspect.signature(run).parameters)
    except (TypeError, ValueError):  # a function of a compiled module tells nothing of itself
        return {}


def _is_raw(run: Callable[..., Any], parameters: dict[str, inspect.Parameter]) -> bool:
    if getattr(run, RAW_MARK, False):
        return True
    first = next(iter(parameters.values()), None)
    kind = getattr(first, "annotation", None)
    return kind in _RAW_TYPES or getattr(kind, "__name__", None) in _RAW_TYPES
