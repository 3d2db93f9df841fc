"""From models and configurations to what the server is asked to deploy."""

from __future__ import annotations

from dataclasses import fields
from difflib import get_close_matches
from typing import Any

from msgspec.structs import replace

from azureml.core._environment_spec import environment_spec
from azureml.core._inference import InferenceConfig
from azureml.core._nouns import Nouns, nouns_of
from azureml.core._run_base import text_pairs
from azureml.core.model import Model
from azureml.core.webservice._settings import (
    AciServiceDeploymentConfiguration,
    AksServiceDeploymentConfiguration,
    WebserviceDeploymentConfiguration,
)
from azureml.core.webservice.webservice import Webservice
from azureml.exceptions import UserErrorException
from zaffre_sdk.wire.endpoints import DeploymentSpec, EndpointIn

_SIZES = (
    *("cpu_cores", "memory_gb", "num_replicas", "scoring_timeout_ms"),
    "replica_max_concurrent_requests",
)
_FIXED = {"type", "primary_key", "secondary_key", "location"}
# What only Azure has is taken, as when a service is deployed.
_UPDATED = {
    "image",
    "inference_config",
    "models",
    *(one.name for one in fields(AciServiceDeploymentConfiguration)),
    *(one.name for one in fields(AksServiceDeploymentConfiguration)),
} - _FIXED


def deploy(
    workspace: Any,
    name: str,
    *,
    models: Any,
    inference_config: Any,
    deployment_config: Any,
    overwrite: bool,
    deployment_target: Any = None,
) -> Webservice:
    """Deploy models under a name and return the service, which does not answer yet."""
    nouns = nouns_of(workspace)
    settings = deployment_config or _usual_config(deployment_target)
    if not isinstance(settings, WebserviceDeploymentConfiguration):
        raise UserErrorException(
            "`deployment_config` must come from `deploy_configuration` of a kind of web service, "
            f"not {settings!r}."
        )
    settings.validate_configuration()
    created = nouns.endpoints.create(
        EndpointIn(
            name=name,
            kind=settings.type,
            auth_mode=settings.auth_mode(),
            spec=_spec(nouns, models, inference_config, settings.sizes()),
            compute=_target(deployment_target, settings.type),
            port=getattr(settings, "port", None),
            tags=text_pairs(settings.tags, "tags"),
            properties=text_pairs(settings.properties, "properties"),
            description=settings.description or "",
            primary_key=settings.primary_key,
            secondary_key=settings.secondary_key,
            overwrite=overwrite,
        )
    )
    service = Webservice._from_wire(workspace, created)  # noqa: SLF001 - one house
    service.inference_config = inference_config
    return service


def _target(target: Any, kind: str) -> str:
    """Return the name of the target whose capacity a service takes; empty is the server's."""
    if target is None or kind != "AKS":
        return ""
    return str(getattr(target, "name", target))


def _usual_config(target: Any) -> WebserviceDeploymentConfiguration:
    if getattr(target, "type", None) == "AKS":
        return AksServiceDeploymentConfiguration()
    return AciServiceDeploymentConfiguration()


def changes(service: Webservice, wanted: dict[str, Any]) -> dict[str, Any]:
    """Return what a call of `update` asks for, in the words of the server.

    Raises:
        UserErrorException: An argument is not known.
    """
    _refuse_unknown(wanted)
    given = {key: value for key, value in wanted.items() if value is not None}
    asked: dict[str, Any] = {}
    if "tags" in given:
        tags: dict[str, str | None] = dict.fromkeys(service.tags)
        asked["tags"] = {**tags, **text_pairs(given["tags"], "tags")}
    if "properties" in given:
        asked["properties"] = text_pairs(given["properties"], "properties")
    if "description" in given:
        asked["description"] = given["description"]
    auth_mode = _auth_mode(service, given)
    if auth_mode is not None:
        asked["auth_mode"] = auth_mode
    spec = _updated(service, given)
    return {**asked, "spec": spec} if spec is not None else asked


def renewed(service: Webservice) -> DeploymentSpec | None:
    """Return the deployment with the source folder as it is now; None when that is not known."""
    if service.inference_config is None:
        return None
    return _with_code(service, service._seen.spec, service.inference_config)  # noqa: SLF001 - one house


def _refuse_unknown(wanted: dict[str, Any]) -> None:
    for name in wanted:
        if name not in _UPDATED:
            closest = get_close_matches(name, sorted(_UPDATED), n=1)
            hint = f"\nDid you mean `{closest[0]}`?" if closest else ""
            raise UserErrorException(f"`update` has no argument `{name}`.{hint}")


def _auth_mode(service: Webservice, given: dict[str, Any]) -> str | None:
    if given.get("token_auth_enabled"):
        return "token"
    if "auth_enabled" in given:
        return "key" if given["auth_enabled"] else "none"
    # Without tokens a service that asked for them asks for its keys again.
    gives_up = "token_auth_enabled" in given and service._seen.auth_mode == "token"  # noqa: SLF001 - one house
    return "key" if gives_up else None


def _spec(nouns: Nouns, models: Any, config: Any, sizes: dict[str, Any]) -> DeploymentSpec:
    if not isinstance(config, InferenceConfig):
        raise UserErrorException(
            f"`inference_config` must be an InferenceConfig, not {config!r}.\n"
            "Deployment without an entry script is not part of zaffre."
        )
    config.validation_script_content()
    model_ids = _model_ids(models)
    environment = config.effective_environment()
    spec = environment_spec(environment)
    snapshot_id, script = config.send(nouns)
    return DeploymentSpec(
        entry_script=script,
        snapshot_id=snapshot_id,
        environment=spec,
        environment_name=environment.name or "",
        model_ids=model_ids,
        **sizes,
    )


def _updated(service: Webservice, given: dict[str, Any]) -> DeploymentSpec | None:
    present = service._seen.spec  # noqa: SLF001 - one house
    spec = present
    if "models" in given:
        spec = replace(spec, model_ids=_model_ids(given["models"]))
    if "inference_config" in given:
        spec = _with_code(service, spec, given["inference_config"])
        service.inference_config = given["inference_config"]
    settings = AciServiceDeploymentConfiguration()
    for key in _SIZES:
        if key in given:
            setattr(settings, key, given[key])
    settings.validate_configuration()
    spec = replace(spec, **settings.sizes())
    return None if spec is present or spec == present else spec


def _with_code(service: Webservice, present: DeploymentSpec, config: Any) -> DeploymentSpec:
    spec = _spec(nouns_of(service.workspace), [], config, {})
    return replace(
        present,
        entry_script=spec.entry_script,
        snapshot_id=spec.snapshot_id,
        environment=spec.environment,
        environment_name=spec.environment_name,
    )


def _model_ids(models: Any) -> list[str]:
    listed = [models] if isinstance(models, Model) else list(models or ())
    for one in listed:
        if not isinstance(one, Model):
            raise UserErrorException(
                f"`models` must hold registered models, not {one!r} ({type(one).__name__}).\n"
                "Register files with `Model.register`."
            )
    return [one.id for one in listed]
