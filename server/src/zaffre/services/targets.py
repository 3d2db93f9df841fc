"""The target of a run: whether it may be asked to execute it, when the run is created."""

from zaffre.base.text import shown
from zaffre.domain.computes import LOCAL, RUNNING_KINDS, Compute, ComputeKind, ComputeState
from zaffre.domain.errors import ConflictError, InvalidError
from zaffre.domain.runs import RunKind, RunSpec
from zaffre.ports.stores import Stores
from zaffre.services.computes import found_compute


def check_target(stores: Stores, workspace_id: str, spec: RunSpec) -> None:
    """Refuse a run whose target is not there, or could never execute it.

    Raises:
        NotFoundError: `ComputeNotFound`, listing those there are.
        InvalidError: `ComputeCannotRun` or `InvalidRunSpec`.
        ConflictError: `ComputeDeleting` or `QuotaExceeded`.
    """
    if spec.kind is RunKind.INTERACTIVE or spec.compute == LOCAL:
        return
    compute = found_compute(stores, workspace_id, spec.compute)
    if compute.kind not in RUNNING_KINDS:
        raise InvalidError(
            "ComputeCannotRun",
            f"The compute target {shown(compute.name)} is {shown(compute.type or compute.kind)}: "
            "runs do not execute there.",
            target="spec.compute",
            hint="Submit to `local` or to a cluster.",
        )
    if compute.state is ComputeState.DELETING:
        # It goes once what it started has ended; a run that waited for it would do so for ever.
        raise ConflictError(
            "ComputeDeleting",
            f"The compute target {shown(compute.name)} is being deleted.",
            target="spec.compute",
            hint="Submit to another target, or create it anew once it is gone.",
        )
    _check_nodes(compute, spec)
    if compute.kind is ComputeKind.KUBERNETES:
        _check_pod(compute, spec)
    _check_quota(stores, compute)


def _check_nodes(compute: Compute, spec: RunSpec) -> None:
    most = compute.slots
    # One without any has them taken away for a time; its runs wait until they are back.
    if compute.has_nodes and 0 < most < spec.node_count:
        raise InvalidError(
            "InvalidRunSpec",
            f"The run asks for {spec.node_count} nodes; {shown(compute.name)} has {most} at most.",
            target="spec.node_count",
            hint=f"Ask for fewer, or raise `max_nodes` of {shown(compute.name)}.",
        )


def _check_pod(compute: Compute, spec: RunSpec) -> None:
    if spec.node_count > 1:
        raise InvalidError(
            "InvalidRunSpec",
            f"The run asks for {spec.node_count} nodes; on {shown(compute.name)}, a cluster of "
            "Kubernetes, a run takes one.",
            target="spec.node_count",
            hint="Take one node with more GPUs, or a target of the kind `ray` for several.",
        )
    types = compute.settings.get("instance_types")
    known = list(types) if isinstance(types, dict) else []
    if spec.instance_type and spec.instance_type not in known:
        raise InvalidError(
            "InvalidRunSpec",
            f"{shown(compute.name)} has no instance type {shown(spec.instance_type)}.",
            target="spec.instance_type",
            hint=f"Instance types: {', '.join(map(shown, known)) or 'none'}.",
        )
    image = spec.environment.image if spec.environment else None
    if image is not None and image.dockerfile:
        raise InvalidError(
            "ComputeCannotRun",
            "The environment of the run is a Dockerfile, and clusters of Kubernetes fetch images "
            "that were published.",
            target="spec.environment",
            hint="Build and publish the image, and name it as `docker.base_image`.",
        )


def _check_quota(stores: Stores, compute: Compute) -> None:
    most = compute.limits.max_queued
    if most is None:
        return
    waiting, _ = stores.runs.count_open(compute.workspace_id, compute.name)
    if waiting >= most:
        raise ConflictError(
            "QuotaExceeded",
            f"{waiting} runs wait for {shown(compute.name)}, as many as it lets wait.",
            target="spec.compute",
            hint="Wait until some have started, or raise its limit `max_queued`.",
        )
