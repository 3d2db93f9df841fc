"""Values read as shapes, by several threads at once.

msgspec 0.22 hands out the description of a struct's fields before it is whole. A second thread
that reads the same struct for the first time meanwhile follows pointers that are not there yet,
and the process dies. So shapes are described by one thread at a time, each once.
"""

import threading
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")
_describing = threading.Lock()
_json_decoders: dict[Any, "msgspec.json.Decoder[Any]"] = {}
_msgpack_decoders: dict[Any, "msgspec.msgpack.Decoder[Any]"] = {}


def from_json(data: bytes, shape: type[T]) -> T:
    """Return JSON as a value of the shape.

    Raises:
        msgspec.DecodeError: It is not JSON, or does not fit.
        UnicodeDecodeError: A text in it is not UTF-8.
    """
    decoder = _json_decoders.get(shape)
    if decoder is None:
        with _describing:
            decoder = _json_decoders.setdefault(shape, msgspec.json.Decoder(shape))
    value: T = decoder.decode(data)
    return value


def from_msgpack(data: bytes, shape: type[T]) -> T:
    """Return MessagePack as a value of the shape.

    Raises:
        msgspec.DecodeError: It is not MessagePack, or does not fit.
        UnicodeDecodeError: A text in it is not UTF-8.
    """
    decoder = _msgpack_decoders.get(shape)
    if decoder is None:
        with _describing:
            decoder = _msgpack_decoders.setdefault(shape, msgspec.msgpack.Decoder(shape))
    value: T = decoder.decode(data)
    return value


def from_plain(value: object, shape: type[T]) -> T:
    """Return lists, dictionaries and scalars as a value of the shape.

    Raises:
        msgspec.ValidationError: It does not fit.
    """
    if shape not in _json_decoders:
        with _describing:
            _json_decoders.setdefault(shape, msgspec.json.Decoder(shape))
    return msgspec.convert(value, shape)
