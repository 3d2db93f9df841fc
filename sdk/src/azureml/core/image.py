"""Images: not part of zaffre; the classes exist so that programs which only import them run."""

from azureml.core._unsupported import Unsupported

__all__ = ["ContainerImage", "Image"]


class Image(Unsupported):
    """Refuses to be used."""


class ContainerImage(Unsupported):
    """Refuses to be used."""
