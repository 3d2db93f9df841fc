"""Reading and writing of bodies: JSON as MLflow's protocol buffers write it.

Numbers of 64 bits and numbers that JSON does not have (`"NaN"`, `"Infinity"`) may come as text,
and a field that is not known is passed over, so that newer clients are understood.
"""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, Generic, TypeVar, get_args, get_origin
from urllib.parse import parse_qs

import msgspec

from zaffre.base.text import shown
from zaffre.domain.errors import InvalidError

S = TypeVar("S")
T = TypeVar("T")
encode = msgspec.json.Encoder().encode
_AT: Final = re.compile(r" - at `\$\.?(?P<path>.*)`$", re.DOTALL)
_MISSING: Final = re.compile(r"Object missing required field `(?P<name>.*?)`", re.DOTALL)
_STEP: Final = re.compile(r"[^.\[\]]+")
_MAX_PARAMETERS: Final = 2000
_MAX_SHOWN: Final = 200


class Reader(Generic[S]):
    """Reads bodies and queries as one shape; made once for each route."""

    def __init__(self, shape: type[S]) -> None:
        self._shape = shape
        self._decode = msgspec.json.Decoder(shape, strict=False).decode
        fields = msgspec.structs.fields(shape)  # type: ignore[arg-type,unused-ignore]
        self._lists = {f.encode_name for f in fields if _is_list(f.type)}

    def body(self, body: bytes) -> S:
        """Return the body as the shape; an empty one is an empty object.

        Raises:
            InvalidError: `InvalidJson`, `MissingField` or `InvalidType`, naming the field.
        """
        try:
            return self._decode(body or b"{}")
        except msgspec.ValidationError as error:
            raise _refusal(error, _read_loosely(body)) from None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise InvalidError(
                "InvalidJson", f"The body is not JSON: {error}.", hint="Send a JSON object."
            ) from None

    def query(self, query: bytes) -> S:
        """Return the parameters of a query as the shape.

        Raises:
            InvalidError: As `body`.
        """
        try:
            given = parse_qs(
                query.decode(), keep_blank_values=True, max_num_fields=_MAX_PARAMETERS
            )
        except ValueError as error:
            raise InvalidError("InvalidParameter", f"The query cannot be read: {error}.") from None
        values = {k: v if k in self._lists else v[-1] for k, v in given.items()}
        try:
            return msgspec.convert(values, self._shape, strict=False)
        except msgspec.ValidationError as error:
            raise _refusal(error, values) from None


def number_out(value: float) -> float | str:
    """Return a number as JSON can say it."""
    if math.isfinite(value):
        return value
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


def pairs_out(pairs: Mapping[str, str]) -> list[dict[str, str]]:
    """Return tags or params as MLflow lists them."""
    return [{"key": key, "value": value} for key, value in pairs.items()]


def required(value: T | None, name: str) -> T:
    """Return the value of a field that must not be missing or empty.

    Raises:
        InvalidError: `MissingField`, in the words of MLflow's own server.
    """
    if value is None or (isinstance(value, Sequence) and not value):
        raise _missing(name)
    return value


def _is_list(shape: Any) -> bool:  # noqa: ANN401 - types have no common type
    """Tell whether a field holds a list, or nothing."""
    return any(get_origin(one) in {list, tuple} for one in (shape, *get_args(shape)))


def _refusal(error: msgspec.ValidationError, given: object) -> InvalidError:
    words = str(error)
    at = _AT.search(words)
    path = at["path"] if at else ""
    missing = _MISSING.match(words)
    if missing:
        return _missing(f"{path}.{missing['name']}" if path else missing["name"])
    refused = _value_at(given, path)
    if refused is None and path:
        return _missing(path)
    # Clients look for the value as JSON has it.
    value = encode(refused).decode("utf-8", "replace")
    if len(value) > _MAX_SHOWN:
        value = f"{value[:_MAX_SHOWN]}…"
    return InvalidError(
        "InvalidType",
        f"Invalid value {value} for parameter '{path}' supplied: {_AT.sub('', words)}.",
        target=path or shown(words),
        hint="See the API docs for more information about request parameters.",
    )


def _missing(name: str) -> InvalidError:
    return InvalidError(
        "MissingField",
        f"Missing value for required parameter '{name}'.",
        target=name,
        hint="See the API docs for more information about request parameters.",
    )


def _read_loosely(body: bytes) -> object:
    """Return what a body says, whatever it should say; None where another part is not JSON."""
    try:
        return msgspec.json.decode(body or b"{}")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _value_at(given: object, path: str) -> object:
    """Return the value at a path such as `metrics[0].value`; None where it leads nowhere."""
    for step in _STEP.findall(path):
        if isinstance(given, dict):
            given = given.get(step)
        elif isinstance(given, list) and step.isdecimal() and int(step) < len(given):
            given = given[int(step)]
        else:
            return None
    return given
