"""Calling an endpoint."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from zaffre_sdk.errors import ServerUnreachableError

_SECONDS = 300.0


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


def score(uri: str, body: str | bytes, *, secret: str | None = None) -> Scored:
    """Send `body` to an endpoint and return the answer, whatever its status.

    Raises:
        ServerUnreachableError: Nothing answered.
    """
    import urllib3  # noqa: PLC0415 (slow to load, and not every program scores)

    headers = {"Content-Type": "application/json"}
    if isinstance(body, bytes):
        headers["Content-Type"] = "application/octet-stream"
    if secret:
        headers["Authorization"] = f"Bearer {secret}"
    try:
        answer = urllib3.request(
            "POST", uri, body=body, headers=headers, timeout=_SECONDS, retries=False
        )
    except urllib3.exceptions.HTTPError as error:
        raise ServerUnreachableError(f"Nothing answered at {uri}: {error}.") from error
    return Scored(answer.status, dict(answer.headers), answer.data)
