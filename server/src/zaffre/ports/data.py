"""The store of datastores; see `ports.stores` for what holds for all stores."""

from typing import Protocol

from zaffre.domain.datastores import Datastore


class DatastoreStore(Protocol):
    """Datastores by name, whose credentials were encrypted before.

    Those that came with the workspace are not among them.
    """

    def put(self, datastore: Datastore) -> None:
        """Add it, or replace the one of its name."""

    def find(self, workspace_id: str, name: str) -> Datastore | None:
        """Return the datastore of that name."""

    def list(self, workspace_id: str) -> list[Datastore]:
        """Return all, by name."""

    def remove(self, workspace_id: str, name: str) -> None:
        """Remove the datastore of that name, if there is one."""

    def default(self, workspace_id: str) -> str:
        """Return the name of the default datastore; empty while none was chosen."""

    def set_default(self, workspace_id: str, name: str) -> None:
        """Choose the default datastore."""
