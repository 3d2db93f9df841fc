"""The capacity of serving targets: what is deployed there may ask for so much in sum."""

from collections.abc import Iterable

from zaffre.base.text import shown
from zaffre.domain.computes import Compute, ComputeKind
from zaffre.domain.endpoints import DeploymentSpec, Endpoint
from zaffre.domain.errors import ConflictError, InvalidError
from zaffre.domain.serving import ServingSize, asked_by, capacity_of
from zaffre.ports.stores import Stores

_NAMED = 20


def served_by(stores: Stores, target: Compute) -> list[Endpoint]:
    """Return the services that are deployed to a target, by name."""
    if target.kind is not ComputeKind.SERVING:
        return []
    found = stores.endpoints.list(target.workspace_id)
    return [endpoint for endpoint in found if endpoint.compute == target.name]


def check_room(stores: Stores, target: Compute, spec: DeploymentSpec, *, name: str) -> None:
    """Refuse a deployment for which a target has no room.

    Args:
        stores: Of the transaction.
        target: Where it is to be deployed.
        spec: What is deployed.
        name: Of the endpoint; what it has there now gives way.

    Raises:
        InvalidError: `ComputeCannotServe`.
        ConflictError: `InsufficientCapacity`, with what is free.
    """
    if target.kind is not ComputeKind.SERVING:
        raise InvalidError(
            "ComputeCannotServe",
            f"The compute target {shown(target.name)} is {shown(target.type or target.kind)}: "
            "nothing is deployed there.",
            target="compute",
            hint="Deploy to an `AksCompute`, or name no target.",
        )
    there = capacity_of(target)
    if there is not None:
        others = [one for one in served_by(stores, target) if one.name != name]
        _check_size(target, there, others, asked=asked_by(spec), name=name)


def check_holds(stores: Stores, target: Compute) -> None:
    """Refuse a change that leaves a target without room for what is deployed there.

    Raises:
        ConflictError: `InsufficientCapacity`, naming the first service that has none.
    """
    there = capacity_of(target)
    if there is None:
        return
    before: list[Endpoint] = []
    for one in served_by(stores, target):
        _check_size(target, there, before, asked=asked_by(one.spec), name=one.name)
        before.append(one)


def check_serves_nobody(stores: Stores, target: Compute) -> None:
    """Refuse to let a target go to which something is deployed.

    Raises:
        ConflictError: `ComputeServes`, naming it.
    """
    names = [shown(one.name) for one in served_by(stores, target)]
    if names:
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        raise ConflictError(
            "ComputeServes",
            f"Services are deployed to {shown(target.name)}: {', '.join(names[:_NAMED])}{more}.",
            target="name",
            hint="Delete them first.",
            name=target.name,
        )


def _check_size(
    target: Compute,
    there: ServingSize,
    others: Iterable[Endpoint],
    *,
    asked: ServingSize,
    name: str,
) -> None:
    free = there
    for other in others:
        free = free.without(asked_by(other.spec))
    if not asked.fits(free):
        raise ConflictError(
            "InsufficientCapacity",
            f"The service {shown(name)} asks for {asked.in_words()} with all its replicas; "
            f"{shown(target.name)} has {there.in_words()}, of which {free.in_words()} are free.",
            target="spec",
            hint="Ask for less, delete services there, or create a target with more or larger "
            "machines.",
        )
