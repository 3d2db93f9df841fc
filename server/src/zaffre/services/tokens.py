"""Use cases of tokens: the secrets of runs, kept as digests."""

import hashlib

from zaffre.domain.access import RUN, Principal, Token
from zaffre.domain.runs import Run
from zaffre.ports.stores import Stores
from zaffre.services.context import Context

RUN_ROLE = "run"
_ROLES = {RUN_ROLE: RUN}


def digest_of(secret: str) -> str:
    """Return what is stored of a secret.

    Secrets are 256 random bits, so a plain hash cannot be guessed back.
    """
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


class TokenService:
    """Use cases of tokens, within one transaction."""

    def __init__(self, stores: Stores, context: Context) -> None:
        self._stores = stores
        self._context = context

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

    def make_for_run(self, run: Run) -> str:
        """Return a fresh secret for the present attempt of a run; older ones of it end."""
        self.remove_of_run(run)
        secret = self._context.new_secret("zfr")
        token = Token(
            digest=digest_of(secret),
            name=f"run {run.id}",
            role=RUN_ROLE,
            workspace_id=run.workspace_id,
            run_id=run.id,
            attempt=run.attempt,
            created_at=self._context.clock.now(),
        )
        self._stores.tokens.add(token)
        return secret

    def remove_of_run(self, run: Run) -> None:
        """End every token of a run, when it has ended or is tried again."""
        self._stores.tokens.remove_of_run(run.workspace_id, run.id)
        self._stores.after_commit(lambda: self._context.tokens_removed(run.id))
