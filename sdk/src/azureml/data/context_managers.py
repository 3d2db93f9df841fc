"""How the genuine runner lays data: not part of zaffre, whose runner lays it itself."""

from azureml.core._unsupported import Unsupported

__all__ = ["DatasetContextManager", "DatastoreContextManager"]


class DatasetContextManager(Unsupported):
    """Refuses to be used."""


class DatastoreContextManager(Unsupported):
    """Refuses to be used."""
