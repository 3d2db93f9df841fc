"""The body of every error, in the form of the Azure REST API guidelines."""

from typing import Any, Optional

import msgspec

from zaffre_sdk.wire.shapes import Out


class ErrorBody(Out):
    """One error.

    Attributes:
        code: A stable PascalCase name.
        message: What is wrong, with the value, and what to do next.
        target: The field that it is about, as a JSON path or a parameter name.
        details: Further errors of the same request.
        innererror: More for programs, such as `{"hint": …}`.
    """

    code: str
    message: str
    target: Optional[str] = None
    details: list[dict[str, Any]] = msgspec.field(default_factory=list)
    innererror: dict[str, Any] = msgspec.field(default_factory=dict)


class ErrorOut(Out):
    """What a failed request is answered."""

    error: ErrorBody
