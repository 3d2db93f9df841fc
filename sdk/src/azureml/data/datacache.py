"""Caches of datasets on clusters: not part of zaffre; files are read where they lie."""

from azureml.core._unsupported import Unsupported

__all__ = ["DatacacheHydrationTracker", "DatacacheStore"]


class DatacacheHydrationTracker(Unsupported):
    """Refuses to be used."""


class DatacacheStore(Unsupported):
    """Refuses to be used."""
