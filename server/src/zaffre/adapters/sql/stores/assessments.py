"""Assessments in SQL."""

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, delete, select

from zaffre.adapters.sql.rows import columns_of, insert_or_replace, values_of
from zaffre.adapters.sql.stores.files import chunks
from zaffre.adapters.sql.stores.trace_keys import key_of
from zaffre.adapters.sql.tables import assessments, traces
from zaffre.domain.traces import Assessment, number_of, words_of

_put = insert_or_replace(assessments, by=("trace_key", "id"))
_columns = columns_of(assessments, Assessment)
_joined = select(assessments.c.trace_key, traces.c.id.label("trace_id"), *_columns).join_from(
    assessments, traces, assessments.c.trace_key == traces.c.key
)
_of_traces = _joined.where(
    assessments.c.trace_key.in_(bindparam("keys", expanding=True))
).order_by(assessments.c.key)
_one = _joined.where(
    traces.c.workspace_id == bindparam("workspace"),
    traces.c.id == bindparam("trace"),
    assessments.c.id == bindparam("assessment"),
)
_remove = delete(assessments).where(
    assessments.c.trace_key == bindparam("this_trace"), assessments.c.id == bindparam("this_id")
)


class SqlAssessmentStore:
    """Implements `ports.traces.AssessmentStore`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, workspace_id: str, assessment: Assessment) -> None:
        """Add it, or replace the one of the same id."""
        values = values_of(assessments, assessment) | {
            "trace_key": key_of(self._connection, workspace_id, assessment.trace_id),
            "words": words_of(assessment.value),
            "number": number_of(assessment.value),
        }
        self._connection.execute(_put, values)

    def find(self, workspace_id: str, trace_id: str, assessment_id: str) -> Assessment | None:
        """Return it."""
        this = {"workspace": workspace_id, "trace": trace_id, "assessment": assessment_id}
        row = self._connection.execute(_one, this).one_or_none()
        if row is None:
            return None
        fields = row._asdict()
        del fields["trace_key"]
        return Assessment(**fields)

    def remove(self, workspace_id: str, assessment: Assessment) -> None:
        """Remove it."""
        key = key_of(self._connection, workspace_id, assessment.trace_id)
        self._connection.execute(_remove, {"this_trace": key, "this_id": assessment.id})


def assessments_of(connection: Connection, keys: Sequence[int]) -> dict[int, list[Assessment]]:
    """Return the assessments of traces by their keys, in order of arrival."""
    found: dict[int, list[Assessment]] = {}
    for some in chunks(keys):
        for row in connection.execute(_of_traces, {"keys": some}):
            fields = row._asdict()
            found.setdefault(fields.pop("trace_key"), []).append(Assessment(**fields))
    return found
