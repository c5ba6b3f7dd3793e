"""OpenAPI documents from declared operations."""

from __future__ import annotations

from typing import Annotated

import msgspec
import pytest
from msgspec import Meta

from seawall.web.openapi import (
    ApiBody,
    ApiHeader,
    ApiOperation,
    ApiParameter,
    ApiResponse,
    TypeSchemas,
    build_openapi,
    path_parameters,
    query_parameters,
)


class Query(msgspec.Struct):
    """What a list is asked for."""

    at: str
    names: list[str] = []
    limit: Annotated[int, Meta(ge=1, le=9)] = 5
    until: str | None = None


def test_a_struct_gives_a_parameter_for_each_field() -> None:
    at, names, limit, until = query_parameters(Query)
    assert (at.is_required, names.is_required) == (True, False)
    assert (at.is_exploded, names.is_exploded) == (False, True)
    assert limit.schema == {"type": "integer", "minimum": 1, "maximum": 9, "default": 5}
    assert until.schema == {"type": "string"}, "a query cannot say null"
    assert query_parameters(None) == []


def test_a_template_gives_its_parameters() -> None:
    number, name = path_parameters("/a/{number:int}/b/{name}")
    assert (number.name, number.schema) == ("number", {"type": "integer", "minimum": 0})
    assert (name.name, name.schema) == ("name", {"type": "string", "minLength": 1})
    assert path_parameters("/a") == []


def test_rows_become_a_document() -> None:
    row = ApiOperation(
        method="POST",
        path="/a/{id:int}",
        summary="Do it.",
        parameters=(*path_parameters("/a/{id:int}"), ApiParameter(name="X", location="header")),
        body=ApiBody({"type": "string"}, "text/plain"),
        responses=(ApiResponse(204, "done", headers=(ApiHeader("Y", "why"),)),),
        security=({"token": ()}, {}),
    )
    document = build_openapi(info={"title": "x"}, operations=[row], security_schemes={})
    assert document["paths"] == {
        "/a/{id}": {
            "post": {
                "summary": "Do it.",
                "security": [{"token": []}, {}],
                "parameters": [
                    {
                        "name": "id",
                        "in": "path",
                        "required": True,
                        "schema": {"type": "integer", "minimum": 0},
                    },
                    {"name": "X", "in": "header", "required": False, "schema": {"type": "string"}},
                ],
                "requestBody": {"required": True, "content": {"text/plain": {"schema": {"type": "string"}}}},
                "responses": {
                    "204": {
                        "description": "done",
                        "headers": {"Y": {"description": "why", "schema": {"type": "string"}}},
                    }
                },
            }
        }
    }
    with pytest.raises(ValueError, match="two rows for POST"):
        build_openapi(info={}, operations=[row, row], security_schemes={})


def test_types_are_named_once() -> None:
    schemas = TypeSchemas([Query, list[Query], Query])
    assert schemas.schema(Query) == {"$ref": "#/components/schemas/Query"}
    assert schemas.schema(list[Query])["items"] == {"$ref": "#/components/schemas/Query"}
    assert list(schemas.components) == ["Query"]
