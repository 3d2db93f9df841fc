"""What a Job and its pod say of a run."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from zaffre.adapters.launchers.elsewhere.agent.pods import LAST_WORDS, UNPREPARED

_OUT_OF_MEMORY: Final = "OOMKilled"
_LATE: Final = "DeadlineExceeded"
_HOPELESS: Final = frozenset({"InvalidImageName", "ErrImageNeverPull"})
_IMAGE: Final = frozenset(
    {"ErrImagePull", "ImagePullBackOff", "ImageInspectError", "RegistryUnavailable"}
)
_STUCK: Final = _IMAGE | {
    "CreateContainerConfigError",
    "CreateContainerError",
    "RunContainerError",
}
_PATIENCE_SECONDS: Final = 600.0
"""For so long it is tried again to bring an image that is not there."""
_SHOWN: Final = 1500


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How far a run has come in its cluster.

    Attributes:
        is_alive: Whether its runner may still live.
        waits: Why it has not begun; nothing when it has.
        ending: Why it is over, or never will begin; nothing if that is not known.
        code: The name of that reason, where launching it again would not help.
    """

    is_alive: bool
    waits: str = ""
    ending: str = ""
    code: str = ""


def standing(
    job: Mapping[str, Any] | None, pods: Sequence[Mapping[str, Any]], *, now: datetime
) -> Standing:
    """Return how far a run has come.

    Args:
        job: As the cluster has it; None where it has none.
        pods: Of the Job.
        now: The time.
    """
    if job is None or (_meta(job).get("deletionTimestamp") and not any(map(_lives, pods))):
        return Standing(
            is_alive=False,
            ending="The Job of the run is gone: somebody deleted it, or its namespace.",
            code="JobDeleted",
        )
    pod = max(pods, key=lambda one: str(_meta(one).get("creationTimestamp") or ""), default=None)
    failure = _condition(job, "Failed")
    if pod is not None and (not _lives(pod) or failure is None):
        return _of_pod(pod, now)
    if failure is not None:
        return _failed(failure)
    return Standing(is_alive=True, waits="Kubernetes has not made its pod yet.")


def job_is_over(job: Mapping[str, Any]) -> bool:
    """Tell whether nothing of a Job executes any more."""
    return any(_condition(job, kind) is not None for kind in ("Failed", "Complete"))


def without_pod(job: Mapping[str, Any] | None, pods: Sequence[object]) -> bool:
    """Tell whether a Job waits for its pod to be made; what is in the way only events say."""
    return job is not None and not pods and not job_is_over(job)


def _failed(failure: Mapping[str, Any]) -> Standing:
    said = failure.get("message") or failure.get("reason") or "it failed"
    is_late = failure.get("reason") == _LATE
    return Standing(
        is_alive=False,
        ending=f"The Job of the run ended: {str(said)[:_SHOWN]}",
        code="MaxRunDurationExceeded" if is_late else "",
    )


def _of_pod(pod: Mapping[str, Any], now: datetime) -> Standing:
    status = pod.get("status") or {}
    phase = status.get("phase") or "Pending"
    if phase in {"Succeeded", "Failed"}:
        return _ended(pod, status)
    if phase != "Pending":
        return Standing(is_alive=True)
    for waiting in _waiting(status):
        found = _not_begun(pod, waiting, now)
        if found is not None:
            return found
    scheduled = _condition(pod, "PodScheduled", status="False")
    if scheduled is not None:
        said = str(scheduled.get("message") or scheduled.get("reason") or "")[:_SHOWN]
        return Standing(is_alive=True, waits=f"Its pod has no node yet: {said}".rstrip(": "))
    node = (pod.get("spec") or {}).get("nodeName")
    where = f" on the node `{node}`" if node else ""
    return Standing(is_alive=True, waits=f"Its pod is being made{where}.")


def _not_begun(
    pod: Mapping[str, Any], waiting: Mapping[str, Any], now: datetime
) -> Standing | None:
    """Return what keeps a container from beginning; None for what is usual."""
    reason = str(waiting.get("reason") or "")
    if reason not in _STUCK | _HOPELESS:
        return None
    said = f"{reason}: {waiting.get('message') or ''}".strip(": ")[:_SHOWN]
    scheduled = _condition(pod, "PodScheduled") or {}
    since = _moment(scheduled.get("lastTransitionTime") or _meta(pod).get("creationTimestamp"))
    is_long = since is not None and (now - since).total_seconds() > _PATIENCE_SECONDS
    if reason in _HOPELESS or is_long:
        is_image = reason in _IMAGE | _HOPELESS
        return Standing(
            is_alive=True,
            waits=said,
            ending=f"The container of the run cannot begin. {said}",
            code="ImagePullFailed" if is_image else "ContainerFailed",
        )
    return Standing(is_alive=True, waits=f"Its container has not begun. {said}")


def _ended(pod: Mapping[str, Any], status: Mapping[str, Any]) -> Standing:
    ended = next(_terminated(status), {})
    reason = str(status.get("reason") or "")
    said = str(status.get("message") or "")[:_SHOWN]
    if ended.get("reason") == _OUT_OF_MEMORY:
        return Standing(is_alive=False, ending=_memory_words(pod), code="MemoryLimitExceeded")
    if reason == _LATE:
        return Standing(
            is_alive=False,
            ending="The run took longer than its limit, and its pod was ended.",
            code="MaxRunDurationExceeded",
        )
    disrupted = _condition(pod, "DisruptionTarget")
    if disrupted is not None or reason:
        why = (disrupted or {}).get("message") or said or reason
        return Standing(is_alive=False, ending=f"The pod of the run was ended: {why}")
    return _exited(ended)


def _exited(ended: Mapping[str, Any]) -> Standing:
    code = ended.get("exitCode")
    said = str(ended.get("message") or ended.get("reason") or "").strip()[-_SHOWN:]
    if code == UNPREPARED:
        words = f"The pod could not prepare the run: {said.rpartition(LAST_WORDS)[2].strip()}"
        return Standing(is_alive=False, ending=words, code="PodNotPrepared")
    return Standing(
        is_alive=False, ending=f"The container of the run ended with the code {code}: {said}"
    )


def _memory_words(pod: Mapping[str, Any]) -> str:
    containers = (pod.get("spec") or {}).get("containers") or [{}]
    limits = (containers[0].get("resources") or {}).get("limits") or {}
    limit = f" of {limits['memory']}" if "memory" in limits else ""
    return (
        f"The run needed more memory than its limit{limit} and was ended by Kubernetes. Raise "
        "`memory` of the compute target, take a larger instance type, or let the run hold less "
        "at once."
    )


def _lives(pod: Mapping[str, Any]) -> bool:
    return (pod.get("status") or {}).get("phase") not in {"Succeeded", "Failed"}


def _waiting(status: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    return _states(status, "waiting")


def _terminated(status: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    return _states(status, "terminated")


def _states(status: Mapping[str, Any], kind: str) -> Iterator[Mapping[str, Any]]:
    for container in status.get("containerStatuses") or ():
        state = (container.get("state") or {}).get(kind)
        if state:
            yield state


def _condition(
    thing: Mapping[str, Any], kind: str, *, status: str = "True"
) -> Mapping[str, Any] | None:
    conditions = (thing.get("status") or {}).get("conditions") or ()
    return next(
        (one for one in conditions if (one.get("type"), one.get("status")) == (kind, status)), None
    )


def _meta(thing: Mapping[str, Any]) -> Mapping[str, Any]:
    return thing.get("metadata") or {}


def _moment(text: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text)).astimezone(UTC)
    except ValueError:
        return None
