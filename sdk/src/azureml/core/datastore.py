"""Datastores: not part of zaffre yet; the class can be imported and refuses to be used."""

from azureml.core._unsupported import Unsupported

__all__ = ["Datastore"]


class Datastore(Unsupported):
    """Refuses to be used."""
