"""Metrics on the wire.

Batches travel as MessagePack, which keeps NaN and infinities, or as JSON, which has neither: JSON
answers give them as the strings `NaN`, `Infinity` and `-Infinity`. Clients ask with Accept.
"""

from typing import Annotated, Any, Optional, Union

import msgspec

from zaffre_sdk.wire.shapes import In, Out

Integer = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
# Without a pattern: msgspec 0.22 frees a pattern inside of a nested union twice when the
# interpreter ends, which kills every fourth program (github.com/msgspec/msgspec/issues/717).
Text = str
Cell = Union[None, bool, Integer, float, Text]
PointValue = Union[Cell, list[Cell], dict[Text, Union[Cell, list[Cell]]]]
"""Spelled out so that a batch is checked while it is decoded, without a loop in Python."""

MEASURED = "zaffre/"
"""How the names of those metrics begin that the runner measures, not the program."""


class Point(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    """One log call: `[name, kind, value, step, time]`.

    Attributes:
        kind: `scalar`, `list`, `row`, `table`, `image`, `accuracy_table`, `confusion_matrix`,
            `predictions` or `residuals`.
        value: A number, text or boolean; a list; columns of cells. For images and documents the
            path of the artifact.
        time: Seconds since the epoch by the clock of the run.
    """

    name: str
    kind: str
    value: PointValue
    step: Optional[int]
    time: float


class Columns(In):
    """Log calls in their order, a list for each part of them.

    Nothing is made for each point on its way to the store, which makes this the quick form.

    Attributes:
        names: The metrics, each once.
        order: For each point the index of its name; left out when there is one name.
        times: Seconds since the epoch by the clock of the run.
        values: As the value of a point.
        steps: Left out when no point has one.
        kinds: Left out when every point is a `scalar`.
    """

    names: list[str]
    times: list[float]
    values: list[PointValue]
    order: Optional[list[int]] = None
    steps: Optional[list[Optional[int]]] = None
    kinds: Optional[list[str]] = None


class BatchIn(In):
    """Points in the order in which one writer logged them: one by one, or as columns.

    A writer numbers its batches from 1 without gaps; a number that was stored is acknowledged
    and not stored again. At most 10,000 points.
    """

    writer: str
    sequence: int
    points: list[Point] = msgspec.field(default_factory=list)
    columns: Optional[Columns] = None


class BatchOut(Out):
    """The batch is durable; `stored` is False when it had been before."""

    sequence: int
    stored: bool


class EntryOut(Out):
    """One log call with its position.

    Attributes:
        position: Grows with every entry; continue reading behind it.
        value: Not-a-number and infinities are the strings `NaN`, `Infinity`, `-Infinity` in JSON.
    """

    position: int
    name: str
    kind: str
    value: Any
    step: Optional[int]
    time: float


class EntryList(Out):
    """A page of entries in order of arrival; `next` continues it, None ends it."""

    value: list[EntryOut]
    next: Optional[str] = None


class MetricOut(Out):
    """A metric at a glance."""

    name: str
    kind: str
    count: int
    last: Any
    last_step: Optional[int]
    minimum: Optional[float]
    maximum: Optional[float]
    updated_at: float


class MetricList(Out):
    """Every metric of a run, in order of first appearance."""

    value: list[MetricOut]
