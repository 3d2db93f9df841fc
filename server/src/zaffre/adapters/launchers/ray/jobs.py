"""The jobs of a Ray cluster, over the HTTP interface of its dashboard."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from http.client import InvalidURL
from typing import Any, Final
from urllib.parse import quote

import msgspec
from zaffre_sdk.connections import BrokenError, Incoming, Pool
from zaffre_sdk.wire import decoding

from zaffre.base.text import shown

_SECONDS: Final = 10.0
_SHOWN: Final = 300
_MAX_ANSWER: Final = 1 << 22
_FIRST_WITH_RESOURCES: Final = (2, 7)
"""Older dashboards cannot be told what a job takes."""
_OK: Final = 200
_MISSING: Final = 404
_REFUSED: Final = frozenset({401, 403})


class RayAwayError(Exception):
    """The dashboard does not answer."""


class RayRefusedError(Exception):
    """The dashboard answers, and not as it should; says why."""


class JobStatus(StrEnum):
    """How far a job has come, as Ray names it."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    STOPPED = "STOPPED"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"

    @property
    def is_over(self) -> bool:
        """Whether nothing of it is left."""
        return self not in {JobStatus.PENDING, JobStatus.RUNNING}


class Job(msgspec.Struct, frozen=True):
    """A job as its cluster shows it.

    Attributes:
        message: Why it is so.
    """

    status: JobStatus
    message: str | None = None


class _Version(msgspec.Struct, frozen=True):
    ray_version: str


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where a dashboard is, and what opens it."""

    url: str
    token: str = ""


class RayJobs:
    """Asks the dashboards of clusters; from any thread."""

    def __init__(self) -> None:
        self._pool = Pool()

    def version(self, cluster: Cluster) -> str:
        """Return the version of Ray.

        Raises:
            RayAwayError: Nothing answers there.
            RayRefusedError: It is no dashboard, a closed one, or one of an old Ray.
        """
        _, body = self._ask(cluster, "GET", "/api/version")
        try:
            found = decoding.from_json(body, _Version).ray_version
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise RayRefusedError(
                f"What answers at {cluster.url} is no dashboard of Ray. Give the address of the "
                "dashboard, such as http://head:8265."
            ) from None
        if _numbers(found) < _FIRST_WITH_RESOURCES:
            needed = ".".join(map(str, _FIRST_WITH_RESOURCES))
            raise RayRefusedError(
                f"The cluster at {cluster.url} runs Ray {shown(found)}; its version must be "
                f"{needed} or newer."
            )
        return found

    def submit(self, cluster: Cluster, job: Mapping[str, Any]) -> None:
        """Submit a job.

        Raises:
            RayAwayError: Nothing answers there, and the job may have been submitted.
            RayRefusedError: It was not.
        """
        self._ask(cluster, "POST", "/api/jobs/", msgspec.json.encode(job))

    def find(self, cluster: Cluster, job_id: str) -> Job | None:
        """Return a job; None when the cluster knows none of that name.

        Raises:
            RayAwayError: Nothing answers there.
            RayRefusedError: The answer is no job.
        """
        status, body = self._ask(cluster, "GET", f"/api/jobs/{quote(job_id, safe='')}")
        if status == _MISSING:
            return None
        try:
            return decoding.from_json(body, Job)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise RayRefusedError(f"{cluster.url} does not describe jobs: {error}.") from None

    def stop(self, cluster: Cluster, job_id: str) -> None:
        """Ask a job to end, if there is one.

        Raises:
            RayAwayError: Nothing answers there.
            RayRefusedError: It is not stopped.
        """
        self._ask(cluster, "POST", f"/api/jobs/{quote(job_id, safe='')}/stop", b"")

    def _ask(
        self, cluster: Cluster, method: str, path: str, body: bytes | None = None
    ) -> tuple[int, bytes]:
        """Return the status, 200 or 404, and the body of an answer."""
        headers = {"authorization": f"Bearer {cluster.token}"} if cluster.token else {}
        if body:
            headers["content-type"] = "application/json"
        url = cluster.url + path
        try:
            with self._pool.answer(
                method, url, headers=headers, body=body, seconds=_SECONDS
            ) as incoming:
                status, answer = incoming.status, _body(incoming)
        except BrokenError as error:
            raise RayAwayError(
                f"The dashboard of Ray at {cluster.url} does not answer: {error}."
            ) from error
        except (ValueError, InvalidURL) as error:
            raise RayRefusedError(
                f"{shown(cluster.url)} is no address of a dashboard: {error}."
            ) from None
        if status in {_OK, _MISSING}:
            return status, answer
        said = answer[:_SHOWN].decode(errors="replace").strip()
        if status in _REFUSED:
            raise RayRefusedError(
                f"The cluster at {cluster.url} asks for a token ({said}). Attach it with the "
                "secret `token`."
            )
        raise RayRefusedError(f"{method} {url} was answered {status}: {said}")


def _body(incoming: Incoming) -> bytes:
    """Return the body of an answer; whatever is at an address that was given may talk for ever."""
    body = b""
    for chunk in incoming.chunks():
        body += chunk
        if len(body) > _MAX_ANSWER:
            raise RayRefusedError("What answers there is no dashboard of Ray: it says too much.")
    return body


def url_of(address: str) -> str:
    """Return the address of a dashboard as a URL."""
    plain = address.strip().rstrip("/")
    return plain if re.match(r"^https?://", plain) else f"http://{plain}"


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:2])
