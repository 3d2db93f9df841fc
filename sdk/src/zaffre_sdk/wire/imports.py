"""What was made elsewhere, on the wire: it keeps its numbers, its ids and its times."""

from typing import Optional

import msgspec

from zaffre_sdk.wire.files import FileEntry
from zaffre_sdk.wire.metrics import Integer
from zaffre_sdk.wire.shapes import In, Out


class RegisteredModelImport(In):
    """A registered model; one that is there stays as it is."""

    name: str
    created_at: float
    updated_at: float
    description: str = ""
    tags: dict[str, str] = msgspec.field(default_factory=dict)


class VersionImport(In):
    """A version of a registered model that is there.

    Attributes:
        version: Greater than every number that the model ever gave out.
        files: What it is made of, sent before; none for a prompt.
        aliases: Words for it; those that name another version already go on to do so.
    """

    name: str
    version: int
    created_at: float
    updated_at: float
    files: list[FileEntry] = msgspec.field(default_factory=list)
    source: str = ""
    run_id: Optional[str] = None
    run_link: str = ""
    logged_model_id: Optional[str] = None
    stage: str = "None"
    description: str = ""
    tags: dict[str, str] = msgspec.field(default_factory=dict)
    aliases: list[str] = msgspec.field(default_factory=list)


class MeasureImport(In):
    """A number that was measured of a logged model."""

    name: str
    value: float
    step: Integer
    time: float
    run_id: Optional[str] = None
    dataset_name: Optional[str] = None
    dataset_digest: Optional[str] = None


class LoggedModelImport(In):
    """A logged model; one that is there and pending gets its status and what was measured.

    Attributes:
        status: `LOGGED_MODEL_PENDING` until its files were sent, then what it was.
    """

    id: str
    experiment_id: str
    name: str
    status: str
    created_at: float
    updated_at: float
    model_type: str = ""
    status_message: str = ""
    run_id: Optional[str] = None
    archived: bool = False
    tags: dict[str, str] = msgspec.field(default_factory=dict)
    params: dict[str, str] = msgspec.field(default_factory=dict)
    measures: list[MeasureImport] = msgspec.field(default_factory=list)


class ImportOut(Out):
    """What is there now.

    Attributes:
        is_new: Whether this request made it.
        is_pending: Whether something of it is still to come.
    """

    id: str
    is_new: bool
    is_pending: bool = False
