"""Use cases of environments."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from zaffre.base.text import closest, shown
from zaffre.domain import curated
from zaffre.domain.access import Principal
from zaffre.domain.environments import Environment, EnvironmentSpec
from zaffre.domain.errors import ConflictError, InvalidError, NotFoundError, missing
from zaffre.domain.names import ENVIRONMENT, LABEL, VERSION
from zaffre.ports.stores import Stores
from zaffre.services.access import seen_workspace
from zaffre.services.context import Context
from zaffre.services.environment_files import accept

_LATEST: Final = "latest"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEnvironment:
    """What a caller says of an environment to be; a version of None takes the next number."""

    name: str
    spec: EnvironmentSpec
    definition: Mapping[str, Any]
    version: str | None = None


class EnvironmentService:
    """Use cases of environments, within one transaction."""

    def __init__(self, stores: Stores, context: Context) -> None:
        self._stores = stores
        self._context = context

    def register(
        self, workspace_id: str, new: NewEnvironment, *, caller: Principal
    ) -> Environment:
        """Register a version; one that equals the newest adds none.

        Raises:
            InvalidError: `InvalidName`.
            ConflictError: `EnvironmentExists`, when the version is there and differs.
            PreconditionError: `BlobMissing`, naming a file of it.
        """
        seen_workspace(self._stores, workspace_id, caller=caller)
        name = _free_name(new.name)
        asked = VERSION.check(new.version) if new.version is not None else None
        present = self._stores.environments.find(workspace_id, name, asked)
        if present is not None and _is_equal(present, new):
            return present
        if present is not None and asked is not None:
            raise ConflictError(
                "EnvironmentExists",
                f"The environment {shown(name)} has a version {shown(asked)} that differs.",
                target="version",
                hint="Leave the version out to register the next one.",
            )
        accept(self._stores, self._context, workspace_id, spec=new.spec)
        environment = Environment(
            workspace_id=workspace_id,
            name=name,
            version=asked or self._next_version(workspace_id, name, present),
            spec=new.spec,
            definition=dict(new.definition),
            created_at=self._context.clock.now(),
        )
        self._stores.environments.add(environment)
        return environment

    def get(
        self,
        workspace_id: str,
        name: str,
        *,
        caller: Principal,
        version: str | None = None,
        label: str | None = None,
    ) -> Environment:
        """Return that version, the one that a label points at, or the newest.

        Raises:
            NotFoundError: `EnvironmentNotFound`.
        """
        seen_workspace(self._stores, workspace_id, caller=caller)
        if label is not None and label.lower() != _LATEST:
            version = self._stores.environments.labeled(workspace_id, name, label)
            if version is None:
                raise missing("environment", f"{name}@{label}")
        found = self.find(workspace_id, name, version)
        if found is None:
            raise _absent(workspace_id, name, version)
        return found

    def find(self, workspace_id: str, name: str, version: str | None) -> Environment | None:
        """Return a version that was registered, or that every workspace knows."""
        found = self._stores.environments.find(workspace_id, name, version)
        return found or curated.find(workspace_id, name, version)

    def list(
        self, workspace_id: str, *, caller: Principal, with_curated: bool = False
    ) -> list[Environment]:
        """Return the newest version of each environment, by name."""
        seen_workspace(self._stores, workspace_id, caller=caller)
        registered = self._stores.environments.list(workspace_id)
        return [*(curated.everything(workspace_id) if with_curated else ()), *registered]

    def label(
        self,
        workspace_id: str,
        name: str,
        *,
        version: str,
        labels: Iterable[str],
        caller: Principal,
    ) -> Environment:
        """Point labels at a version, away from others, and return it.

        Raises:
            InvalidError: `InvalidName`.
            NotFoundError: `EnvironmentNotFound`.
        """
        checked = [LABEL.check(label) for label in labels]
        seen_workspace(self._stores, workspace_id, caller=caller)
        found = self._stores.environments.find(workspace_id, name, version)
        if found is None:
            raise missing("environment", f"{name}:{version}")
        self._stores.environments.label(workspace_id, name, version=version, labels=checked)
        return found

    def _next_version(self, workspace_id: str, name: str, newest: Environment | None) -> str:
        last = newest.version if newest is not None else "0"
        number = int(last) + 1 if last.isdecimal() else 1
        while self._stores.environments.find(workspace_id, name, str(number)) is not None:
            number += 1
        return str(number)


def _is_equal(present: Environment, new: NewEnvironment) -> bool:
    return present.spec == new.spec and present.definition == dict(new.definition)


def _free_name(name: str) -> str:
    checked = ENVIRONMENT.check(name)
    if curated.is_reserved(checked):
        raise InvalidError(
            "InvalidName",
            f"The environment name {shown(name)} is not allowed.",
            target="name",
            hint=f"Names that begin with `{curated.PREFIX}` or `Microsoft` are those of "
            "environments that every workspace knows. Give it another one with `clone`.",
        )
    return checked


def _absent(workspace_id: str, name: str, version: str | None) -> NotFoundError:
    error = missing("environment", name if version is None else f"{name}:{version}")
    if not name.lower().startswith(curated.PREFIX.lower()):
        return error
    start = len(curated.PREFIX)
    known = [one.name[start:] for one in curated.everything(workspace_id)]
    meant = closest(name[start:], known)
    if curated.find(workspace_id, name, None) is not None:
        error.hint = f"{shown(name)} has the version {shown(curated.VERSION)} alone; leave it out."
    elif meant is not None:
        error.hint = f"Did you mean {shown(curated.PREFIX + meant)}? `Environment.list` names all."
    else:
        error.hint = f"`Environment.list` names the {len(known)} that there are."
    return error
