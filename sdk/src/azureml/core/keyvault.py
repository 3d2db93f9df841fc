"""The vault of a workspace: secrets that its programs may read."""

from __future__ import annotations

from typing import Any

from azureml.core._nouns import Nouns, nouns_of
from azureml.exceptions import UserErrorException

__all__ = ["Keyvault"]


class Keyvault:
    """The vault of a workspace.

    Example:
        >>> vault = workspace.get_default_keyvault()
        >>> vault.set_secret("db-password", "…")
        >>> run.get_secret("db-password")  # in a run

    Args:
        workspace: Whose vault it is.
    """

    def __init__(self, workspace: Any, **kwargs: Any) -> None:
        self._workspace = workspace

    def set_secret(self, name: str, value: str, content_type: str | None = None) -> None:
        """Keep a value under a name, in place of what was there.

        Args:
            name: 1 to 127 letters, digits or `-`.
            value: At most 25,600 bytes of text.
            content_type: What the value is; any text.

        Raises:
            UserErrorException: The name or the value is not allowed.
        """
        if not isinstance(value, str):
            raise UserErrorException(
                f"The value of the secret `{name}` must be text, not {type(value).__name__}."
            )
        self._nouns().secrets.set(_named(name), value, content_type=content_type or "")

    def set_secrets(self, secrets_batch: dict[str, str]) -> None:
        """Keep several values under their names."""
        for name, value in secrets_batch.items():
            self.set_secret(name, value)

    def get_secret(self, name: str) -> str:
        """Return the value of a secret.

        Raises:
            UserErrorException: There is none of that name.
        """
        return str(self._nouns().secrets.get(_named(name)).value)

    def get_secrets(self, secrets: list[str]) -> dict[str, str | None]:
        """Return the values by name; None for those that are not there."""
        return {name: self._found(name) for name in secrets}

    def get_secret_content_type(self, name: str) -> str:
        """Return what the value of a secret is said to be."""
        return str(self._nouns().secrets.get(_named(name)).content_type)

    def list_secrets(self) -> list[dict[str, str]]:
        """Return the names of the secrets, never their values."""
        return [
            {"name": secret.name, "content_type": secret.content_type}
            for secret in self._nouns().secrets.list()
        ]

    def delete_secret(self, name: str) -> None:
        """Remove a secret."""
        self._nouns().secrets.delete(_named(name))

    def delete_secrets(self, secrets: list[str]) -> None:
        """Remove several secrets."""
        for name in secrets:
            self.delete_secret(name)

    def __repr__(self) -> str:
        """Return the class and the workspace."""
        return f"Keyvault(workspace={self._workspace.name!r})"

    def _nouns(self) -> Nouns:
        return nouns_of(self._workspace)

    def _found(self, name: str) -> str | None:
        found = self._nouns().secrets.find(_named(name))
        return None if found is None else str(found.value)


def _named(name: Any) -> str:
    if not isinstance(name, str) or not name:
        raise UserErrorException(f"A secret is named by text, not {name!r}.")
    return name
