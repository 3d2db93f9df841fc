"""Experiments between the wire and the domain."""

from zaffre_sdk.wire.experiments import ExperimentOut

from zaffre.domain.experiments import Experiment
from zaffre.protocols.native.translate.words import from_moment, from_time


def from_experiment(experiment: Experiment) -> ExperimentOut:
    """Return the experiment as clients see it."""
    return ExperimentOut(
        id=experiment.id,
        name=experiment.name,
        tags=experiment.tags,
        description=experiment.description,
        created_at=from_time(experiment.created_at),
        archived_at=from_moment(experiment.archived_at),
    )
