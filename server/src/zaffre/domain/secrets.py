"""A secret: a value that only its workspace's programs may read, under a name."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from zaffre.base.text import shown
from zaffre.domain.errors import TooLargeError

MAX_SECRET_BYTES: Final = 25_600
"""As in Azure Key Vault."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """A secret as it is stored: never the value itself.

    Attributes:
        sealed: The value, encrypted for this workspace and this name.
        content_type: What the program says the value is; any text.
    """

    workspace_id: str
    name: str
    sealed: bytes
    content_type: str
    created_at: datetime
    updated_at: datetime


def check_secret(name: str, value: str) -> bytes:
    """Return the bytes of a value.

    Raises:
        TooLargeError: `SecretTooLarge`.
    """
    data = value.encode()
    if len(data) > MAX_SECRET_BYTES:
        raise TooLargeError(
            "SecretTooLarge",
            f"The value of the secret {shown(name)} has {len(data)} bytes.",
            target="value",
            hint=f"At most {MAX_SECRET_BYTES} are kept; put more into a file.",
        )
    return data
