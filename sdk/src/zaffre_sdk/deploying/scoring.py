"""Calling an endpoint."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from zaffre_sdk.connections import BrokenError, Pool
from zaffre_sdk.errors import ServerUnreachableError
from zaffre_sdk.wire import decoding
from zaffre_sdk.wire.errors import ErrorOut

_SECONDS = 300.0
_SHOWN_BYTES = 2_000

_pool = Pool()


@dataclass(frozen=True)
class Scored:
    """What an endpoint answered."""

    status: int
    headers: dict[str, str]
    data: bytes

    @property
    def value(self) -> Any:  # noqa: ANN401 (whatever the script answers)
        """The answer as JSON says it, or its text when it is not JSON."""
        try:
            return msgspec.json.decode(self.data)
        except msgspec.DecodeError:
            return self.data.decode("utf-8", "replace")

    @property
    def failure(self) -> str:
        """What went wrong, in words, when the status says that something did."""
        try:
            error = decoding.from_json(self.data, ErrorOut).error
        except (msgspec.DecodeError, UnicodeDecodeError):
            # What the script itself answers may be of any form.
            return self.data[:_SHOWN_BYTES].decode("utf-8", "replace")
        hint = error.innererror.get("hint")
        sample = error.innererror.get("sample")
        if hint is None and sample is not None:
            hint = f"Such as {msgspec.json.encode(sample).decode()}."
        return f"{error.message} ({error.code})" + (f"\n{hint}" if hint else "")


def score(uri: str, body: str | bytes, *, secret: str | None = None) -> Scored:
    """Send `body` to an endpoint and return the answer, whatever its status.

    Raises:
        ServerUnreachableError: Nothing answered.
    """
    headers = {"Content-Type": "application/json"}
    if isinstance(body, bytes):
        headers["Content-Type"] = "application/octet-stream"
    if secret:
        headers["Authorization"] = f"Bearer {secret}"
    try:
        data = body.encode() if isinstance(body, str) else body
        with _pool.answer("POST", uri, headers=headers, body=data, seconds=_SECONDS) as answer:
            return Scored(answer.status, answer.headers, answer.read())
    except BrokenError as error:
        raise ServerUnreachableError(f"Nothing answered at {uri}: {error}.") from error
