"""What may not be done to a version of a model, and by whom."""

from zaffre.base.text import shown
from zaffre.domain.access import Principal
from zaffre.domain.errors import ConflictError, ForbiddenError
from zaffre.domain.models import Model
from zaffre.ports.stores import Stores


def check_own(model: Model, caller: Principal) -> None:
    """Refuse that a run changes what it did not register.

    Raises:
        ForbiddenError: `Forbidden`.
    """
    if caller.run_id is not None and model.created_by != caller.name:
        raise ForbiddenError(
            "Forbidden",
            f"{caller.name} did not register the model {shown(model.id)} and may not change it.",
            target="model",
            hint="Change it outside of a run.",
        )


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
