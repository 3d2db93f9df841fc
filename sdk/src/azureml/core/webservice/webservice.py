"""What every kind of web service can do."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import TYPE_CHECKING, Any

from azureml.core import _late
from azureml.core._errors import translate
from azureml.core._nouns import nouns_of
from azureml.core._run_base import text_pairs, utc
from azureml.core._run_filters import fits, label_filter
from azureml.core._unsupported import unsupported
from azureml.core.webservice._settings import (
    AutoScaler,
    ContainerResourceRequirements,
    DataCollection,
    LivenessProbeRequirements,
    WebServiceAccessToken,
    WebserviceDeploymentConfiguration,
)
from azureml.exceptions import UserErrorException, WebserviceException
from zaffre_sdk.deploying.scoring import Scored, score
from zaffre_sdk.deploying.watching import read_log, settled
from zaffre_sdk.errors import SdkError
from zaffre_sdk.wire.endpoints import EndpointChange, KeyIn

if TYPE_CHECKING:
    from zaffre_sdk.wire.endpoints import DeploymentSpec, EndpointOut

__all__ = [
    "AutoScaler",
    "ContainerResourceRequirements",
    "DataCollection",
    "LivenessProbeRequirements",
    "UnknownWebservice",
    "WebServiceAccessToken",
    "Webservice",
    "WebserviceDeploymentConfiguration",
]

_OK = 200
_UNAUTHORIZED = 401
_LAST_LINES = 30
_ALL_LINES = 5000


class Webservice:
    """A web service; `Webservice(workspace, name)` answers one of the right kind.

    Example:
        >>> service = Webservice(workspace, "diabetes")
        >>> service.run('{"data": [[1, 2, 3]]}')

    Raises:
        WebserviceException: There is none of this name.
    """

    _KIND = ""
    _kinds: dict[str, type[Webservice]] = {}  # noqa: RUF012 - filled by the subclasses

    def __init_subclass__(cls) -> None:
        if cls._KIND:
            Webservice._kinds[cls._KIND] = cls

    def __new__(  # noqa: PYI034 - it may be a subclass
        cls, workspace: Any, name: str, *args: Any, **kwargs: Any
    ) -> Webservice:
        """Return a service of the kind that was deployed."""
        if cls is not Webservice:
            return super().__new__(cls)
        found = nouns_of(workspace).endpoints.get(name)
        return super().__new__(Webservice._kinds.get(found.kind, UnknownWebservice))

    def __init__(self, workspace: Any, name: str, **kwargs: Any) -> None:
        self.workspace = workspace
        self.name = name
        self.inference_config: Any = None
        self._nouns = nouns_of(workspace)
        self._secret: str | None = None
        self._take(kwargs.get("_seen") or self._nouns.endpoints.get(name))

    @property
    def state(self) -> str:
        """`Transitioning`, `Healthy`, `Unhealthy` or `Failed`, as last looked at."""
        return self._seen.state

    @property
    def scoring_uri(self) -> str:
        """Where the service answers."""
        return self._seen.scoring_uri

    @property
    def swagger_uri(self) -> str:
        """Where the service describes itself."""
        return self._seen.swagger_uri

    @property
    def error(self) -> dict[str, Any] | None:
        """Why the deployment failed, or None."""
        error = self._seen.error
        if error is None:
            return None
        details = [{"code": error.code, "message": error.details}]
        return {"code": error.code, "message": error.message, "details": details}

    def update_deployment_state(self) -> None:
        """Look at the service again."""
        self._take(self._nouns.endpoints.get(self.name))

    def wait_for_deployment(
        self, show_output: bool = False, timeout_sec: float | None = None
    ) -> None:
        """Wait until the service answers.

        Raises:
            WebserviceException: It failed; says why, with the last lines of its log.
        """
        if show_output:
            _print("Running")
        self._take(
            settled(
                self._nouns.endpoints,
                self.name,
                seconds=timeout_sec,
                tick=(lambda: _print(".")) if show_output else None,
            )
        )
        # Not `self.state`: local services have words of their own for it.
        word = {"Healthy": "Succeeded", "Transitioning": "TimedOut"}.get(
            self._seen.state, "Failed"
        )
        if show_output:
            kind = self._KIND or "The"
            _print(f'\n{word}\n{kind} service creation operation finished, operation "{word}"\n')
        if word != "Succeeded":
            raise WebserviceException(self._failure(word))

    def run(self, input_data: Any = None, **kwargs: Any) -> Any:
        """Call the service and return what it answers.

        Args:
            input_data: JSON text, or bytes.
            **kwargs: `input`, the older name.

        Raises:
            WebserviceException: The service refused or failed; says how it answered.
        """
        data = input_data if input_data is not None else kwargs.get("input")
        if not isinstance(data, (str, bytes)):
            raise WebserviceException(
                f"`input_data` must be JSON text or bytes, not {type(data).__name__}.\n"
                'Such as `service.run(json.dumps({"data": [[1, 2]]}))`.'
            )
        answer = self._call(data)
        if answer.status == _UNAUTHORIZED and self._secret:
            self._secret = None  # the key may have been replaced meanwhile
            answer = self._call(data)
        if answer.status != _OK:
            raise WebserviceException(
                f"The service `{self.name}` answered {answer.status}: {answer.failure}\n"
                "`get_logs()` has more.",
                status_code=answer.status,
            )
        return answer.value

    def get_logs(self, num_lines: int = _ALL_LINES, init: bool = False) -> str:
        """Return the last lines of what the service wrote."""
        return "\n".join(read_log(self._nouns.endpoints, self.name).splitlines()[-num_lines:])

    def get_keys(self) -> tuple[str, str]:
        """Return the primary and the secondary key."""
        keys = self._nouns.endpoints.keys(self.name)
        return keys.primary, keys.secondary

    def regen_key(self, key: str, set_key: str | None = None) -> tuple[str, str]:
        """Replace the `Primary` or the `Secondary` key and return both."""
        which = str(key).lower()
        if which not in ("primary", "secondary"):
            raise UserErrorException(f"`key` must be `Primary` or `Secondary`, not {key!r}.")
        self._secret = None
        keys = self._nouns.endpoints.regenerate(self.name, KeyIn(which=which, value=set_key))
        return keys.primary, keys.secondary

    def get_token(self) -> tuple[str, datetime]:
        """Return a token for scoring, and when to fetch another."""
        token = self.get_access_token()
        return token.access_token, token.refresh_after

    def get_access_token(self) -> WebServiceAccessToken:
        """Return a token for scoring with its times."""
        token = self._nouns.endpoints.token(self.name)
        return WebServiceAccessToken(
            token.token, "Bearer", _local(token.refresh_after), _local(token.expires_at)
        )

    def add_tags(self, tags: dict[str, Any]) -> None:
        """Set tags; those that are not named stay."""
        self._change(tags=text_pairs(tags, "tags"))

    def remove_tags(self, tags: Any) -> None:
        """Remove tags."""
        self._change(tags=dict.fromkeys(label_filter(tags, "tags")))

    def add_properties(self, properties: dict[str, Any]) -> None:
        """Add properties; what was set before cannot be changed."""
        self._change(properties=text_pairs(properties, "properties"))

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Change what is given; models and code are deployed anew, and answer once they can.

        Raises:
            UserErrorException: An argument is not known, or has no name.
        """
        if args:
            raise UserErrorException(
                "`update` takes its arguments by name, such as `description='...'`."
            )
        changes = _late.find("azureml.core.webservice._deploying", "changes")
        self._change(**changes(self, kwargs))

    def delete(self) -> None:
        """Delete the service; its processes end."""
        self._nouns.endpoints.delete(self.name)

    def serialize(self) -> dict[str, Any]:
        """Return everything about the service, under v1's keys."""
        return {
            "name": self.name,
            "computeType": self.compute_type,
            "state": self.state,
            "scoringUri": self.scoring_uri,
            "swaggerUri": self.swagger_uri,
            "authEnabled": self.auth_enabled,
            "tags": self.tags,
            "properties": self.properties,
            "description": self.description,
            "modelIds": list(self._seen.spec.model_ids),
            "createdTime": self.created_time.isoformat(),
            "updatedTime": self.updated_time.isoformat(),
            "error": self.error,
        }

    @staticmethod
    def list(
        workspace: Any,
        compute_type: str | None = None,
        image_name: str | None = None,
        image_id: str | None = None,
        model_name: str | None = None,
        model_id: str | None = None,
        tags: Any = None,
        properties: Any = None,
        image_digest: str | None = None,
    ) -> list[Webservice]:
        """Return the services of a workspace that fit, by name."""
        with_tags, with_properties = (
            label_filter(tags, "tags"),
            label_filter(properties, "properties"),
        )
        return [
            Webservice._from_wire(workspace, one)
            for one in nouns_of(workspace).endpoints.list()
            if compute_type in (None, one.kind)
            and _serves(one.spec, model_name, model_id)
            and fits(one.tags, with_tags)
            and fits(one.properties, with_properties)
        ]

    @staticmethod
    def check_for_existing_webservice(
        workspace: Any,
        name: str,
        overwrite: bool = False,
        request_func: Any = None,
        check_func: Any = None,
    ) -> None:
        """Refuse a name that is taken, unless it may be replaced."""
        if not overwrite and any(one.name == name for one in nouns_of(workspace).endpoints.list()):
            raise WebserviceException(f"There is a web service `{name}` already.")

    def __repr__(self) -> str:
        kind = type(self).__name__
        return f"{kind}(workspace={self.workspace!r}, name={self.name}, state={self.state})"

    @staticmethod
    def _from_wire(workspace: Any, found: EndpointOut) -> Webservice:
        kind = Webservice._kinds.get(found.kind, UnknownWebservice)
        return kind(workspace, found.name, _seen=found)

    def _take(self, found: EndpointOut) -> None:
        self._seen = found
        self.compute_type = found.kind
        self.auth_enabled = found.auth_mode != "none"
        self.tags, self.properties = dict(found.tags), dict(found.properties)
        self.description = found.description
        self.created_time, self.updated_time = utc(found.created_at), utc(found.updated_at)

    def _change(self, **changes: Any) -> None:
        self._take(self._nouns.endpoints.change(self.name, EndpointChange(**changes)))

    def _call(self, data: str | bytes) -> Scored:
        if self._secret is None and self._seen.auth_mode == "key":
            self._secret = self.get_keys()[0]
        elif self._seen.auth_mode == "token":
            self._secret = self.get_token()[0]
        try:
            return score(self.scoring_uri, data, secret=self._secret)
        except SdkError as error:
            raise translate(error, WebserviceException) from error

    def _failure(self, word: str) -> str:
        if word == "TimedOut":
            return f"The service `{self.name}` does not answer yet; it is `{self.state}`."
        error = self._seen.error
        reason = f"{error.code}: {error.message}" if error else f"it is `{self.state}`"
        last = self.get_logs(_LAST_LINES) or (error.details if error else "")
        return f"The service `{self.name}` could not be deployed: {reason}\n{last}".rstrip()

    deploy = staticmethod(unsupported("Webservice.deploy", "Use `Model.deploy`."))
    deploy_from_image = staticmethod(unsupported("Webservice.deploy_from_image"))
    deploy_from_model = staticmethod(
        unsupported("Webservice.deploy_from_model", "Use `Model.deploy`.")
    )
    deploy_local_from_model = staticmethod(
        unsupported("Webservice.deploy_local_from_model", "Use `Model.deploy`.")
    )
    deserialize = staticmethod(unsupported("Webservice.deserialize"))


class UnknownWebservice(Webservice):
    """A service of a kind that this version does not know."""


def _serves(spec: DeploymentSpec, model_name: str | None, model_id: str | None) -> bool:
    names = {one.rsplit(":", 1)[0] for one in spec.model_ids}
    return (model_name is None or model_name in names) and (
        model_id is None or model_id in spec.model_ids
    )


def _local(moment: float) -> datetime:
    return datetime.fromtimestamp(moment)  # noqa: DTZ006 - programs compare it with `now()`, as v1


def _print(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
