"""Snapshots of the oldest dataset API: not part of zaffre; a registered version is one."""

from azureml.core._unsupported import Unsupported

__all__ = ["DatasetSnapshot"]


class DatasetSnapshot(Unsupported):
    """Refuses to be used."""
