"""Use cases of assessments: what people, judges and programs say of traces."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from zaffre.base.text import shown
from zaffre.domain.access import Principal
from zaffre.domain.errors import ConflictError, InvalidError, missing
from zaffre.domain.labels import check_labels, check_text
from zaffre.domain.traces import ASSESSMENT, Assessment, AssessmentKind
from zaffre.ports.stores import Stores
from zaffre.services.access import check_maker, seen_workspace
from zaffre.services.context import Context

_MILLIS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class AssessmentChange:
    """What to change of an assessment; None leaves a field alone.

    Attributes:
        content: The new kind, value and error; the kind must be the present one.
        metadata: Added to what is there.
    """

    name: str | None = None
    content: tuple[AssessmentKind, Any, dict[str, str] | None] | None = None
    rationale: str | None = None
    metadata: Mapping[str, str] | None = None
    valid: bool | None = None


class AssessmentService:
    """Use cases of assessments, within one transaction."""

    def __init__(self, stores: Stores, context: Context) -> None:
        self._stores = stores
        self._context = context

    def create(self, workspace_id: str, new: Assessment, *, caller: Principal) -> Assessment:
        """Add it; one that it overrides is not valid any more.

        Raises:
            ConflictError: `AssessmentExists`.
            NotFoundError: `TraceNotFound`, or `AssessmentNotFound` for the one it overrides.
        """
        seen_workspace(self._stores, workspace_id, caller=caller)
        self._stores.traces.get(workspace_id, new.trace_id)
        if new.id and self._stores.assessments.find(workspace_id, new.trace_id, new.id):
            raise ConflictError(
                "AssessmentExists",
                f"The trace {shown(new.trace_id)} has an assessment {shown(new.id)}.",
                target="assessment_id",
            )
        if new.overrides:
            self._set_valid(workspace_id, new.trace_id, new.overrides, valid=False)
        return self._put(workspace_id, new, caller)

    def tell(self, workspace_id: str, told: Assessment, *, caller: Principal) -> Assessment:
        """Keep one that its program says along with the trace, in place of one of its id.

        Raises:
            ForbiddenError: `Forbidden`, for the token of a run that did not make that one.
        """
        present = self._stores.assessments.find(workspace_id, told.trace_id, told.id)
        if present is not None:
            check_maker(caller, present.created_by, "assessment", present.id)
        return self._put(workspace_id, told, caller)

    def get(
        self, workspace_id: str, trace_id: str, assessment_id: str, *, caller: Principal
    ) -> Assessment:
        """Return it.

        Raises:
            NotFoundError: `TraceNotFound` or `AssessmentNotFound`.
        """
        seen_workspace(self._stores, workspace_id, caller=caller)
        self._stores.traces.get(workspace_id, trace_id)
        found = self._stores.assessments.find(workspace_id, trace_id, assessment_id)
        if found is None:
            raise missing("assessment", assessment_id)
        return found

    def change(
        self,
        workspace_id: str,
        trace_id: str,
        assessment_id: str,
        change: AssessmentChange,
        *,
        caller: Principal,
    ) -> Assessment:
        """Change what is given; source and span stay.

        Raises:
            InvalidError: `AssessmentKind`, when the new value is of another kind.
        """
        present = self.get(workspace_id, trace_id, assessment_id, caller=caller)
        check_maker(caller, present.created_by, "assessment", present.id)
        kind, value, error = change.content or (present.kind, present.value, present.error)
        if kind is not present.kind:
            article = "a" if present.kind is AssessmentKind.FEEDBACK else "an"
            raise InvalidError(
                "AssessmentKind",
                f"Cannot update {kind} value on {article} {present.kind.value.capitalize()} "
                f"assessment, as {shown(present.name)} is one.",
                target=kind.value,
            )
        name = present.name if change.name is None else change.name
        changed = _checked(
            replace(
                present,
                name=name,
                value=value,
                error=error,
                rationale=present.rationale if change.rationale is None else change.rationale,
                metadata={**present.metadata, **(change.metadata or {})},
                valid=present.valid if change.valid is None else change.valid,
                updated_ms=self._now(),
            )
        )
        self._stores.assessments.put(workspace_id, changed)
        return changed

    def delete(
        self, workspace_id: str, trace_id: str, assessment_id: str, *, caller: Principal
    ) -> None:
        """Delete it; what it overrode is valid again. Deleting it again changes nothing.

        Raises:
            NotFoundError: `TraceNotFound`.
        """
        seen_workspace(self._stores, workspace_id, caller=caller)
        self._stores.traces.get(workspace_id, trace_id)
        found = self._stores.assessments.find(workspace_id, trace_id, assessment_id)
        if found is None:
            return
        check_maker(caller, found.created_by, "assessment", found.id)
        if found.overrides and self._stores.assessments.find(
            workspace_id, trace_id, found.overrides
        ):
            self._set_valid(workspace_id, trace_id, found.overrides, valid=True)
        self._stores.assessments.remove(workspace_id, found)

    def _set_valid(
        self, workspace_id: str, trace_id: str, assessment_id: str, *, valid: bool
    ) -> None:
        found = self._stores.assessments.find(workspace_id, trace_id, assessment_id)
        if found is None:
            raise missing("assessment", assessment_id)
        self._stores.assessments.put(workspace_id, replace(found, valid=valid))

    def _put(self, workspace_id: str, new: Assessment, caller: Principal) -> Assessment:
        new_id = ASSESSMENT.check(new.id or f"a-{self._context.new_id()}")
        added = _checked(replace(new, id=new_id, created_by=caller.name))
        self._stores.assessments.put(workspace_id, added)
        return added

    def _now(self) -> int:
        return int(self._context.clock.now().timestamp() * _MILLIS)


def _checked(said: Assessment) -> Assessment:
    texts = {
        "assessment_name": said.name,
        "source_type": said.source_type,
        "source_id": said.source_id,
        "span_id": said.span_id or "",
        "rationale": said.rationale or "",
    }
    for target, text in texts.items():
        check_text(text, target=target)
    return replace(said, metadata=check_labels(said.metadata, target="metadata"))
