"""Environments between the wire and the domain."""

from zaffre_sdk.wire import environments as wire

from zaffre.domain.environments import Environment, EnvironmentBuild, EnvironmentSpec, Image
from zaffre.protocols.native.translate.words import from_time
from zaffre.services.environment_pruning import Pruning, Used
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
        pip_options=tuple(spec.pip_options),
        wheels=spec.wheels,
        image=_to_image(spec.image),
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
        pip_options=list(spec.pip_options),
        wheels=spec.wheels,
        image=_from_image(spec.image),
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


def _to_image(image: wire.Image | None) -> Image | None:
    if image is None:
        return None
    return Image(
        name=image.name,
        dockerfile=image.dockerfile,
        files=image.files,
        registry=image.registry,
        username=image.username,
        password_secret=image.password_secret,
    )


def _from_image(image: Image | None) -> wire.Image | None:
    if image is None:
        return None
    return wire.Image(
        name=image.name,
        dockerfile=image.dockerfile,
        files=image.files,
        registry=image.registry,
        username=image.username,
        password_secret=image.password_secret,
    )


def from_build(build: EnvironmentBuild) -> wire.BuildOut:
    """Return a build as clients see it."""
    built = build.built
    return wire.BuildOut(
        id=build.id,
        environment=build.name,
        version=build.version,
        state=build.state,
        created_at=from_time(build.created_at),
        ended_at=None if build.ended_at is None else from_time(build.ended_at),
        error=build.error or None,
        python=built.python if built else "",
        packages=list(built.packages or built.found) if built else [],
        image=built.image if built else None,
    )


def from_used(used: Used) -> wire.BuiltOut:
    """Return a built environment as clients see it."""
    return wire.BuiltOut(
        key=used.kept.key,
        python=used.kept.python,
        packages=list(used.kept.packages),
        size=used.kept.size,
        built_at=from_time(used.kept.built_at),
        used_at=from_time(used.kept.used_at),
        in_use_by=list(used.by),
    )


def to_pruning(asked: wire.PruneIn) -> Pruning:
    """Return which built environments may go."""
    return Pruning(unused_seconds=asked.unused_seconds, keep_bytes=asked.keep_bytes)
