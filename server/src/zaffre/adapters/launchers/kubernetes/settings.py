"""What a Kubernetes target says of its pods."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from zaffre_sdk.connections import is_loopback

from zaffre.adapters.launchers.kubernetes.kubeconfig import NAMESPACE
from zaffre.base.text import closest, shown
from zaffre.ports.launchers import ComputePlace

_GPU: Final = "nvidia.com/gpu"
_QUANTITY: Final = re.compile(r"(\d+(?:\.\d+)?)(m?)")
_THOUSAND: Final = 1000.0


class PodSettingsError(OSError):
    """The settings of a target, or what a run asks of it, make no pod; says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PodSettings:
    """How the pods of a target are made.

    Attributes:
        namespace: Nothing for the one that the kubeconfig says.
        image: Of runs whose environment names none; nothing for one with the Python they need.
        python: The interpreter of the image that begins; nothing for the first on its PATH.
        resources: `requests` and `limits` of the container.
        service_account: Nothing for that of the namespace, whose token is not shown to runs.
        is_restricted: They keep to the Pod Security Standard `restricted`.
        has_host_network: They share the network of their node.
    """

    namespace: str = ""
    image: str = ""
    python: str = ""
    resources: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    node_selector: Mapping[str, str] = field(default_factory=dict)
    tolerations: tuple[Mapping[str, Any], ...] = ()
    service_account: str = ""
    image_pull_secrets: tuple[str, ...] = ()
    priority_class: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    is_restricted: bool = False
    has_host_network: bool = False

    @property
    def threads(self) -> int | None:
        """How many threads make sense; None where the processors are not limited."""
        match = _QUANTITY.fullmatch(str(self.resources.get("limits", {}).get("cpu", "")))
        if match is None:
            return None
        cores = float(match[1]) / (_THOUSAND if match[2] else 1)
        return max(math.ceil(cores), 1)


def pod_settings(place: ComputePlace) -> PodSettings:
    """Return how the pods of a place are made.

    Raises:
        PodSettingsError: It cannot be understood.
    """
    given = _Given(place.settings)
    chosen = _Given(_instance_type(place))
    return PodSettings(
        namespace=_namespace(given.text("namespace")),
        image=given.text("image"),
        python=given.text("python"),
        resources=_resources(place, given, chosen),
        node_selector={**given.words("node_selector"), **chosen.words("nodeSelector")},
        tolerations=(*given.items("tolerations"), *chosen.items("tolerations")),
        service_account=given.text("service_account"),
        image_pull_secrets=given.names("image_pull_secrets"),
        priority_class=given.text("priority_class"),
        labels=given.words("labels"),
        annotations=given.words("annotations"),
        is_restricted=given.flag("restricted"),
        has_host_network=given.flag("host_network"),
    )


@dataclass(frozen=True, slots=True)
class Reach:
    """Where pods reach the server.

    Args:
        usual: Of targets that say nothing; empty when the server is known on its machine alone.
        hosts: The names that the server answers to.
    """

    usual: str
    hosts: frozenset[str]

    def url(self, settings: Mapping[str, Any]) -> str:
        """Return the address of the server for the pods of a target.

        Raises:
            PodSettingsError: They have none, or one that the server does not answer to.
        """
        url = str(settings.get("server_url") or self.usual).rstrip("/")
        if not url:
            raise PodSettingsError(
                "The pods of this target cannot reach the server, which listens on its own "
                "machine alone. Start it with `--public-url`, or set `server_url` of the target "
                "to an address that pods reach."
            )
        try:
            parts = urlsplit(url)
            host = parts.hostname if parts.scheme in {"http", "https"} else None
        except ValueError:
            host = None
        if not host:
            raise PodSettingsError(f"`server_url` is {shown(url)}, which is no http(s) address.")
        if not is_loopback(host) and host not in self.hosts:
            raise PodSettingsError(
                f"`server_url` is {shown(url)}, and the server does not answer to {shown(host)}. "
                f"Start it with `ZAFFRE_ALLOWED_HOSTS={host}`."
            )
        return url


def _instance_type(place: ComputePlace) -> Mapping[str, Any]:
    """Return the instance type of a run: the one that it names, or that of the target."""
    types = place.settings.get("instance_types") or {}
    name = place.instance_type or str(place.settings.get("default_instance_type") or "")
    if not name:
        return {}
    if not isinstance(types, Mapping) or not isinstance(types.get(name), Mapping):
        known = [str(one) for one in types] if isinstance(types, Mapping) else []
        near = closest(name, known)
        raise PodSettingsError(
            f"The target {shown(place.name)} has no instance type {shown(name)}. "
            + (f"Did you mean {shown(near)}? " if near else "")
            + f"Instance types: {', '.join(map(shown, known)) or 'none'}."
        )
    found: Mapping[str, Any] = types[name]
    return found


def _resources(
    place: ComputePlace, given: "_Given", chosen: "_Given"
) -> dict[str, dict[str, str]]:
    own = _Given(chosen.section("resources"))
    if own.values:
        return {
            kind: {name: str(value) for name, value in own.section(kind).items()}
            for kind in ("requests", "limits")
            if own.section(kind)
        }
    size = place.resources
    asked = {
        "cpu": given.text("cpu") or (str(size.cores) if size.cores else ""),
        "memory": given.text("memory") or (f"{size.memory_mb}Mi" if size.memory_mb else ""),
        given.text("gpu_resource") or _GPU: given.text("gpus") or str(size.gpus or ""),
    }
    named = {name: value for name, value in asked.items() if value and value != "0"}
    return {"requests": named, "limits": dict(named)} if named else {}


def _namespace(name: str) -> str:
    if name and not NAMESPACE.fullmatch(name):
        raise PodSettingsError(f"`namespace` is {shown(name)}, which is no name of a namespace.")
    return name


@dataclass(frozen=True, slots=True)
class _Given:
    """Settings as somebody wrote them."""

    values: Mapping[str, Any]

    def text(self, name: str) -> str:
        value = self.values.get(name)
        if value is None or value == "":
            return ""
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise self._wrong(name, "a text")
        return str(value)

    def flag(self, name: str) -> bool:
        value = self.values.get(name) or False
        if not isinstance(value, bool):
            raise self._wrong(name, "true or false")
        return value

    def names(self, name: str) -> tuple[str, ...]:
        value = self.values.get(name) or []
        listed = [value] if isinstance(value, str) else value
        if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
            raise self._wrong(name, "a list of names")
        return tuple(listed)

    def section(self, name: str) -> Mapping[str, Any]:
        value = self.values.get(name) or {}
        if not isinstance(value, Mapping):
            raise self._wrong(name, 'names with values, such as {"disk": "ssd"}')
        return value

    def words(self, name: str) -> dict[str, str]:
        return {str(key): str(value) for key, value in self.section(name).items()}

    def items(self, name: str) -> tuple[Mapping[str, Any], ...]:
        value = self.values.get(name) or []
        if not isinstance(value, list) or not all(isinstance(one, Mapping) for one in value):
            raise self._wrong(name, "a list, as a pod has it")
        return tuple(value)

    def _wrong(self, name: str, wanted: str) -> PodSettingsError:
        return PodSettingsError(f"`{name}` is {shown(self.values[name])}; expected is {wanted}.")
