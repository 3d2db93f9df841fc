"""Local web services: on a port of their own, for trying out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from azureml.core import _late
from azureml.core._unsupported import unsupported
from azureml.core.webservice._settings import LocalWebserviceDeploymentConfiguration
from azureml.core.webservice.webservice import Webservice
from azureml.exceptions import UserErrorException
from zaffre_sdk.deploying.watching import read_log

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["LocalWebservice", "LocalWebserviceDeploymentConfiguration"]


class LocalWebservice(Webservice):
    """A service on `http://localhost:<port>/score`, without keys."""

    _KIND = "LOCAL"

    NETWORK_NAME = "azureml_local"
    STATE_DELETED = "deleted"
    STATE_DEPLOYING = "deploying"
    STATE_FAILED = "failed"
    STATE_RUNNING = "running"
    STATE_UNKNOWN = "unknown"

    deploy_configuration = staticmethod(LocalWebserviceDeploymentConfiguration)

    def __init__(self, workspace: Any, name: str, must_exist: bool = True, **kwargs: Any) -> None:
        super().__init__(workspace, name, **kwargs)

    @property
    def state(self) -> str:
        """`deploying`, `running` or `failed`, as last looked at."""
        return {
            "Transitioning": self.STATE_DEPLOYING,
            "Healthy": self.STATE_RUNNING,
            "Unhealthy": self.STATE_FAILED,
            "Failed": self.STATE_FAILED,
        }.get(self._seen.state, self.STATE_UNKNOWN)

    @property
    def port(self) -> int | None:
        """The port on which the service answers."""
        port: int | None = _late.find("urllib.parse", "urlsplit")(self.scoring_uri).port
        return port

    def get_logs(self, num_lines: int = 5000, raw: bool = False) -> str:
        """Return the last lines of what the service wrote."""
        return "\n".join(read_log(self._nouns.endpoints, self.name).splitlines()[-num_lines:])

    @staticmethod
    def list(  # type: ignore[override] # v1 has fewer filters here
        workspace: Any,
        model_name: str | None = None,
        model_id: str | None = None,
        all: bool = False,
    ) -> Sequence[Webservice]:
        """Return the local services of a workspace that fit, by name."""
        return Webservice.list(
            workspace, LocalWebservice._KIND, model_name=model_name, model_id=model_id
        )

    def reload(self, wait: bool = True) -> None:
        """Take over what has changed in the source folder, and start again."""
        renewed = _late.find("azureml.core.webservice._deploying", "renewed")
        spec = renewed(self)
        self._change(**({"reload": True} if spec is None else {"spec": spec}))
        if wait:
            self.wait_for_deployment()

    def update(
        self,
        models: Any = None,
        image_config: Any = None,
        deployment_config: Any = None,
        wait: bool = False,
        inference_config: Any = None,
    ) -> None:
        """Deploy other models or code under the same name.

        Raises:
            UserErrorException: `deployment_config` names another port.
        """
        port = getattr(deployment_config, "port", None)
        if port not in (None, self.port):
            raise UserErrorException(
                f"The service `{self.name}` stays on port {self.port}.\n"
                "Another one is taken by `Model.deploy` with `overwrite=True`."
            )
        super().update(models=models, inference_config=inference_config or image_config)
        if wait:
            self.wait_for_deployment()

    def delete(
        self, delete_cache: bool = True, delete_image: bool = False, delete_volume: bool = True
    ) -> None:
        """Delete the service; its processes end."""
        super().delete()

    def update_deployment_state(self, must_exist: bool = False) -> None:
        """Look at the service again."""
        super().update_deployment_state()

    deploy_to_cloud = unsupported("LocalWebservice.deploy_to_cloud", "Use `Model.deploy`.")
