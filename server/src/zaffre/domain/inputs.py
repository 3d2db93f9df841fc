"""What a run read: datasets, by name and digest."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

MAX_INPUT_TEXT: Final = 16 * 1024 * 1024 - 1
CONTEXT_TAG: Final = "mlflow.data.context"
"""The tag of a reading that tells what it was for, such as `training`."""


class InputKind(StrEnum):
    """What sort of thing was read."""

    DATASET = "dataset"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadDataset:
    """A dataset as the runs of an experiment read it.

    Attributes:
        context: What the reading was for, if its program said so.
    """

    experiment_id: str
    name: str
    digest: str
    context: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunInput:
    """Something that a run read; the name and the digest say which.

    Attributes:
        digest: What the program computed over the content; any text.
        source_type: How `source` is read, such as `local`, `http` or `delta_table`.
        source: Where it came from, as the program wrote it; the server never opens it.
        schema: The schema as the program wrote it, if any.
        profile: Counts and the like as the program wrote them, if any.
        tags: Of this reading, such as `mlflow.data.context`.
    """

    kind: InputKind = InputKind.DATASET
    name: str
    digest: str
    source_type: str = ""
    source: str = ""
    schema: str | None = None
    profile: str | None = None
    step: int | None = None
    tags: dict[str, str] = field(default_factory=dict)
