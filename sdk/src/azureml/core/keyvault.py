"""Vaults: not part of zaffre yet; the class exists so that programs which only import it run."""

from azureml.core._unsupported import Unsupported

__all__ = ["Keyvault"]


class Keyvault(Unsupported):
    """Refuses to be used."""
