"""Compute targets in words."""

from collections.abc import Iterator

from zaffre_sdk.wire.computes import ComputeOut, VmSize

MOVING = frozenset({"Creating", "Updating", "Deleting"})
_FAILED = frozenset({"Failed", "SetupFailed"})
_MB_PER_GB = 1024
_LIMITS = {
    "max_queued": "{} runs may wait",
    "max_running_per_user": "{} runs of one person at once",
    "max_run_seconds": "{} seconds for a run",
}


def line_of(found: ComputeOut) -> str:
    """Return a target as one line of a list."""
    words = (
        f"{found.name:<32} {found.type or found.kind:<16} {state_of(found):<12} {_nodes(found)}"
    )
    return f"{words} {found.vm_size}".rstrip()


def lines_of(found: ComputeOut) -> Iterator[tuple[str, str]]:
    """Yield what is known of a target, each with what it is."""
    yield "Target", found.name
    yield "Type", f"{found.type}, a {found.kind}" if found.type else found.kind
    yield "State", state_of(found)
    yield from (("Error", f"{one.code}: {one.message}") for one in found.errors)
    yield from (("Size", words) for words in _size(found))
    yield from _scale(found)
    yield from (("Node", f"{one.id} {one.state} {one.run_id or ''}") for one in found.nodes)
    if found.queued:
        yield "Waiting", f"{found.queued} run{'' if found.queued == 1 else 's'}"
    yield from (("Service", name) for name in found.services)
    for name, words in _LIMITS.items():
        value = getattr(found.limits, name)
        if value is not None:
            yield "Limit", words.format(value)
    yield from (("Setting", f"{key}: {value}") for key, value in found.settings.items())
    if found.has_credential:
        yield "Credential", "kept, and told to nobody"
    yield from (("Open", f"{name}: {url}") for name, url in found.urls.items())
    yield from (("Tag", f"{key}: {value}") for key, value in found.tags.items())
    yield from ((label, text) for label, text in _about(found) if text)


def state_of(found: ComputeOut) -> str:
    """Return the state that counts: whether an instance runs, once it is there."""
    return found.power if found.power and found.state not in MOVING else found.state


def has_failed(found: ComputeOut) -> bool:
    """Tell whether a target failed, and neither starts again nor is being removed."""
    return state_of(found) in _FAILED


def size_in_words(cores: int, memory_mb: int, gpus: int) -> str:
    """Return what a node of a size has."""
    words = f"{cores} core{'' if cores == 1 else 's'}, {memory_mb / _MB_PER_GB:g} GB"
    return f"{words}, {gpus} GPU{'' if gpus == 1 else 's'}" if gpus else words


def size_line(size: VmSize) -> str:
    """Return a size as one line of a list."""
    return f"{size.name:<32} {size_in_words(size.cores, size.memory_mb, size.gpus)}"


def _size(found: ComputeOut) -> Iterator[str]:
    if found.cores is not None and found.memory_mb is not None:
        words = size_in_words(found.cores, found.memory_mb, found.gpus)
        yield f"{found.vm_size}: {words}" + (", low priority" if found.low_priority else "")
    elif found.vm_size:
        yield found.vm_size


def _scale(found: ComputeOut) -> Iterator[tuple[str, str]]:
    if found.scale is not None:
        idle = f"leave after {found.scale.idle_seconds:g} seconds without work"
        yield "Nodes", f"{_nodes(found)}, {found.scale.min_nodes} at least; {idle}"


def _about(found: ComputeOut) -> Iterator[tuple[str, str]]:
    yield "Location", found.location
    yield "Description", found.description
    yield "Created", f"by {found.created_by}" if found.created_by else ""


def _nodes(found: ComputeOut) -> str:
    if found.scale is None:
        return ""
    return f"{len(found.nodes)} of {found.scale.max_nodes} nodes"
