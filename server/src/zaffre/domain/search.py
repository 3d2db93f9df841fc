"""Searches of runs and experiments: conditions that must all hold, and an order."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from zaffre.domain.runs import WAITING, RunState

MAX_CONDITIONS: Final = 50
MAX_ORDER: Final = 10
MAX_PATTERN: Final = 1000

Value = str | float | tuple[str, ...] | None


class Subject(StrEnum):
    """What a condition or an order is about."""

    FIELD = "field"
    """Of the run or the experiment itself; see `RunField` and `ExperimentField`."""
    METRIC = "metric"
    PARAM = "param"
    TAG = "tag"
    DATASET = "dataset"


class RunField(StrEnum):
    """The fields of runs that can be searched."""

    ID = "id"
    NAME = "name"
    USER = "user"
    """Whom the program names, or else who created the run."""
    PARENT = "parent"
    DESCRIPTION = "description"
    STATE = "state"
    STARTED = "started"
    """Numbers are milliseconds since the epoch; a run that waits counts from its creation."""
    ENDED = "ended"


class ExperimentField(StrEnum):
    """The fields of experiments that can be searched."""

    ID = "id"
    NAME = "name"
    DESCRIPTION = "description"
    CREATED = "created"
    """Numbers are milliseconds since the epoch."""
    UPDATED = "updated"


class DatasetField(StrEnum):
    """The fields of datasets by which runs can be searched."""

    NAME = "name"
    DIGEST = "digest"
    CONTEXT = "context"


TIMES: Final = frozenset(
    {RunField.STARTED, RunField.ENDED, ExperimentField.CREATED, ExperimentField.UPDATED}
)
"""Fields that compare with numbers, all others compare with text."""


class Comparison(StrEnum):
    """How a value is compared."""

    EQUAL = "="
    UNEQUAL = "!="
    LESS = "<"
    LESS_OR_EQUAL = "<="
    GREATER = ">"
    GREATER_OR_EQUAL = ">="
    LIKE = "LIKE"
    """With `%` for any text and `_` for any character; cases matter."""
    ILIKE = "ILIKE"
    """As `LIKE`, whatever the case."""
    IN = "IN"
    NOT_IN = "NOT IN"
    IS_NULL = "IS NULL"
    IS_NOT_NULL = "IS NOT NULL"


ORDERING: Final = frozenset(
    {
        Comparison.EQUAL,
        Comparison.UNEQUAL,
        Comparison.LESS,
        Comparison.LESS_OR_EQUAL,
        Comparison.GREATER,
        Comparison.GREATER_OR_EQUAL,
    }
)
"""What numbers can be asked."""
PATTERNS: Final = frozenset({Comparison.LIKE, Comparison.ILIKE})
LISTS: Final = frozenset({Comparison.IN, Comparison.NOT_IN})
NULLS: Final = frozenset({Comparison.IS_NULL, Comparison.IS_NOT_NULL})


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison.

    What has no such metric, param, tag or dataset does not meet it, whatever the comparison, but
    for `IS NULL`.

    Attributes:
        name: Of the metric, param or tag; or a member of `RunField`, `ExperimentField` or
            `DatasetField`.
        value: A number for metrics and times, texts for lists, None for `IS NULL`.
    """

    subject: Subject
    name: str
    comparison: Comparison
    value: Value = None


@dataclass(frozen=True, slots=True)
class OrderKey:
    """What to sort by; what has no such value comes last, not-a-number just before it."""

    subject: Subject
    name: str
    descending: bool = False


STATE_RANKS: Final = dict.fromkeys(RunState, 3) | {
    RunState.FAILED: 0,
    RunState.COMPLETED: 1,
    RunState.CANCELED: 2,
    **dict.fromkeys(WAITING, 4),
}
"""How runs sort by their state: as Failed, Completed, Canceled, running, waiting."""


class Lifecycle(StrEnum):
    """Which things to look at: those in use, those that were put away, or both."""

    ACTIVE = "active"
    ARCHIVED = "archived"
    ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSearch:
    """Which runs, in which order; at equal places the latest start comes first, then the id.

    Attributes:
        experiment_ids: Of the workspace; others are passed over.
    """

    experiment_ids: tuple[str, ...]
    conditions: tuple[Condition, ...] = ()
    order: tuple[OrderKey, ...] = ()
    lifecycle: Lifecycle = Lifecycle.ACTIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentSearch:
    """Which experiments, in which order; without one the latest creation comes first."""

    conditions: tuple[Condition, ...] = ()
    order: tuple[OrderKey, ...] = ()
    lifecycle: Lifecycle = Lifecycle.ACTIVE


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page begins: behind a run in the default order, or so many runs from the start.

    Attributes:
        began_at: Seconds since the epoch.
    """

    offset: int = 0
    began_at: float | None = None
    run_id: str = ""
