"""Permits: what a request without a token may do, said by this server a moment ago.

A permit is JSON with a keyed BLAKE2b digest over it. The key is that of continuation tokens, and
the purpose stands in what is sealed, so that one cannot be taken for the other.
"""

import base64
import hashlib
import hmac
from typing import Final, TypeVar

import msgspec

from zaffre.domain.errors import ForbiddenError

HEADER: Final = "x-zaffre-permit"
_SEAL_LENGTH: Final = 32
_PURPOSE: Final = b"zaffre-permit"


class Permit(msgspec.Struct):
    """What may be done, until when.

    Attributes:
        act: `part` is to send a part of an upload, `get` to read a file.
        workspace: The id of the workspace.
        about: The address of the file.
        until: Seconds since the epoch.
        parts: How many parts the upload has.
    """

    act: str
    workspace: str
    about: str
    until: float
    upload: str = ""
    parts: int = 0


class PartSeal(msgspec.Struct):
    """That a part of an upload was stored: its ETag.

    Attributes:
        size: Bytes.
    """

    upload: str
    number: int
    digest: str
    size: int


S = TypeVar("S", Permit, PartSeal)


def issue(said: Permit | PartSeal, *, key: bytes) -> str:
    """Return it sealed, as text for headers and addresses."""
    raw = msgspec.json.encode(said)
    return base64.urlsafe_b64encode(_seal(raw, type(said), key) + raw).rstrip(b"=").decode()


def read(text: str, shape: type[S], *, key: bytes) -> S:
    """Return what was sealed.

    Raises:
        ForbiddenError: `PermitInvalid`.
    """
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raise _invalid() from None
    sealed, said = raw[:_SEAL_LENGTH], raw[_SEAL_LENGTH:]
    if not hmac.compare_digest(_seal(said, shape, key), sealed):
        raise _invalid()
    return msgspec.json.decode(said, type=shape)


def read_permit(text: str, act: str, *, key: bytes, now: float) -> Permit:
    """Return a permit for that act that has not run out.

    Raises:
        ForbiddenError: `PermitInvalid`.
    """
    permit = read(text, Permit, key=key)
    if permit.act != act or permit.until < now:
        raise _invalid()
    return permit


def _seal(raw: bytes, shape: type, key: bytes) -> bytes:
    content = shape.__name__.encode() + b"\0" + raw
    person = _PURPOSE.ljust(16, b"\0")
    return hashlib.blake2b(content, key=key, person=person, digest_size=_SEAL_LENGTH).digest()


def _invalid() -> ForbiddenError:
    return ForbiddenError(
        "PermitInvalid",
        "The permit is not of this server, or has run out.",
        target="authorization",
        hint="Begin the upload or the download again.",
    )
