"""Artifacts between the wire and the domain."""

from zaffre_sdk.wire.artifacts import ArtifactOut

from zaffre.domain.artifacts import Artifact
from zaffre.protocols.native.translate.words import from_time


def from_artifact(artifact: Artifact) -> ArtifactOut:
    """Return the artifact as clients see it."""
    return ArtifactOut(
        path=artifact.path,
        digest=artifact.digest,
        size=artifact.size,
        created_at=from_time(artifact.created_at),
    )
