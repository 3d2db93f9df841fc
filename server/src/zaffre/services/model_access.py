"""What may not be done to a version of a model while endpoints use it."""

from zaffre.base.text import shown
from zaffre.domain.errors import ConflictError
from zaffre.domain.models import Model
from zaffre.ports.stores import Stores


def check_version_unused(stores: Stores, model: Model) -> None:
    """Refuse what would take a version from under an endpoint.

    Raises:
        ConflictError: `ModelInUse`, naming the endpoints that use it.
    """
    users = [
        endpoint.name
        for endpoint in stores.endpoints.list(model.workspace_id)
        if model.id in endpoint.spec.model_ids
    ]
    _refuse(model.id, users)


def check_name_unused(stores: Stores, workspace_id: str, name: str) -> None:
    """Refuse what would take any version of a name from under an endpoint.

    Raises:
        ConflictError: `ModelInUse`, naming the endpoints that use one.
    """
    users = [
        endpoint.name
        for endpoint in stores.endpoints.list(workspace_id)
        if any(used.rpartition(":")[0] == name for used in endpoint.spec.model_ids)
    ]
    _refuse(name, users)


def _refuse(used: str, users: list[str]) -> None:
    if users:
        raise ConflictError(
            "ModelInUse",
            f"The model {shown(used)} is deployed: {', '.join(map(shown, users))}.",
            target="model",
            hint="Delete or update these endpoints first.",
        )
