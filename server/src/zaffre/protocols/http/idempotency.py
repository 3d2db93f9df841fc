"""Creating things once, however often the request is sent."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import msgspec
from litestar import Request
from zaffre_sdk.wire import decoding

from zaffre.base.text import shown
from zaffre.domain.access import Principal
from zaffre.domain.errors import InvalidError, PreconditionError
from zaffre.ports.stores import StoredAnswer
from zaffre.services.work import Services

S = TypeVar("S", bound=msgspec.Struct)
MAX_KEY_LENGTH = 255
_CREATED = 201


@dataclass(frozen=True, slots=True)
class RequestKey:
    """What makes a request the same request.

    Attributes:
        principal: Whose keys these are; keys of two callers never meet.
        digest: SHA-256 over method, path and body.
    """

    principal: str
    key: str
    digest: str


async def key_of(request: Request[Any, Any, Any], caller: Principal) -> RequestKey | None:
    """Return the key of a request, or None when it has none.

    Raises:
        InvalidError: `InvalidIdempotencyKey`.
    """
    key = request.headers.get("idempotency-key")
    if key is None:
        return None
    if not 1 <= len(key) <= MAX_KEY_LENGTH or not key.isascii() or not key.isprintable():
        raise InvalidError(
            "InvalidIdempotencyKey",
            f"The key {shown(key)} is not allowed.",
            target="Idempotency-Key",
            hint=f"Send 1 to {MAX_KEY_LENGTH} printable ASCII characters, such as a UUID.",
        )
    digest = hashlib.sha256(f"{request.method} {request.scope['path']}\n".encode())
    digest.update(await request.body())
    principal = f"{caller.name}/{caller.workspace_id or ''}/{caller.run_id or ''}"
    return RequestKey(principal, key, digest.hexdigest())


def once(
    services: Services,
    key: RequestKey,
    *,
    shape: type[S],
    use: Callable[[Services], S],
    now: datetime,
) -> S:
    """Return the stored answer to this key, or run `use` and store its answer beside its change.

    Raises:
        PreconditionError: `IdempotencyKeyReuse`.
    """
    answers = services.stores.answers
    stored = answers.find(key.principal, key.key)
    if stored is None:
        answer = use(services)
        answers.add(
            StoredAnswer(
                principal=key.principal,
                key=key.key,
                request_digest=key.digest,
                status=_CREATED,
                body=msgspec.json.encode(answer),
                created_at=now,
            )
        )
        return answer
    if stored.request_digest != key.digest:
        raise PreconditionError(
            "IdempotencyKeyReuse",
            f"The key {shown(key.key)} was used with another request.",
            target="Idempotency-Key",
            hint="Use a fresh key for every new request; send a key again only with the same one.",
        )
    return decoding.from_json(stored.body, shape)
