"""How resources of Azure and machines are named when they are attached."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from azureml.exceptions import ComputeTargetException

_PARTS = 9
_PROVIDER = 6
_HIGHEST_PORT = 65_535


def check_resource(resource_id: str | None, provider: str, **parts: str | None) -> None:
    """Refuse a resource that is not named either by its id or by all of its parts.

    Args:
        resource_id: Its id in Azure.
        provider: What the id has to name, such as `Microsoft.Batch`.
        **parts: The parts, such as `resource_group`.

    Raises:
        ComputeTargetException: It is named by both, by neither, or by an id of something else.
    """
    if resource_id:
        check_provider(resource_id, provider)
        refuse_beside("resource_id", **parts)
        return
    missing = [f"`{name}`" for name, value in parts.items() if not value]
    if missing:
        raise ComputeTargetException(
            f"{' and '.join(missing)} of the attached resource must be given, "
            "or its `resource_id` alone."
        )


def check_provider(resource_id: str, provider: str) -> None:
    """Refuse an id that is not one of a resource of `provider`."""
    parts = resource_id.split("/")
    if len(parts) != _PARTS or parts[_PROVIDER] != provider:
        raise ComputeTargetException(
            f"`resource_id` is {resource_id!r}, which names nothing of {provider}: expected is "
            f"/subscriptions/…/resourceGroups/…/providers/{provider}/…/…."
        )


def check_place(
    username: str, resource_id: str | None, address: str | None, **parts: str | None
) -> None:
    """Refuse a machine that is not named in exactly one way.

    Args:
        username: Who logs in there.
        resource_id: Its id in Azure; or
        address: Where it is; or
        **parts: all parts of the id.
    """
    if not username:
        raise ComputeTargetException("`username` must be given: who logs in on that machine.")
    if all(parts.values()):
        refuse_beside(" and ".join(parts), address=address, resource_id=resource_id)
    elif resource_id:
        refuse_beside("resource_id", address=address, **parts)
    elif address:
        refuse_beside("address", **parts)
    else:
        raise ComputeTargetException(
            f"The machine must be named by its `address`, by its `resource_id`, or by "
            f"{', '.join(f'`{name}`' for name in parts)}."
        )


def refuse_beside(named: str, **others: str | None) -> None:
    """Refuse what must not be given beside what already names the thing."""
    for name, value in others.items():
        if value:
            raise ComputeTargetException(
                f"`{name}` must not be given together with {named}: both say what is attached."
            )


def login(password: str, private_key_file: str, private_key_passphrase: str) -> dict[str, str]:
    """Return the credential for a machine; the key is read now.

    Raises:
        ComputeTargetException: Neither or both are given, or the key cannot be read.
    """
    if bool(password) == bool(private_key_file):
        what = "not both" if password else "neither was given"
        raise ComputeTargetException(
            f"Either `password` or `private_key_file` opens the machine; {what}."
        )
    if password:
        return {"password": password}
    path = Path(private_key_file).expanduser()
    try:
        key = path.read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        raise ComputeTargetException(
            f"The private key {str(path)!r} cannot be read: {error}."
        ) from error
    found = {"private_key": key}
    return {**found, "passphrase": private_key_passphrase} if private_key_passphrase else found


def port(value: Any, argument: str = "ssh_port") -> int:
    """Return a port, which may be given as text.

    Raises:
        ComputeTargetException: It is none.
    """
    try:
        number = int(value)
    except (TypeError, ValueError):
        number = 0
    if not 0 < number <= _HIGHEST_PORT:
        raise ComputeTargetException(
            f"`{argument}` must be a number from 1 to {_HIGHEST_PORT}, not {value!r}."
        )
    return number


def check_identity(kind: str | None, ids: Any) -> None:
    """Refuse identities that Azure would refuse.

    Raises:
        ComputeTargetException: The kind is not known, or does not go with the ids.
    """
    if kind is None and not ids:
        return
    if kind not in ("UserAssigned", "SystemAssigned"):
        raise ComputeTargetException(
            f"The type of the identity is {kind!r}; `UserAssigned` or `SystemAssigned` is "
            "expected."
        )
    if kind == "UserAssigned" and (not isinstance(ids, list) or not ids):
        raise ComputeTargetException(
            f"A `UserAssigned` identity needs the ids of identities as a list, not {ids!r}."
        )
    if kind == "SystemAssigned" and ids:
        raise ComputeTargetException("A `SystemAssigned` identity has no ids of identities.")


def check_network(**parts: str | None) -> None:
    """Refuse a virtual network that is named by some of its parts only."""
    if any(parts.values()) and not all(parts.values()):
        missing = ", ".join(f"`{name}`" for name, value in parts.items() if not value)
        raise ComputeTargetException(
            f"A virtual network is named by all its parts; missing: {missing}."
        )
