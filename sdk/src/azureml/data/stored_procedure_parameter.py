"""What a stored procedure is called with."""

from __future__ import annotations

from enum import Enum
from typing import Any

__all__ = ["StoredProcedureParameter", "StoredProcedureParameterType"]


class StoredProcedureParameterType(Enum):
    """Types of SQL."""

    String = "String"
    Int = "Int"
    Decimal = "Decimal"
    Guid = "Guid"
    Boolean = "Boolean"
    Date = "Date"


class StoredProcedureParameter:
    """A value with its name.

    Args:
        name: Of the parameter.
        value: What it is to be.
        type: Its type; text by default.
    """

    def __init__(
        self, name: str, value: Any, type: StoredProcedureParameterType | None = None
    ) -> None:
        self.name = name
        self.value = value
        self.type = type or StoredProcedureParameterType.String
