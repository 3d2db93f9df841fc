"""Assessments of traces, for MLflow programs."""

import re
from typing import Any, Final

import msgspec

from zaffre.domain.access import Permission
from zaffre.protocols.mlflow.call import MlflowCall
from zaffre.protocols.mlflow.routes import Route, route
from zaffre.protocols.mlflow.traces import now_ms
from zaffre.protocols.mlflow.traces_shapes import (
    AssessmentBody,
    from_assessment,
    to_assessment,
    to_content,
)
from zaffre.services.assessments import AssessmentChange

_ALL: Final = "/api/3.0/mlflow/traces/{trace_id}/assessments"
_ONE: Final = f"{_ALL}/{{assessment_id}}"
_CAPITAL: Final = re.compile(r"[A-Z]")


class CreateAssessment(msgspec.Struct):
    """Body that adds an assessment."""

    assessment: AssessmentBody


class UpdateAssessment(msgspec.Struct):
    """Body that changes an assessment.

    Attributes:
        update_mask: Which fields to change, with commas between them.
    """

    assessment: AssessmentBody
    update_mask: str


async def create_assessment(call: MlflowCall, body: CreateAssessment) -> dict[str, Any]:
    """Add an assessment."""
    new = to_assessment(body.assessment, call.params["trace_id"], now_ms=now_ms(call))
    added = await call.write(
        lambda s: s.assessments.create(call.workspace, new, caller=call.caller)
    )
    return {"assessment": from_assessment(added)}


async def get_assessment(call: MlflowCall) -> dict[str, Any]:
    """Answer an assessment."""
    trace_id, assessment_id = call.params["trace_id"], call.params["assessment_id"]
    found = await call.read(
        lambda s: s.assessments.get(call.workspace, trace_id, assessment_id, caller=call.caller)
    )
    return {"assessment": from_assessment(found)}


async def update_assessment(call: MlflowCall, body: UpdateAssessment) -> dict[str, Any]:
    """Change an assessment."""
    trace_id, assessment_id = call.params["trace_id"], call.params["assessment_id"]
    change = _change(body)
    changed = await call.write(
        lambda s: s.assessments.change(
            call.workspace, trace_id, assessment_id, change, caller=call.caller
        )
    )
    return {"assessment": from_assessment(changed)}


async def delete_assessment(call: MlflowCall) -> None:
    """Delete an assessment."""
    trace_id, assessment_id = call.params["trace_id"], call.params["assessment_id"]
    await call.write(
        lambda s: s.assessments.delete(call.workspace, trace_id, assessment_id, caller=call.caller)
    )


def _change(body: UpdateAssessment) -> AssessmentChange:
    given = body.assessment
    # Protocol buffers write the names of a mask in JSON like `assessmentName`.
    mask = {
        _CAPITAL.sub(lambda found: f"_{found[0].lower()}", name.strip())
        for name in body.update_mask.split(",")
    }
    return AssessmentChange(
        name=given.assessment_name if "assessment_name" in mask else None,
        content=to_content(given) if mask & {"feedback", "expectation"} else None,
        rationale=(given.rationale or "") if "rationale" in mask else None,
        metadata=given.metadata if "metadata" in mask else None,
        valid=given.valid if "valid" in mask else None,
    )


_READ, _WRITE = Permission.RUNS_READ, Permission.RUNS_WRITE
ROUTES: Final[list[Route]] = [
    route("POST", _ALL, create_assessment, _WRITE, shape=CreateAssessment),
    route("GET", _ONE, get_assessment, _READ),
    route("PATCH", _ONE, update_assessment, _WRITE, shape=UpdateAssessment),
    route("DELETE", _ONE, delete_assessment, _WRITE),
]
