"""Registered models and their versions as MLflow programs send and see them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from zaffre.domain.errors import InvalidError
from zaffre.domain.models import RegisteredModel
from zaffre.protocols.mlflow.messages import pairs_out, required
from zaffre.services.registry import Registered
from zaffre.services.versions import Version

_MAX_VERSION_DIGITS = 9
_MAX_SHOWN = 80


class Pair(msgspec.Struct):
    """A tag or a param."""

    key: str = ""
    value: str = ""


class NameIn(msgspec.Struct):
    """A registered model."""

    name: str = ""


class RegisteredModelIn(NameIn):
    """A registered model to create."""

    tags: list[Pair] = []
    description: str = ""


class DescriptionIn(NameIn):
    """A new description of a registered model."""

    description: str | None = None


class RenameIn(NameIn):
    """A new name of a registered model."""

    new_name: str = ""


class NewestIn(NameIn):
    """Stages whose newest versions are asked for."""

    stages: list[str] = []


class TagIn(NameIn):
    """A tag of a registered model."""

    key: str = ""
    value: str = ""


class AliasIn(NameIn):
    """An alias, and where one is set the version."""

    alias: str = ""
    version: str = ""


class VersionIn(NameIn):
    """A version."""

    version: str = ""


class NewVersionIn(NameIn):
    """A version to create."""

    source: str = ""
    run_id: str = ""
    tags: list[Pair] = []
    run_link: str = ""
    description: str = ""
    model_id: str = ""


class VersionDescriptionIn(VersionIn):
    """A new description of a version."""

    description: str | None = None


class VersionTagIn(VersionIn):
    """A tag of a version."""

    key: str = ""
    value: str = ""


class StageIn(VersionIn):
    """A stage to move a version to."""

    stage: str = ""
    archive_existing_versions: bool = False


class SearchIn(msgspec.Struct):
    """A search."""

    filter: str = ""
    max_results: int | None = None
    order_by: list[str] = []
    page_token: str = ""


def pairs_in(pairs: Iterable[Pair]) -> dict[str, str]:
    """Return tags; of those with one key the last counts."""
    return {pair.key: pair.value for pair in pairs}


def version_in(body: VersionIn | AliasIn) -> int:
    """Return the number of the version that is meant.

    Raises:
        InvalidError: `MissingField` or `InvalidVersion`.
    """
    text: str = required(body.version, "version")
    if not text.isascii() or not text.isdigit() or len(text) > _MAX_VERSION_DIGITS:
        raise InvalidError(
            "InvalidVersion",
            f"Parameter 'version' must be an integer, got '{text[:_MAX_SHOWN]}'.",
            target="version",
        )
    return int(text)


def millis(time: datetime) -> int:
    """Return a time as programs know it."""
    return round(time.timestamp() * 1000)


def registered_out(found: Registered) -> dict[str, Any]:
    """Return a registered model with the newest version of each stage."""
    model = found.model
    return {
        **_described(model),
        "latest_versions": [
            version_out(Version(one, model.aliases_of(one.version))) for one in found.newest
        ],
        "aliases": [
            {"alias": alias, "version": str(version)}
            for alias, version in sorted(model.aliases.items())
        ],
    }


def registered_list(found: Sequence[Registered]) -> list[dict[str, Any]]:
    """Return registered models."""
    return [registered_out(one) for one in found]


def version_out(version: Version) -> dict[str, Any]:
    """Return a version."""
    model = version.model
    out: dict[str, Any] = {
        "name": model.name,
        "version": str(model.version),
        "creation_timestamp": millis(model.created_at),
        "last_updated_timestamp": millis(model.updated_at),
        "user_id": model.created_by,
        "current_stage": model.stage.value,
        "description": model.description,
        "source": model.source or f"zaffre:{model.id}",
        "run_id": model.run_id or "",
        "status": "READY",
        "tags": pairs_out(model.tags),
        "run_link": model.run_link,
        "aliases": list(version.aliases),
    }
    if model.logged_model_id is not None:
        out["model_id"] = model.logged_model_id
    return out


def _described(model: RegisteredModel) -> dict[str, Any]:
    return {
        "name": model.name,
        "creation_timestamp": millis(model.created_at),
        "last_updated_timestamp": millis(model.updated_at),
        "description": model.description,
        "tags": pairs_out(model.tags),
    }
