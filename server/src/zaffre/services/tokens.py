"""Use cases of tokens: who carries a secret, of which only the digest is kept."""

import hashlib

from zaffre.domain.access import RUN, Principal
from zaffre.ports.stores import Stores
from zaffre.services.context import Context

_ROLES = {"run": RUN}


def digest_of(secret: str) -> str:
    """Return what is stored of a secret.

    Secrets are 256 random bits, so a plain hash cannot be guessed back.
    """
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


class TokenService:
    """Use cases of tokens, within one transaction."""

    def __init__(self, stores: Stores, context: Context) -> None:  # noqa: ARG002 (as its siblings)
        self._stores = stores

    def find_principal(self, digest: str) -> Principal | None:
        """Return who carries the secret of that digest."""
        token = self._stores.tokens.find(digest)
        if token is None or token.role not in _ROLES:
            return None
        return Principal(
            name=token.name,
            permissions=_ROLES[token.role],
            workspace_id=token.workspace_id,
            run_id=token.run_id,
            attempt=token.attempt,
        )
