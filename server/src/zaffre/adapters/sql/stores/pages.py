"""Where a page of a list that is ordered by arrival continues."""

from typing import Any

from sqlalchemy import Connection, Table, select

from zaffre.base.text import shown
from zaffre.domain.errors import InvalidError


def key_of(connection: Connection, table: Table, workspace_id: str, after: str) -> Any:  # noqa: ANN401 - a key is opaque here
    """Return the key of the row with the id `after`.

    Raises:
        InvalidError: `InvalidContinuation`, when the row is gone.
    """
    statement = select(table.c.key).where(
        table.c.workspace_id == workspace_id, table.c.id == after
    )
    key = connection.execute(statement).scalar_one_or_none()
    if key is None:
        raise InvalidError(
            "InvalidContinuation",
            f"The list cannot continue behind {shown(after)}, which is not there any more.",
            target="after",
            hint="List again from the start.",
        )
    return key
