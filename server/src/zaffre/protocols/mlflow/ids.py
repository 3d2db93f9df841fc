"""Ids of experiments as MLflow programs know them: ours, but for `Default`, which is `0`."""

from collections.abc import Iterable
from typing import Final

from zaffre.domain.access import Principal
from zaffre.domain.experiments import DEFAULT, Experiment
from zaffre.services.work import Services

DEFAULT_ID: Final = "0"


def experiment_id_of(experiment: Experiment) -> str:
    """Return the id by which programs know the experiment."""
    return shown_id(experiment.id, experiment.name)


def shown_id(experiment_id: str, name: str) -> str:
    """Return the id by which programs know the experiment of that id and name."""
    return DEFAULT_ID if name == DEFAULT else experiment_id


def experiment_of(
    services: Services, workspace_id: str, given_id: str, *, caller: Principal
) -> Experiment:
    """Return the experiment that programs know by that id; `0` is created if there is none.

    Raises:
        NotFoundError: `ExperimentNotFound`.
    """
    if given_id == DEFAULT_ID:
        return services.experiments.ensure(workspace_id, DEFAULT, caller=caller)
    return services.experiments.get_by_id(workspace_id, given_id, caller=caller)


def own_ids(
    services: Services, workspace_id: str, given_ids: Iterable[str], *, caller: Principal
) -> list[str]:
    """Return our ids of the experiments that programs know by these."""
    default = find_default(services, workspace_id, caller=caller)
    return [default.id if default and given == DEFAULT_ID else given for given in given_ids]


def find_default(services: Services, workspace_id: str, *, caller: Principal) -> Experiment | None:
    """Return the experiment that programs know as `0`, if there is one yet."""
    return services.experiments.find(workspace_id, DEFAULT, caller=caller)
