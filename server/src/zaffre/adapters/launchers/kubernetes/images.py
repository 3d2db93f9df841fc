"""The image of a run's container."""

import sys
from typing import Final

from zaffre.adapters.launchers.elsewhere.parcel import python_of
from zaffre.adapters.launchers.kubernetes.manifests import Login
from zaffre.adapters.launchers.kubernetes.settings import PodSettings, PodSettingsError
from zaffre.domain.environments import Image
from zaffre.ports.launchers import RunnerOrder

_USUAL_REGISTRY: Final = "https://index.docker.io/v1/"
_USUAL: Final = "docker.io/library/python:{version}-slim"


def image_of(order: RunnerOrder, settings: PodSettings) -> str:
    """Return the image that the pod of an order begins with.

    Packages are put beside what it has; nothing of it is built here, since a cluster fetches
    images from where they were published.

    Raises:
        PodSettingsError: The cluster could not fetch it.
    """
    spec = order.place.environment
    image = spec.image if spec is not None else None
    if image is None:
        version = python_of(order.python) or ".".join(map(str, sys.version_info[:2]))
        return settings.image or _USUAL.format(version=version)
    if image.dockerfile:
        raise PodSettingsError(
            "The environment of this run is a Dockerfile, which no cluster can fetch. Build and "
            "publish the image, and name it as `docker.base_image`."
        )
    return _whole(image)


def login_of(order: RunnerOrder) -> Login | None:
    """Return what opens the registry of an order's image, if the environment says it."""
    spec = order.place.environment
    image = spec.image if spec is not None else None
    if image is None or not image.password:
        return None
    first, slash, _ = _whole(image).partition("/")
    is_host = bool(slash) and (first == "localhost" or "." in first or ":" in first)
    return Login(first if is_host else _USUAL_REGISTRY, image.username, image.password)


def _whole(image: Image) -> str:
    registry = image.registry.strip("/").removeprefix("https://")
    if registry and not image.name.startswith(f"{registry}/"):
        return f"{registry}/{image.name}"
    return image.name
