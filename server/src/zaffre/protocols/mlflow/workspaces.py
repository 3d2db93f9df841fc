"""Which workspace an address means.

The tracking URI of a workspace carries its full name, as Azure ML's does. At the bare address of
the server a program means the workspace that it names in `X-MLFLOW-WORKSPACE`, or else the first
one; where there is none yet, one called `default` is made.
"""

from typing import Final, NamedTuple

from zaffre.domain.access import Permission, Principal
from zaffre.domain.errors import missing
from zaffre.domain.workspaces import Workspace
from zaffre.protocols.http.house import House
from zaffre.services.work import Services
from zaffre.services.workspaces import NewWorkspace

HEADER: Final = b"x-mlflow-workspace"
_DEFAULT: Final = NewWorkspace(name="default", subscription_id="local", resource_group="local")
# /mlflow/v1.0/subscriptions/S/resourceGroups/G/providers/Microsoft.MachineLearningServices/…
_WORDS: Final = (
    (1, {"mlflow"}),
    (2, {"v1.0", "v2.0"}),
    (3, {"subscriptions"}),
    (5, {"resourcegroups"}),
    (7, {"providers"}),
    (8, {"microsoft.machinelearningservices"}),
    (9, {"workspaces"}),
)
_LENGTH: Final = 11
_FIRST: Final = ("", "", "")
_MAX_KNOWN: Final = 10_000


Names = tuple[str, str, str]
"""The subscription, the resource group and the name of a workspace."""


class Address(NamedTuple):
    """An address in two parts.

    Attributes:
        root: What stands in front; empty at the bare root.
        names: Of the workspace, if it says them.
        path: From `/api/…` on.
    """

    root: str
    names: Names | None
    path: str


def address_of(path: str) -> Address | None:
    """Take an address apart; None when it is none of this door."""
    if not path.startswith("/mlflow/"):
        return Address("", None, path)
    segments = path.split("/", _LENGTH)
    if len(segments) < _LENGTH or any(segments[i].lower() not in words for i, words in _WORDS):
        return None
    names = (segments[4], segments[6], segments[10])
    rest = segments[_LENGTH] if len(segments) > _LENGTH else ""
    return Address("/".join(segments[:_LENGTH]), names, f"/{rest}")


class Workspaces:
    """Finds the ids of workspaces, and remembers them: they are never reused."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._known: dict[tuple[Names, str | None], str] = {}

    async def id_of(self, address: Address, named: str | None, caller: Principal) -> str:
        """Return the id of the workspace that is meant.

        Args:
            address: Of the request.
            named: The value of `X-MLFLOW-WORKSPACE`, if it was sent.
            caller: Sees its own workspace alone, if it is bound to one.

        Raises:
            NotFoundError: `WorkspaceNotFound`.
        """
        if caller.workspace_id is not None and address.names is None and not named:
            return caller.workspace_id
        names = address.names or ("", "", named or "")
        # A name alone means the first workspace of that name that the caller sees.
        key = (names, caller.workspace_id)
        known = self._known.get(key)
        if known is not None:
            return known
        if names == _FIRST:
            # It stays the first until it is deleted: others are younger.
            found = await self._first(caller)
        else:
            found = await self._house.work.read(lambda s: _find(s, names, caller))
        if len(self._known) >= _MAX_KNOWN:
            self._known.clear()
        self._known[key] = found.id
        return found.id

    def forget(self, workspace_id: str) -> None:
        """Look it up again next time."""
        stale = [key for key, known in self._known.items() if known == workspace_id]
        for key in stale:
            del self._known[key]

    async def _first(self, caller: Principal) -> Workspace:
        found = await self._house.work.read(lambda s: _visible(s, caller))
        if found:
            return min(found, key=lambda workspace: workspace.created_at)
        caller.require(Permission.WORKSPACES_WRITE)
        return await self._house.work.write(lambda s: s.workspaces.create(_DEFAULT, exist_ok=True))


def _visible(services: Services, caller: Principal) -> list[Workspace]:
    return services.workspaces.list(caller=caller)


def _find(services: Services, names: Names, caller: Principal) -> Workspace:
    subscription, group, name = names
    found = services.workspaces.list(
        caller=caller,
        subscription_id=subscription or None,
        resource_group=group or None,
        name=name,
    )
    if not found:
        raise missing("workspace", name)
    return min(found, key=lambda workspace: workspace.created_at)
