"""Vaults: not part of zaffre yet; the class can be imported and refuses to be used."""

from azureml.core._unsupported import Unsupported

__all__ = ["Keyvault"]


class Keyvault(Unsupported):
    """Refuses to be used."""
