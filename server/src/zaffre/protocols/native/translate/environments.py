"""Environments between the wire and the domain."""

from zaffre_sdk.wire import environments as wire

from zaffre.domain.environments import Environment, EnvironmentSpec
from zaffre.protocols.native.translate.words import from_time
from zaffre.services.environments import NewEnvironment


def to_environment_spec(spec: wire.EnvironmentSpec) -> EnvironmentSpec:
    """Return what is asked for."""
    return EnvironmentSpec(
        python_version=spec.python_version,
        conda_packages=tuple(spec.conda_packages),
        channels=tuple(spec.channels),
        pip_packages=tuple(spec.pip_packages),
        preferred_packages=tuple(spec.preferred_packages),
        interpreter=spec.interpreter,
        variables=spec.variables,
    )


def from_environment_spec(spec: EnvironmentSpec) -> wire.EnvironmentSpec:
    """Return what was asked for."""
    return wire.EnvironmentSpec(
        python_version=spec.python_version,
        conda_packages=list(spec.conda_packages),
        channels=list(spec.channels),
        pip_packages=list(spec.pip_packages),
        preferred_packages=list(spec.preferred_packages),
        interpreter=spec.interpreter,
        variables=spec.variables,
    )


def to_new_environment(new: wire.EnvironmentIn) -> NewEnvironment:
    """Return what the caller says of an environment to be."""
    return NewEnvironment(
        name=new.name,
        spec=to_environment_spec(new.spec),
        definition=new.definition,
        version=new.version,
    )


def from_environment(environment: Environment) -> wire.EnvironmentOut:
    """Return one version of an environment as clients see it."""
    return wire.EnvironmentOut(
        name=environment.name,
        version=environment.version,
        spec=from_environment_spec(environment.spec),
        definition=environment.definition,
        created_at=from_time(environment.created_at),
    )
