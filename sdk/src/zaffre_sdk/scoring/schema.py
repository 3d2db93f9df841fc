"""What the `inference-schema` package knows of `run`, when the script uses it."""

from __future__ import annotations

import json
import sys
from typing import Any, Callable, NamedTuple

_NO_SCHEMA: dict[str, Any] = {"type": "object", "example": {}}
SAMPLE = {"data": [[0.1, 0.2, 0.3]]}
_FAILED = {
    "description": "The service failed to execute due to an error.",
    "schema": {"$ref": "#/definitions/ErrorResponse"},
}


class Schema(NamedTuple):
    """What goes into `run` and what comes out, as swagger 2.0 schemas.

    Attributes:
        is_declared: The script declared its input, so that a body's keys become arguments.
    """

    is_declared: bool
    input: dict[str, Any]
    output: dict[str, Any]

    @property
    def declared_sample(self) -> Any:
        """A body that the script says it takes, or None."""
        return self.input.get("example") or None

    @property
    def sample(self) -> Any:
        """A body that `run` would take, as far as anybody knows."""
        return self.declared_sample or SAMPLE


def schema_of(run: Callable[..., Any]) -> Schema:
    """Return the schema that decorators gave `run`, or one that says nothing."""
    library = sys.modules.get("inference_schema.schema_util")
    if library is None or not library.is_schema_decorated(run):
        return Schema(is_declared=False, input=_NO_SCHEMA, output=_NO_SCHEMA)
    taken, given = library.get_input_schema(run), library.get_output_schema(run)
    return Schema(bool(taken), taken or _NO_SCHEMA, given or _NO_SCHEMA)


def swagger(name: str, schema: Schema) -> bytes:
    """Return the swagger 2.0 document of the service."""
    document = {
        "swagger": "2.0",
        "info": {
            "title": name,
            "description": f"API specification for the service {name}",
            "version": "1.0",
        },
        "schemes": ["http", "https"],
        "consumes": ["application/json"],
        "produces": ["application/json"],
        "securityDefinitions": {
            "Bearer": {
                "type": "apiKey",
                "name": "Authorization",
                "in": "header",
                "description": "For example: Bearer abc123",
            }
        },
        "paths": {"/": _health(), "/score": _score()},
        "definitions": {
            "ServiceInput": schema.input,
            "ServiceOutput": schema.output,
            "ErrorResponse": {"type": "object", "properties": {"error": {"type": "object"}}},
        },
    }
    return json.dumps(document, default=str).encode()


def _health() -> dict[str, Any]:
    answer = {
        "description": "The service is up.",
        "schema": {"type": "string"},
        "examples": {"application/json": "Healthy"},
    }
    return {
        "get": {
            "operationId": "ServiceHealthCheck",
            "description": "Tells whether the service is up.",
            "responses": {"200": answer, "default": _FAILED},
        }
    }


def _score() -> dict[str, Any]:
    payload = {
        "name": "serviceInputPayload",
        "in": "body",
        "description": "What is scored.",
        "schema": {"$ref": "#/definitions/ServiceInput"},
    }
    answer = {
        "description": "What the model answered.",
        "schema": {"$ref": "#/definitions/ServiceOutput"},
    }
    return {
        "post": {
            "operationId": "RunMLService",
            "description": "Run the model and get its answer.",
            "security": [{"Bearer": []}],
            "parameters": [payload],
            "responses": {"200": answer, "default": _FAILED},
        }
    }
