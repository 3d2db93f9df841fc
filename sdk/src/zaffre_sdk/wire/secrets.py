"""Secrets on the wire."""

from zaffre_sdk.wire.shapes import In, Out


class SecretIn(In):
    """Keep a value under a name.

    Attributes:
        value: At most 25,600 bytes.
        content_type: What the value is; any text.
    """

    value: str
    content_type: str = ""


class SecretOut(Out):
    """A secret without its value."""

    name: str
    content_type: str
    created_at: float
    updated_at: float


class SecretValueOut(Out):
    """A secret with its value."""

    name: str
    value: str
    content_type: str


class SecretList(Out):
    """All secrets, by name."""

    value: list[SecretOut]
