"""Paths of datastores, and how runs are given them."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from azureml.data.data_reference import DataReference, check_mode

__all__ = ["DataPath", "DataPathComputeBinding"]


class DataPath:
    """A path of a datastore.

    Args:
        datastore: Where.
        path_on_datastore: A file or folder; None is all.
        name: Any text; made up by default.
    """

    def __init__(
        self, datastore: Any = None, path_on_datastore: str | None = None, name: str | None = None
    ) -> None:
        if datastore is None:
            raise ValueError("datastore parameter is required.")
        self._datastore = datastore
        self._path_on_datastore = path_on_datastore
        self._name = name or f"{datastore.name}_{uuid4().hex[:8]}"

    @property
    def datastore_name(self) -> str:
        """The name of the datastore."""
        return str(self._datastore.name)

    @property
    def path_on_datastore(self) -> str | None:
        """The path."""
        return self._path_on_datastore

    def create_data_reference(
        self, data_reference_name: str | None = None, datapath_compute_binding: Any = None
    ) -> DataReference:
        """Return a reference to it."""
        return DataReference.create(data_reference_name, self, datapath_compute_binding)

    @staticmethod
    def create_from_data_reference(data_reference: DataReference) -> DataPath:
        """Return the path that a reference has."""
        return DataPath(
            data_reference.datastore,
            data_reference.path_on_datastore,
            data_reference.data_reference_name,
        )

    def __repr__(self) -> str:
        return f"DataPath(datastore={self.datastore_name!r}, path={self._path_on_datastore!r})"


class DataPathComputeBinding:
    """How a run is given a path.

    Args:
        mode: `mount`, `download` or `upload`.
        path_on_compute: Where it is to lie on the machine of the run.
        overwrite: Replace what is there.
    """

    def __init__(
        self, mode: str = "mount", path_on_compute: str | None = None, overwrite: bool = False
    ) -> None:
        self._mode = check_mode(mode)
        self._path_on_compute = path_on_compute
        self._overwrite = overwrite

    def create_data_reference(
        self, data_reference_name: str | None = None, datapath: DataPath | None = None
    ) -> DataReference:
        """Return a reference to a path, given in this way."""
        return DataReference.create(data_reference_name, datapath, self)

    @staticmethod
    def create_from_data_reference(data_reference: DataReference) -> DataPathComputeBinding:
        """Return how a reference is given."""
        return DataPathComputeBinding(
            data_reference.mode, data_reference.path_on_compute, data_reference.overwrite
        )
