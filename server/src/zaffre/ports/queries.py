"""Questions to the databases that datastores stand for."""

from collections.abc import AsyncGenerator, Mapping
from typing import Protocol

from zaffre.domain.datastores import Datastore
from zaffre.domain.queries import Query


class Queries(Protocol):
    """Asks databases; nothing that it is asked can change what is in them."""

    def run(
        self, datastore: Datastore, credential: Mapping[str, str], *, query: Query
    ) -> AsyncGenerator[bytes, None]:
        """Yield the answer as an Arrow IPC stream: its schema, then batches of rows, then its end.

        Memory does not grow with the answer: rows are asked for as pieces are taken. What fails
        before the first piece is raised there. What fails later is told within the stream, as an
        empty batch whose metadata has the error under `zaffre_sdk.wire.datastores.QUERY_ERROR`,
        and raised too; the end of the stream is missing then.

        Args:
            datastore: Names the database; its settings are fields that were checked, never a
                text that a driver would take apart.
            credential: What opens it.
            query: What is asked.

        Raises:
            InvalidError: `QueryUnsupported` for a kind that cannot be asked; `InvalidQuery` with
                what the database says; `QueryTimeout`; `InvalidSetting`.
            ConflictError: `DatabaseUnreachable`, `DatabaseRefused`.
        """
