"""Use cases of assessments: what people, judges and programs say of traces."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from zaffre.base.text import shown
from zaffre.domain.access import Principal
from zaffre.domain.errors import ConflictError, ForbiddenError, InvalidError, missing
from zaffre.domain.labels import check_labels, check_text
from zaffre.domain.traces import ASSESSMENT, Assessment, AssessmentKind
from zaffre.ports.stores import Stores
from zaffre.services.access import seen_workspace
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
        added = checked(new, fresh_id=f"a-{self._context.new_id()}", caller=caller)
        self._stores.assessments.put(workspace_id, added)
        return added

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
        _check_own(present, caller)
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
        changed = replace(
            present,
            name=check_text(name, target="assessment_name"),
            value=value,
            error=error,
            rationale=present.rationale if change.rationale is None else change.rationale,
            metadata=check_labels(
                {**present.metadata, **(change.metadata or {})}, target="metadata"
            ),
            valid=present.valid if change.valid is None else change.valid,
            updated_ms=self._now(),
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
        _check_own(found, caller)
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

    def _now(self) -> int:
        return int(self._context.clock.now().timestamp() * _MILLIS)


def checked(new: Assessment, *, fresh_id: str, caller: Principal) -> Assessment:
    """Return an assessment as it is kept; it is given the id `fresh_id` if it has none.

    Raises:
        InvalidError: What breaks the rules of names, texts and labels.
    """
    rationale = new.rationale
    return replace(
        new,
        id=ASSESSMENT.check(new.id or fresh_id),
        name=check_text(new.name, target="assessment_name"),
        source_id=check_text(new.source_id, target="source_id"),
        rationale=None if rationale is None else check_text(rationale, target="rationale"),
        metadata=check_labels(new.metadata, target="metadata"),
        created_by=caller.name,
    )


def _check_own(assessment: Assessment, caller: Principal) -> None:
    if caller.run_id is not None and assessment.created_by != caller.name:
        raise ForbiddenError(
            "Forbidden",
            f"{caller.name} did not add the assessment {shown(assessment.id)}.",
            target="assessment",
            hint="Change it outside of a run.",
        )
