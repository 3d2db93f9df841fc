"""Datastores: not part of zaffre yet; the class exists so that programs which only import it run."""

from azureml.core._unsupported import Unsupported

__all__ = ["Datastore"]


class Datastore(Unsupported):
    """Refuses to be used."""
