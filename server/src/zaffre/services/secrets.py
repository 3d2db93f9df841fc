"""Use cases of secrets."""

from dataclasses import replace

from zaffre.domain.access import Principal
from zaffre.domain.environments import EnvironmentSpec
from zaffre.domain.errors import missing
from zaffre.domain.labels import check_text
from zaffre.domain.names import SECRET
from zaffre.domain.secrets import Secret, check_secret
from zaffre.ports.stores import Stores
from zaffre.services.access import seen_workspace
from zaffre.services.context import Context


class SecretService:
    """Use cases of secrets, within one transaction."""

    def __init__(self, stores: Stores, context: Context) -> None:
        self._stores = stores
        self._context = context

    def put(
        self,
        workspace_id: str,
        name: str,
        value: str,
        *,
        caller: Principal,
        content_type: str = "",
    ) -> Secret:
        """Keep a value under a name, in place of what was there.

        Raises:
            InvalidError: `InvalidName`.
            TooLargeError: `SecretTooLarge`.
        """
        seen_workspace(self._stores, workspace_id, caller=caller)
        checked = SECRET.check(name)
        data = check_secret(checked, value)
        now = self._context.clock.now()
        present = self._stores.secrets.find(workspace_id, checked)
        secret = Secret(
            workspace_id=workspace_id,
            name=checked,
            sealed=self._context.vault.seal(data, purpose=_purpose(workspace_id, checked)),
            content_type=check_text(content_type, target="content_type"),
            created_at=present.created_at if present else now,
            updated_at=now,
        )
        self._stores.secrets.put(secret)
        return secret

    def reveal(self, workspace_id: str, name: str, *, caller: Principal) -> tuple[Secret, str]:
        """Return a secret with its value.

        Raises:
            NotFoundError: `SecretNotFound`.
            PreconditionError: `SecretUnreadable`.
        """
        seen_workspace(self._stores, workspace_id, caller=caller)
        secret = self._stores.secrets.find(workspace_id, name)
        if secret is None:
            raise missing("secret", name)
        purpose = _purpose(workspace_id, secret.name)
        return secret, self._context.vault.open(secret.sealed, purpose=purpose).decode()

    def with_password(self, workspace_id: str, spec: EnvironmentSpec) -> EnvironmentSpec:
        """Return what an environment asks for, with the password of its registry of images.

        Raises:
            NotFoundError: `SecretNotFound`.
            PreconditionError: `SecretUnreadable`.
        """
        image = spec.image
        if image is None or not image.password_secret:
            return spec
        secret = self._stores.secrets.find(workspace_id, image.password_secret)
        if secret is None:
            raise missing("secret", image.password_secret)
        purpose = _purpose(workspace_id, secret.name)
        password = self._context.vault.open(secret.sealed, purpose=purpose).decode()
        return replace(spec, image=replace(image, password=password))

    def list(self, workspace_id: str, *, caller: Principal) -> list[Secret]:
        """Return the secrets by name, without their values."""
        seen_workspace(self._stores, workspace_id, caller=caller)
        return self._stores.secrets.list(workspace_id)

    def delete(self, workspace_id: str, name: str, *, caller: Principal) -> None:
        """Remove a secret; removing one that is not there changes nothing."""
        seen_workspace(self._stores, workspace_id, caller=caller)
        self._stores.secrets.remove(workspace_id, name)


def _purpose(workspace_id: str, name: str) -> str:
    return f"secret {workspace_id} {name}"
