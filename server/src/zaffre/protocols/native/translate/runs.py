"""Runs between the wire and the domain."""

from collections.abc import Iterable

from zaffre_sdk.wire import runs as wire

from zaffre.domain.runs import (
    Container,
    Distribution,
    DistributionKind,
    Run,
    RunError,
    RunKind,
    RunSpec,
    RunState,
)
from zaffre.domain.spark import Spark
from zaffre.ports.stores import RunFilter
from zaffre.protocols.native.translate.environments import (
    from_environment_spec,
    to_environment_spec,
)
from zaffre.protocols.native.translate.run_data import (
    from_data_input,
    from_data_output,
    to_data_input,
    to_data_output,
)
from zaffre.protocols.native.translate.words import from_moment, from_time, to_moment, to_word
from zaffre.services.runs import NewRun, RunChange


def to_run_spec(spec: wire.RunSpec) -> RunSpec:
    """Return what a run is asked to do."""
    environment = spec.environment
    return RunSpec(
        kind=to_word(spec.kind, RunKind, target="spec.kind"),
        script=spec.script,
        arguments=tuple(spec.arguments),
        command=tuple(spec.command),
        snapshot_id=spec.snapshot_id,
        environment=None if environment is None else to_environment_spec(environment),
        environment_name=spec.environment_name,
        compute=spec.compute,
        variables=spec.variables,
        max_seconds=spec.max_seconds,
        inputs=tuple(to_data_input(one) for one in spec.inputs),
        outputs=tuple(to_data_output(one) for one in spec.outputs),
        node_count=spec.node_count,
        distribution=_to_distribution(spec.distribution),
        priority=spec.priority,
        container=_to_container(spec.container),
        spark=_to_spark(spec.spark),
        instance_type=spec.instance_type,
        definition=spec.definition,
    )


def from_run_spec(spec: RunSpec) -> wire.RunSpec:
    """Return what a run was asked to do."""
    environment = spec.environment
    return wire.RunSpec(
        kind=spec.kind,
        script=spec.script,
        arguments=list(spec.arguments),
        command=list(spec.command),
        snapshot_id=spec.snapshot_id,
        environment=None if environment is None else from_environment_spec(environment),
        environment_name=spec.environment_name,
        compute=spec.compute,
        variables=spec.variables,
        max_seconds=spec.max_seconds,
        inputs=[from_data_input(one) for one in spec.inputs],
        outputs=[from_data_output(one) for one in spec.outputs],
        node_count=spec.node_count,
        distribution=_from_distribution(spec.distribution),
        priority=spec.priority,
        container=_from_container(spec.container),
        spark=_from_spark(spec.spark),
        instance_type=spec.instance_type,
        definition=spec.definition,
    )


def _to_distribution(given: wire.Distribution | None) -> Distribution | None:
    if given is None:
        return None
    return Distribution(
        kind=to_word(given.kind, DistributionKind, target="spec.distribution.kind"),
        process_count=given.process_count,
        process_count_per_node=given.process_count_per_node,
        worker_count=given.worker_count,
        parameter_server_count=given.parameter_server_count,
        backend=given.backend,
    )


def _from_distribution(distribution: Distribution | None) -> wire.Distribution | None:
    if distribution is None:
        return None
    return wire.Distribution(
        kind=distribution.kind,
        process_count=distribution.process_count,
        process_count_per_node=distribution.process_count_per_node,
        worker_count=distribution.worker_count,
        parameter_server_count=distribution.parameter_server_count,
        backend=distribution.backend,
    )


def _to_container(given: wire.Container | None) -> Container | None:
    if given is None:
        return None
    return Container(arguments=tuple(given.arguments), shm_size=given.shm_size)


def _from_container(container: Container | None) -> wire.Container | None:
    if container is None:
        return None
    return wire.Container(arguments=list(container.arguments), shm_size=container.shm_size)


def _to_spark(given: wire.Spark | None) -> Spark | None:
    if given is None:
        return None
    return Spark(
        configuration=given.configuration,
        packages=tuple(given.packages),
        repositories=tuple(given.repositories),
    )


def _from_spark(spark: Spark | None) -> wire.Spark | None:
    if spark is None:
        return None
    return wire.Spark(
        configuration=dict(spark.configuration),
        packages=list(spark.packages),
        repositories=list(spark.repositories),
    )


def to_new_run(new: wire.RunIn) -> NewRun:
    """Return what the caller says of a run to be."""
    return NewRun(
        experiment_name=new.experiment,
        spec=to_run_spec(new.spec),
        id=new.id,
        parent_id=new.parent_id,
        display_name=new.display_name,
        tags=new.tags,
        properties=new.properties,
        beats=new.beats,
        started_at=to_moment(new.started_at, target="started_at"),
    )


def to_run_change(change: wire.RunChange) -> RunChange:
    """Return what to change."""
    return RunChange(
        display_name=change.display_name,
        description=change.description,
        tags=change.tags or {},
        properties=change.properties or {},
    )


def to_run_error(error: wire.RunError | None) -> RunError | None:
    """Return why a run failed."""
    if error is None:
        return None
    return RunError(code=error.code, message=error.message, details=error.details)


def to_run_state(state: str) -> RunState:
    """Return the state of that name; raises `InvalidState`."""
    return to_word(state, RunState, target="state")


def to_run_filter(  # noqa: PLR0913 - one parameter for each filter
    *,
    experiment: str | None,
    parent: str | None,
    below: str | None = None,
    top: bool = False,
    states: Iterable[str] | None,
    tags: Iterable[str] | None,
    properties: Iterable[str] | None,
) -> RunFilter:
    """Return which runs to list; words that are repeated or separated by commas add up."""
    return RunFilter(
        experiment_name=experiment,
        parent_id=parent,
        below_id=below,
        top_only=top,
        states=frozenset(map(to_run_state, _words(states))),
        tags=_labels(tags),
        properties=_labels(properties),
    )


def from_run(
    run: Run, params: dict[str, str] | None = None, *, waits_for: str | None = None
) -> wire.RunOut:
    """Return the run as clients see it; what was looked up of it besides is given with it."""
    return wire.RunOut(
        id=run.id,
        workspace_id=run.workspace_id,
        experiment=run.experiment_name,
        experiment_id=run.experiment_id,
        parent_id=run.parent_id,
        number=run.number,
        spec=from_run_spec(run.spec),
        state=run.state,
        display_name=run.display_name,
        description=run.description,
        tags=run.tags,
        properties=run.properties,
        error=_from_run_error(run.error),
        attempt=run.attempt,
        created_by=run.created_by,
        created_at=from_time(run.created_at),
        started_at=from_moment(run.started_at),
        ended_at=from_moment(run.ended_at),
        nodes=list(run.nodes),
        waits_for=waits_for,
        params=params,
    )


def _from_run_error(error: RunError | None) -> wire.RunError | None:
    if error is None:
        return None
    return wire.RunError(code=error.code, message=error.message, details=error.details)


def _words(given: Iterable[str] | None) -> list[str]:
    return [word for words in given or () for word in words.split(",") if word]


def _labels(given: Iterable[str] | None) -> dict[str, str | None] | None:
    parts = [word.partition("=") for word in _words(given)]
    return {key: value if equals else None for key, equals, value in parts} or None
