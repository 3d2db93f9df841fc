"""What is asked for: one Job for an attempt of a run, and a Secret that belongs to it."""

import base64
import hashlib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, NamedTuple

from zaffre.adapters.launchers.kubernetes.settings import PodSettings

ORDER_FOLDER: Final = "/zaffre-order"
WORK_FOLDER: Final = "/zaffre"
START: Final = "start.py"
SERVER: Final = "zaffre/server"
WORKSPACE: Final = "zaffre/workspace"
COMPUTE: Final = "zaffre/compute"
RUN: Final = "zaffre/run"
ATTEMPT: Final = "zaffre/attempt"
_LABEL: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
_SLUG_LENGTH: Final = 30
_GRACE_SECONDS: Final = 30
_KEPT_SECONDS: Final = 86_400
"""A Job that has ended and that no server removes goes by itself after a day."""
_PREPARING_SECONDS: Final = 3600
"""How long a pod may take before its run begins, on top of what the run may take."""
_USER: Final = 1000
# Images have one or the other.
_BEGIN: Final = (
    'for one in python3 python; do command -v "$one" >/dev/null && exec "$one" "$@"; done; '
    'echo "The image has no Python, which the run needs to begin." >&2; exit 127'
)


class Login(NamedTuple):
    """What opens a registry of images."""

    registry: str
    username: str
    password: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """An attempt of a run, as it is known in a cluster.

    Attributes:
        server: What the server is known by; several may use one namespace.
    """

    server: str
    workspace_id: str
    compute: str
    run_id: str
    number: int

    @property
    def name(self) -> str:
        """The name of its Job: the same whenever it is asked for."""
        said = f"{self.server} {self.workspace_id} {self.run_id}"
        digest = hashlib.sha256(said.encode()).hexdigest()[:10]
        slug = re.sub(r"[^a-z0-9]+", "-", self.run_id.lower())[:_SLUG_LENGTH].strip("-")
        return "-".join(filter(None, ["zaffre", slug, digest, str(self.number)]))

    @property
    def labels(self) -> dict[str, str]:
        """The labels of all that belongs to it."""
        return {
            "app.kubernetes.io/name": "zaffre-run",
            "app.kubernetes.io/instance": self.name,
            "app.kubernetes.io/component": "runner",
            "app.kubernetes.io/managed-by": "zaffre",
            SERVER: self.server,
            WORKSPACE: label(self.workspace_id),
            COMPUTE: label(self.compute),
            RUN: label(self.run_id),
            ATTEMPT: str(self.number),
        }


def server_key(folder: Path) -> str:
    """Return what the server of a home is known by in clusters; made at the first time.

    Args:
        folder: In the home.
    """
    path = folder / ".server"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    key = path.read_text("utf-8").strip() if path.exists() else ""
    if not key:
        # Half a key, or none, could be that of another server, whose Jobs would be ours.
        key = os.urandom(8).hex()
        draft = path.with_name(f".server.{os.getpid()}")
        draft.write_text(key, encoding="utf-8")
        draft.replace(path)
    return key


def label(text: str) -> str:
    """Return a text as the value of a label: itself, or what stands for it."""
    if _LABEL.fullmatch(text):
        return text
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def job_of(
    attempt: Attempt,
    settings: PodSettings,
    *,
    image: str,
    max_seconds: int | None,
    has_login: bool = False,
) -> dict[str, Any]:
    """Return the Job of an attempt.

    Args:
        attempt: Whose.
        settings: Of the target.
        image: Of its container.
        max_seconds: How long the run may take; None is for ever.
        has_login: There will be a Secret that opens the registry of the image.
    """
    own = (_pulling(attempt),) if has_login else ()
    settings = replace(settings, image_pull_secrets=(*settings.image_pull_secrets, *own))
    labels = {**settings.labels, **attempt.labels}
    said = {"zaffre/run-id": attempt.run_id, "zaffre/workspace-id": attempt.workspace_id}
    metadata = {"labels": labels, "annotations": {**settings.annotations, **said}}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": attempt.name, **metadata},
        "spec": {
            "backoffLimit": 0,
            "completions": 1,
            "parallelism": 1,
            "ttlSecondsAfterFinished": _KEPT_SECONDS,
            "template": {
                "metadata": metadata,
                "spec": _pod(attempt, settings, image=image, max_seconds=max_seconds),
            },
        },
    }


def secret_of(attempt: Attempt, uid: str, content: Mapping[str, str]) -> dict[str, Any]:
    """Return the Secret of an attempt, which goes with its Job.

    Args:
        attempt: Whose.
        uid: Of the Job.
        content: Texts by the names of their files.
    """
    owner = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "name": attempt.name,
        "uid": uid,
        "controller": True,
        "blockOwnerDeletion": False,
    }
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": attempt.name, "labels": attempt.labels, "ownerReferences": [owner]},
        "type": "Opaque",
        "immutable": True,
        "stringData": dict(content),
    }


def login_of_registry(attempt: Attempt, uid: str, login: Login) -> dict[str, Any]:
    """Return the Secret by which the image of an attempt is fetched; it goes with its Job.

    Args:
        attempt: Whose.
        uid: Of the Job.
        login: To the registry.
    """
    basic = base64.b64encode(f"{login.username}:{login.password}".encode()).decode()
    said = {"username": login.username, "password": login.password, "auth": basic}
    secret = secret_of(
        attempt, uid, {".dockerconfigjson": json.dumps({"auths": {login.registry: said}})}
    )
    metadata = {**secret["metadata"], "name": _pulling(attempt)}
    return {**secret, "type": "kubernetes.io/dockerconfigjson", "metadata": metadata}


def _pulling(attempt: Attempt) -> str:
    return f"{attempt.name}-pull"


def _pod(
    attempt: Attempt, settings: PodSettings, *, image: str, max_seconds: int | None
) -> dict[str, Any]:
    optional = {
        "activeDeadlineSeconds": max_seconds and max_seconds + _PREPARING_SECONDS,
        "serviceAccountName": settings.service_account,
        "priorityClassName": settings.priority_class,
        "nodeSelector": dict(settings.node_selector),
        "tolerations": [dict(one) for one in settings.tolerations],
        "imagePullSecrets": [{"name": name} for name in settings.image_pull_secrets],
        "hostNetwork": settings.has_host_network,
        "securityContext": _RESTRICTED_POD if settings.is_restricted else None,
    }
    return {
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": _GRACE_SECONDS,
        "enableServiceLinks": False,
        # Runs talk to our server; with an account that was named they may talk to the cluster.
        "automountServiceAccountToken": bool(settings.service_account),
        **{name: value for name, value in optional.items() if value},
        "containers": [_container(settings, image)],
        "volumes": [
            {"name": "order", "secret": {"secretName": attempt.name, "defaultMode": 0o444}},
            {"name": "work", "emptyDir": {}},
            # The usual 64 MB are too few for the workers of data loaders.
            {"name": "shm", "emptyDir": {"medium": "Memory"}},
        ],
    }


def _container(settings: PodSettings, image: str) -> dict[str, Any]:
    words = [f"{ORDER_FOLDER}/{START}", ORDER_FOLDER, WORK_FOLDER]
    begin = [settings.python] if settings.python else ["/bin/sh", "-c", _BEGIN, "sh"]
    threads = settings.threads
    optional = {
        # Numerical libraries would start a thread for every processor of the node.
        "env": [{"name": "OMP_NUM_THREADS", "value": str(threads)}] if threads else [],
        "resources": {kind: dict(each) for kind, each in settings.resources.items()},
        "securityContext": _RESTRICTED_CONTAINER if settings.is_restricted else None,
    }
    return {
        "name": "run",
        "image": image,
        "command": [*begin, *words],
        "workingDir": WORK_FOLDER,
        **{name: value for name, value in optional.items() if value},
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [
            {"name": "order", "mountPath": ORDER_FOLDER, "readOnly": True},
            {"name": "work", "mountPath": WORK_FOLDER},
            {"name": "shm", "mountPath": "/dev/shm"},  # noqa: S108 (of the pod)
        ],
    }


_RESTRICTED_POD: Final = {
    "runAsNonRoot": True,
    "runAsUser": _USER,
    "runAsGroup": _USER,
    "fsGroup": _USER,
    "seccompProfile": {"type": "RuntimeDefault"},
}
_RESTRICTED_CONTAINER: Final = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
}
