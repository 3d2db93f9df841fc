"""Credentials of Azure, accepted and kept.

What opens a zaffre server is its own token, found in `ZAFFRE_TOKEN` or in the home folder of the
local server; no credential of Azure is sent anywhere.
"""

from __future__ import annotations

import time
from collections import namedtuple
from enum import Enum
from typing import TYPE_CHECKING, Any

from azureml.core import _late
from azureml.exceptions import AuthenticationException
from zaffre_sdk.tracking.context import token

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

__all__ = [
    "AbstractAuthentication",
    "AccessToken",
    "ArmTokenAuthentication",
    "Audience",
    "AzureCliAuthentication",
    "AzureMLTokenAuthentication",
    "InteractiveLoginAuthentication",
    "MsiAuthentication",
    "ServicePrincipalAuthentication",
    "TokenAuthentication",
]

_HOUR = 3600

AccessToken = namedtuple("AccessToken", ["token", "expires_on"])  # noqa: PYI024 - its shape in v1


class Audience(Enum):
    """For which service a token is."""

    ARM = "https://management.core.windows.net/"
    AZUREML = "https://ml.azure.com"


class AbstractAuthentication:
    """Someone who can say who they are."""

    def __init__(self, cloud: Any = None) -> None:
        self._cloud = cloud

    def get_authentication_header(self) -> dict[str, str]:
        """Return the header that opens the server."""
        return {"Authorization": f"Bearer {self._secret()}"}

    def get_token(self, *scopes: str, **kwargs: Any) -> AccessToken:
        """Return the token that opens the server."""
        return AccessToken(self._secret(), int(time.time()) + _HOUR)

    def signed_session(self, session: Any = None) -> Any:
        """Return a `requests` session that sends the header."""
        signed = session or _late.find("requests", "Session")()
        signed.headers.update(self.get_authentication_header())
        return signed

    def _secret(self) -> str:
        found = token()
        if not found:
            raise AuthenticationException(
                "No token is known: neither `ZAFFRE_TOKEN` nor the home of a local server has "
                "one.\nOpen a workspace first, or set `ZAFFRE_URL` and `ZAFFRE_TOKEN`."
            )
        return found


class InteractiveLoginAuthentication(AbstractAuthentication):
    """A person; nothing is asked, since the token of the server says who it is."""

    def __init__(
        self, force: bool = False, tenant_id: str | None = None, cloud: Any = None
    ) -> None:
        super().__init__(cloud)
        self._force = force
        self._tenant_id = tenant_id


class AzureCliAuthentication(AbstractAuthentication):
    """A person whom the Azure command line knows."""

    def __init__(self, cloud: Any = None) -> None:
        super().__init__(cloud)


class MsiAuthentication(AbstractAuthentication):
    """A managed identity."""

    def __init__(self, cloud: Any = None, **kwargs: Any) -> None:
        super().__init__(cloud)
        self._options = kwargs


class ServicePrincipalAuthentication(AbstractAuthentication):
    """A program; the password is kept in memory and never sent."""

    def __init__(
        self,
        tenant_id: str,
        service_principal_id: str,
        service_principal_password: str,
        cloud: Any = None,
        _enable_caching: bool = True,
    ) -> None:
        super().__init__(cloud)
        self._tenant_id = tenant_id
        self._service_principal_id = service_principal_id
        self._service_principal_password = service_principal_password


class TokenAuthentication(AbstractAuthentication):
    """A token that a function of the program makes, for each audience."""

    def __init__(self, get_token_for_audience: Callable[[str], str], cloud: Any = None) -> None:
        super().__init__(cloud)
        self._get_token_for_audience = get_token_for_audience

    def get_token(self, audience: str | None = None) -> str:  # type: ignore[override] # v1's shape
        """Return what the function of the program answers for `audience`."""
        return self._get_token_for_audience(audience or Audience.AZUREML.value)


class ArmTokenAuthentication(AbstractAuthentication):
    """A token of Azure Resource Manager."""

    def __init__(self, arm_access_token: str, cloud: Any = None) -> None:
        super().__init__(cloud)
        self._arm_access_token = arm_access_token

    def update_arm_access_token(self, new_arm_access_token: str) -> None:
        """Replace the token."""
        self._arm_access_token = new_arm_access_token


class AzureMLTokenAuthentication(AbstractAuthentication):
    """The token of one run."""

    EXPIRATION_THRESHOLD_IN_SECONDS = 300
    REFRESH_INTERVAL_IN_SECONDS = 30

    def __init__(
        self,
        azureml_access_token: str,
        expiry_time: datetime | None = None,
        host: str | None = None,
        subscription_id: str | None = None,
        resource_group_name: str | None = None,
        workspace_name: str | None = None,
        experiment_name: str | None = None,
        run_id: str | None = None,
        user_email: str | None = None,
        experiment_id: str | None = None,
        cloud: Any = None,
    ) -> None:
        super().__init__(cloud)
        self._token = azureml_access_token
        self._expiry_time = expiry_time
        self._host = host
        self._scope = (subscription_id, resource_group_name, workspace_name)
        self._run = (experiment_name, experiment_id, run_id)
        self._user_email = user_email

    @classmethod
    def create(
        cls,
        azureml_access_token: str,
        expiry_time: datetime | None,
        host: str | None,
        subscription_id: str | None,
        resource_group_name: str | None,
        workspace_name: str | None,
        experiment_name: str | None,
        run_id: str | None,
        user_email: str | None = None,
        experiment_id: str | None = None,
    ) -> AzureMLTokenAuthentication:
        """Return the credential of a run."""
        return cls(
            azureml_access_token,
            expiry_time,
            host,
            subscription_id,
            resource_group_name,
            workspace_name,
            experiment_name,
            run_id,
            user_email,
            experiment_id,
        )

    @property
    def token(self) -> str:
        """The token."""
        return self._token

    @property
    def expiry_time(self) -> datetime | None:
        """Until when the token is good, or None when only the end of the run ends it."""
        return self._expiry_time

    def set_token(self, token: str, expiry_time: datetime | None) -> None:
        """Replace the token."""
        self._token, self._expiry_time = token, expiry_time

    def _secret(self) -> str:
        return self._token
