"""The pages' TypeScript types are those of the API's OpenAPI document."""

from __future__ import annotations

from typing import Any

import pytest
from tools.api_types import TARGET, find_sent_by_server, main, type_of, write_types

from seawall.console.openapi import build_document


def test_the_committed_types_are_those_of_the_document() -> None:
    assert TARGET.read_text("utf-8") == write_types(build_document()), "run: python -m tools.api_types"
    assert main(["--check"]) == 0


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "integer", "minimum": 0}, "number"),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "string | null"),
        ({"type": "array", "items": {"anyOf": [{"type": "string"}, {"type": "null"}]}}, "(string | null)[]"),
        ({"type": "array", "prefixItems": [{"type": "string"}, {"type": "number"}]}, "[string, number]"),
        ({"type": "object"}, "{ [name: string]: unknown }"),
        ({"type": "object", "additionalProperties": {"type": "number"}}, "{ [name: string]: number }"),
        ({"enum": ["a", "b"]}, '"a" | "b"'),
        ({"$ref": "#/components/schemas/Session"}, "Session"),
        ({}, "unknown"),
    ],
)
def test_types_of_schemas(schema: dict[str, Any], words: str) -> None:
    assert type_of(schema) == words


def test_an_unknown_schema_is_refused() -> None:
    with pytest.raises(ValueError, match="no TypeScript type"):
        type_of({"oneOf": []})


def _object(**members: Any) -> dict[str, Any]:
    return {"type": "object", "properties": members, "required": []}


def test_only_what_clients_alone_send_has_optional_fields() -> None:
    text, both = {"type": "string", "default": ""}, {"$ref": "#/components/schemas/Both"}
    document = {
        "components": {
            "schemas": {
                "Asked": _object(text=text, both=both),
                "Both": _object(text=text),
                "Told": _object(both=both),
                "Event": _object(text=text),
            }
        },
        "paths": {
            "/a": {
                "post": {
                    "requestBody": {"$ref": "#/components/schemas/Asked"},
                    "responses": {"200": {"$ref": "#/components/schemas/Told"}},
                }
            }
        },
    }
    assert find_sent_by_server(document) == {"Both", "Told", "Event"}
    written = write_types(document)
    assert "export interface Asked {\n  text?: string;\n  both?: Both;\n}" in written
    assert "export interface Both {\n  text: string;\n}" in written
