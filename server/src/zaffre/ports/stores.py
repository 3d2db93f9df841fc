"""The stores: one protocol per noun, used inside one transaction.

Contract for all of them. A store belongs to one transaction and to one thread. `get` raises
`NotFoundError` as `domain.errors.missing` makes it, so that absent and foreign things answer the
same bytes; `find` returns None. What an `add` or `save` wrote is seen by later reads of the
same transaction, and by others after it commits. Lists are ordered as they say, and are cut off
at `limit`; `after` continues behind the last element of the page before. Nothing here commits.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from zaffre.domain.access import Token
from zaffre.domain.artifacts import Artifact, Child
from zaffre.domain.endpoints import Endpoint
from zaffre.domain.environments import Environment, EnvironmentFile
from zaffre.domain.experiments import Experiment
from zaffre.domain.metrics import LatestMetric, MetricBatch, MetricPoint, MetricSummary
from zaffre.domain.runs import Run, RunState
from zaffre.domain.search import ExperimentSearch
from zaffre.domain.secrets import Secret
from zaffre.domain.snapshots import Snapshot
from zaffre.domain.workspaces import Workspace
from zaffre.ports.computes import ComputeStore
from zaffre.ports.data import DatastoreStore
from zaffre.ports.datasets import DatasetStore, DataUseStore
from zaffre.ports.environments import EnvironmentBuildStore
from zaffre.ports.kept import KeptStore
from zaffre.ports.owned_files import OwnedFileStore
from zaffre.ports.registry import LoggedModelStore, ModelStore, RegisteredModelStore
from zaffre.ports.removals import DoomedStore, RemovalStore
from zaffre.ports.traces import AssessmentStore, SpanStore, TraceStore
from zaffre.ports.tracking import InputStore, ParamStore, RunSearchStore


class WorkspaceStore(Protocol):
    """Workspaces, unique by (subscription, resource group, name) whatever their case."""

    def add(self, workspace: Workspace) -> None:
        """Add it; raises `ConflictError` `WorkspaceExists`."""

    def get(self, workspace_id: str) -> Workspace:
        """Return it; raises `WorkspaceNotFound`."""

    def find(self, subscription_id: str, resource_group: str, name: str) -> Workspace | None:
        """Return the workspace of that name."""

    def list(self) -> list[Workspace]:
        """Return all, by name."""

    def save(self, workspace: Workspace) -> None:
        """Replace what can change."""

    def remove(self, workspace: Workspace) -> None:
        """Remove it with what only lives inside it: experiments, environments, snapshots.

        Callers make sure that it has no runs, models or endpoints.
        """


class ExperimentStore(Protocol):
    """Experiments, unique by name within their workspace."""

    def add(self, experiment: Experiment) -> None:
        """Add it; raises `ConflictError` `ExperimentExists`."""

    def find(self, workspace_id: str, name: str) -> Experiment | None:
        """Return the experiment of that name."""

    def get(self, workspace_id: str, experiment_id: str) -> Experiment:
        """Return it by its id; raises `ExperimentNotFound`."""

    def search(
        self, workspace_id: str, search: ExperimentSearch, *, limit: int, offset: int = 0
    ) -> list[Experiment]:
        """Return the experiments that meet every condition, from the place `offset` on."""

    def list(self, workspace_id: str, *, limit: int, after: str | None = None) -> list[Experiment]:
        """Return them by name, those behind the name `after`."""

    def save(self, experiment: Experiment) -> None:
        """Replace what can change."""

    def rename(self, experiment: Experiment, name: str) -> None:
        """Give it a name that is free, here and where its runs and models carry it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFilter:
    """Which runs to list; an empty field does not filter.

    Attributes:
        below_id: Runs below that run, at any depth.
        top_only: Runs without a parent.
        archived: Runs that were put away too.
        tags: A value of None asks for the key alone.
    """

    experiment_name: str | None = None
    parent_id: str | None = None
    below_id: str | None = None
    top_only: bool = False
    archived: bool = False
    states: frozenset[RunState] = frozenset()
    tags: dict[str, str | None] | None = None
    properties: dict[str, str | None] | None = None


class RunStore(Protocol):
    """Runs; ids are unique within their workspace."""

    def add(self, run: Run) -> None:
        """Add it; raises `ConflictError` `RunExists`."""

    def get(self, workspace_id: str, run_id: str) -> Run:
        """Return it; raises `RunNotFound`."""

    def save(self, run: Run) -> None:
        """Replace what can change: state, error, attempt, handle, times, tags and the like."""

    def next_number(self, experiment_id: str) -> int:
        """Return the number after the highest one that the experiment ever gave out."""

    def set_archived(
        self, experiment: Experiment, *, at: datetime | None, before: datetime | None
    ) -> None:
        """Archive, or restore, all runs of an experiment that were archived at `before`."""

    def in_states(self, states: frozenset[RunState], *, limit: int | None = None) -> list[Run]:
        """Return the runs of every workspace in these states, oldest first, for the engine.

        Interactive runs are left out: their programs drive them.
        """

    def queued(self, compute: str, *, workspace_id: str | None = None, limit: int) -> list[Run]:
        """Return the runs that wait for a target, in the order of their turn.

        Args:
            compute: Its name.
            workspace_id: None is of every workspace.
            limit: How many at most.
        """

    def ahead_of(self, run: Run, *, everywhere: bool) -> int:
        """Count the runs that have their turn before a waiting one.

        Args:
            run: The one that waits.
            everywhere: In every workspace, and not in its own only.
        """

    def count_open(self, workspace_id: str, compute: str) -> tuple[int, int]:
        """Count the runs of a target that wait, and those that were admitted and go on."""

    def promised(self) -> list[Run]:
        """Return the open runs of every workspace whose programs promised to beat."""

    def open_below(self, run: Run, *, interactive_only: bool = False) -> list[Run]:
        """Return the runs below it, at any depth, that have not ended, newest first.

        With `interactive_only` a script run is left out, and so is everything below it.
        """

    def list(
        self, workspace_id: str, where: RunFilter, *, limit: int, after: str | None = None
    ) -> list[Run]:
        """Return them newest first, those older than the run `after`."""


class MetricStore(Protocol):
    """What runs logged."""

    def append(self, run: Run, batch: MetricBatch) -> bool:
        """Store the batch unless its sequence was stored; tell whether it was new."""

    def summaries(self, run: Run) -> list[MetricSummary]:
        """Return every metric of the run, in order of first appearance."""

    def points(
        self, run: Run, name: str, *, limit: int, after: int = -1
    ) -> list[tuple[int, MetricPoint]]:
        """Return entries of one metric in order of arrival with their positions (from 0)."""

    def entries(self, run: Run, *, limit: int, after: int = -1) -> list[tuple[int, MetricPoint]]:
        """Return entries of all metrics in order of arrival with a position to continue at."""

    def sample(self, run: Run, name: str, *, size: int) -> list[tuple[int, MetricPoint]]:
        """Return at most `size` entries spread evenly, the first and the last among them."""

    def sample_steps(
        self, run: Run, name: str, *, size: int, steps: tuple[int, int] | None = None
    ) -> list[tuple[int, MetricPoint]]:
        """Return at most `size` entries spread evenly in order of their steps, with both ends.

        A point without a step counts as of step 0; `steps` are the least and the greatest to look
        at.
        """

    def latest(self, workspace_id: str, run_ids: Sequence[str]) -> dict[str, list[LatestMetric]]:
        """Return the latest of each metric of many runs; runs without a number are left out."""

    def delete(self, run: Run) -> None:
        """Remove everything that the run logged."""


class ArtifactStore(Protocol):
    """The files of runs."""

    def put(self, workspace_id: str, artifact: Artifact) -> None:
        """Add it, or replace the one at its path."""

    def get(self, workspace_id: str, run_id: str, path: str) -> Artifact:
        """Return it; raises `ArtifactNotFound`."""

    def list(
        self, workspace_id: str, run_id: str, *, prefix: str, limit: int, after: str | None = None
    ) -> list[Artifact]:
        """Return those whose path is `prefix`, is below the folder `prefix`, or begins with it."""

    def children(
        self, workspace_id: str, run_id: str, *, folder: str, limit: int, after: str | None = None
    ) -> Sequence[Child]:
        """Return what lies directly in a folder, by path; `""` is the topmost.

        `after` is the name of the last child of the page before, with a slash for a folder. The
        time it takes does not depend on how much lies deeper.
        """

    def remove(self, workspace_id: str, run_id: str, path: str | None, *, limit: int) -> int:
        """Remove the file at `path` and those below it, or all.

        Returns:
            How many went: when it is `limit`, there may be more.
        """


class SnapshotStore(Protocol):
    """Snapshots, and which blobs a workspace may name."""

    def add(self, snapshot: Snapshot) -> None:
        """Add it; adding an equal one again changes nothing."""

    def get(self, workspace_id: str, snapshot_id: str) -> Snapshot:
        """Return it; raises `SnapshotNotFound`."""

    def add_blob(self, workspace_id: str, digest: str, size: int) -> None:
        """Note that the workspace has sent these bytes, so that it may name them."""

    def known_blobs(self, workspace_id: str, digests: Iterable[str]) -> dict[str, int]:
        """Return those of the digests that the workspace may name, with their sizes."""


class EnvironmentStore(Protocol):
    """Registered environments, and the files that they are made of."""

    def add(self, environment: Environment) -> None:
        """Add a version; raises `ConflictError` `EnvironmentExists`."""

    def find(self, workspace_id: str, name: str, version: str | None) -> Environment | None:
        """Return that version, or the newest."""

    def list(self, workspace_id: str) -> list[Environment]:
        """Return the newest version of each, by name."""

    def label(self, workspace_id: str, name: str, *, version: str, labels: Iterable[str]) -> None:
        """Point labels at a version, away from others."""

    def labeled(self, workspace_id: str, name: str, label: str) -> str | None:
        """Return the version that a label points at."""

    def keep(self, file: EnvironmentFile) -> None:
        """Keep a file under its path; what is there stays."""

    def file(self, workspace_id: str, path: str) -> EnvironmentFile | None:
        """Return the file at that path."""

    def files(self, workspace_id: str, folder: str) -> Sequence[EnvironmentFile]:
        """Return the files below a folder, by path."""


class EndpointStore(Protocol):
    """Endpoints; names are unique within their workspace."""

    def add(self, endpoint: Endpoint, keys: tuple[str, str]) -> None:
        """Add it with its keys; raises `ConflictError` `EndpointExists`."""

    def get(self, workspace_id: str, name: str) -> Endpoint:
        """Return it; raises `EndpointNotFound`."""

    def find(self, workspace_id: str, name: str) -> Endpoint | None:
        """Return the endpoint of that name."""

    def list(self, workspace_id: str | None) -> list[Endpoint]:
        """Return those of a workspace, or of all for the engine, by name."""

    def save(self, endpoint: Endpoint) -> None:
        """Replace what can change."""

    def remove(self, endpoint: Endpoint) -> None:
        """Remove it with its keys."""

    def keys(self, endpoint: Endpoint) -> tuple[str, str]:
        """Return the primary and the secondary key as they were given, which is sealed."""

    def set_keys(self, endpoint: Endpoint, keys: tuple[str, str]) -> None:
        """Replace both keys."""


class SecretStore(Protocol):
    """Secrets, whose values were encrypted before."""

    def put(self, secret: Secret) -> None:
        """Add it, or replace the one of its name."""

    def find(self, workspace_id: str, name: str) -> Secret | None:
        """Return the secret of that name."""

    def list(self, workspace_id: str) -> list[Secret]:
        """Return all, by name."""

    def remove(self, workspace_id: str, name: str) -> None:
        """Remove the secret of that name, if there is one."""


class TokenStore(Protocol):
    """Bearer tokens, by the digest of their secret."""

    def add(self, token: Token) -> None:
        """Add it."""

    def find(self, digest: str) -> Token | None:
        """Return the token with that digest."""

    def remove_of_run(self, workspace_id: str, run_id: str) -> None:
        """Remove every token of the run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAnswer:
    """What a request with an idempotency key was answered.

    Attributes:
        request_digest: SHA-256 over method, path and body of the request.
    """

    principal: str
    key: str
    request_digest: str
    status: int
    body: bytes
    created_at: datetime


class IdempotencyStore(Protocol):
    """Answers that are given again to a request that is sent again."""

    def find(self, principal: str, key: str) -> StoredAnswer | None:
        """Return the answer to the request with that key."""

    def add(self, answer: StoredAnswer) -> None:
        """Keep an answer."""

    def remove_before(self, time: datetime) -> int:
        """Forget older answers; return how many."""


class Stores(Protocol):
    """Every store of one transaction."""

    workspaces: WorkspaceStore
    experiments: ExperimentStore
    runs: RunStore
    metrics: MetricStore
    params: ParamStore
    inputs: InputStore
    run_search: RunSearchStore
    artifacts: ArtifactStore
    owned_files: OwnedFileStore
    removals: RemovalStore
    doomed: DoomedStore
    kept: KeptStore
    snapshots: SnapshotStore
    environments: EnvironmentStore
    environment_builds: EnvironmentBuildStore
    models: ModelStore
    registered_models: RegisteredModelStore
    logged_models: LoggedModelStore
    endpoints: EndpointStore
    computes: ComputeStore
    datastores: DatastoreStore
    secrets: SecretStore
    datasets: DatasetStore
    data_uses: DataUseStore
    tokens: TokenStore
    answers: IdempotencyStore
    traces: TraceStore
    spans: SpanStore
    assessments: AssessmentStore

    def after_commit(self, action: Callable[[], None]) -> None:
        """Call `action` once the transaction is durable, from the thread that committed it.

        It is not called when the transaction is rolled back. It must not block or raise.
        """
