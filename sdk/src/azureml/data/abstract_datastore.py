"""What all datastores have in common."""

from __future__ import annotations

import json
from typing import Any

from azureml.core._nouns import Nouns, nouns_of

__all__ = ["AbstractDatastore"]


class AbstractDatastore:
    """A datastore of a workspace.

    Credentials are kept by the server, encrypted, and are never told again: attributes such as
    `account_key` hold only what this program has given itself.

    Args:
        workspace: Where it is registered.
        name: Under which it is registered.
        datastore_type: Such as `AzureBlob`.
    """

    def __init__(self, workspace: Any, name: str, datastore_type: str) -> None:
        self._workspace = workspace
        self._name = name
        self._datastore_type = datastore_type

    @property
    def workspace(self) -> Any:
        """The workspace."""
        return self._workspace

    @workspace.setter
    def workspace(self, value: Any) -> None:
        self._workspace = value

    @property
    def name(self) -> str:
        """The name."""
        return self._name

    @name.setter
    def name(self, value: str) -> None:
        self._name = value

    @property
    def datastore_type(self) -> str:
        """What it is, such as `AzureBlob`."""
        return self._datastore_type

    @datastore_type.setter
    def datastore_type(self, value: str) -> None:
        self._datastore_type = value

    def set_as_default(self) -> None:
        """Make it the default datastore of the workspace."""
        self._nouns().datastores.set_default(self._name)

    def unregister(self) -> None:
        """Forget it; its files stay where they are.

        Raises:
            UserErrorException: It came with the workspace.
        """
        self._nouns().datastores.unregister(self._name)

    def __repr__(self) -> str:
        return json.dumps({"name": self._name, **self._described()}, indent=2)

    def _described(self) -> dict[str, Any]:
        """Return what people see of it besides the name."""
        return {"datastore_type": self._datastore_type}

    def _nouns(self) -> Nouns:
        return nouns_of(self._workspace)
