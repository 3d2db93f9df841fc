"""Definitions of the oldest dataset API: not part of zaffre; datasets are lazy themselves."""

from azureml.core._unsupported import Unsupported

__all__ = ["DatasetDefinition"]


class DatasetDefinition(Unsupported):
    """Refuses to be used."""
