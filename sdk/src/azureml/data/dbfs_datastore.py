"""The file system of Databricks."""

from __future__ import annotations

from typing import Any

from azureml.data.abstract_datastore import AbstractDatastore

__all__ = ["DBFSDatastore"]


class DBFSDatastore(AbstractDatastore):
    """Files of Databricks; they can be named, and only Databricks itself reads them."""

    def __init__(self, workspace: Any, name: str) -> None:
        super().__init__(workspace, name, "DBFS")
