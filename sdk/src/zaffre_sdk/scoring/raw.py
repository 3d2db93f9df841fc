"""Whole HTTP requests and answers for scripts that ask for them.

`azureml.contrib.services` gives these their Azure ML names: `rawhttp`, `AMLRequest`,
`AMLResponse`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any, Callable, TypeVar
from urllib.parse import parse_qsl

F = TypeVar("F", bound=Callable[..., Any])
RAW_MARK = "__zaffre_raw_http__"


def raw_http(function: F) -> F:
    """Mark `run` so that it is given the whole request.

    >>> @raw_http
    ... def run(request):
    ...     return request.get_data()
    """
    setattr(function, RAW_MARK, True)
    return function


class Headers(Mapping[str, str]):
    """Header fields by name, whatever its case."""

    def __init__(self, fields: tuple[tuple[bytes, bytes], ...]) -> None:
        self._fields = {
            name.decode("latin-1").title(): value.decode("latin-1") for name, value in fields
        }

    def __getitem__(self, name: str) -> str:
        return self._fields[name.title()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)


class RawRequest:
    """A request as it came.

    Attributes:
        full_path: The path with the query string behind a question mark.
        data: The body.
        args: The query parameters; of a repeated one, the first.
    """

    def __init__(self, method: str, path: str, *, headers: Headers, body: bytes) -> None:
        self.method = method
        self.path, _, query = path.partition("?")
        self.full_path = f"{self.path}?{query}"
        self.query_string = query.encode("latin-1")
        self.headers = headers
        self.data = body
        self.args: dict[str, str] = {}
        for name, value in parse_qsl(query, keep_blank_values=True):
            self.args.setdefault(name, value)

    @property
    def url(self) -> str:
        """The address that the client asked for."""
        return f"http://{self.headers.get('Host', 'localhost')}{self.full_path.rstrip('?')}"

    @property
    def content_type(self) -> str | None:
        """What the client says that the body is."""
        return self.headers.get("Content-Type")

    @property
    def content_length(self) -> int:
        """How many bytes the body has."""
        return len(self.data)

    @property
    def is_json(self) -> bool:
        """Whether the client says that the body is JSON."""
        media = (self.content_type or "").partition(";")[0].strip().lower()
        return media == "application/json" or media.endswith("+json")

    @property
    def json(self) -> Any:
        """The body, parsed."""
        return self.get_json()

    def get_data(self, cache: bool = True, as_text: bool = False) -> Any:  # noqa: ARG002, FBT001, FBT002 (the signature that scripts know)
        """Return the body as bytes, or with `as_text` as a string."""
        return self.data.decode("utf-8", "replace") if as_text else self.data

    def get_json(self, force: bool = False, silent: bool = False) -> Any:  # noqa: ARG002, FBT001, FBT002 (the signature that scripts know)
        """Return the body, parsed; with `silent`, None for what is no JSON."""
        try:
            return json.loads(self.data)
        except ValueError:
            if silent:
                return None
            raise


class RawResponse:
    """An answer with a status and header fields of the script's choice.

    Args:
        message: The body: text, bytes, or with `json_str` anything that JSON can say.
        status_code: The HTTP status.
        response_headers: Header fields to add.
        json_str: Whether to send `message` as JSON.
    """

    def __init__(
        self,
        message: Any,
        status_code: int,
        response_headers: Mapping[str, str] | None = None,
        json_str: bool = False,  # noqa: FBT001, FBT002 (the signature that scripts know)
    ) -> None:
        self.status_code = status_code
        self.headers: MutableMapping[str, str] = {
            "content-type": "application/json" if json_str else "text/html; charset=utf-8"
        }
        self.headers.update(
            {name.lower(): str(value) for name, value in (response_headers or {}).items()}
        )
        text = json.dumps(message) if json_str else message
        self._body = text if isinstance(text, bytes) else str(text).encode("utf-8")

    @property
    def data(self) -> bytes:
        """The body."""
        return self._body

    def get_data(self) -> bytes:
        """Return the body."""
        return self._body
