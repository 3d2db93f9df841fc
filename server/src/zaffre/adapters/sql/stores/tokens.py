"""Bearer tokens in SQL."""

from sqlalchemy import Connection, bindparam, delete, select

from zaffre.adapters.sql.rows import columns_of, entity_of, insert_or_replace, values_of
from zaffre.adapters.sql.tables import tokens
from zaffre.domain.access import Token

_by_digest = select(*columns_of(tokens, Token)).where(tokens.c.digest == bindparam("digest"))
_insert = insert_or_replace(tokens)
_remove = delete(tokens).where(
    tokens.c.workspace_id == bindparam("workspace"), tokens.c.run_id == bindparam("run")
)


class SqlTokenStore:
    """Implements `ports.stores.TokenStore`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, token: Token) -> None:
        """Add it; the token with that digest, if there is one, becomes this one."""
        self._connection.execute(_insert, values_of(tokens, token))

    def find(self, digest: str) -> Token | None:
        """Return the token with that digest."""
        row = self._connection.execute(_by_digest, {"digest": digest}).one_or_none()
        return None if row is None else entity_of(Token, row)

    def remove_of_run(self, workspace_id: str, run_id: str) -> None:
        """Remove every token of the run."""
        self._connection.execute(_remove, {"workspace": workspace_id, "run": run_id})
