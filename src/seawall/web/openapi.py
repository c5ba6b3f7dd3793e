"""Build OpenAPI 3.1 documents from declared operations. JSON Schemas are plain dictionaries, or come from msgspec types.

A server declares each operation as an `ApiOperation`; `build_openapi` writes the document of all of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import msgspec

Json = dict[str, Any]
Location = Literal["path", "query", "header"]

JSON: Final = "application/json"
_REFERENCE: Final = "#/components/schemas/{name}"
_IN_TEMPLATE: Final = re.compile(r"\{(\w+)(?::(\w+))?\}")
_TEXT: Final[Json] = {"type": "string"}
_NULL: Final[Json] = {"type": "null"}
_OF_CONVERTERS: Final[Mapping[str, Json]] = {"int": {"type": "integer", "minimum": 0}}


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiParameter:
    """Declare a parameter of an operation. `is_exploded` means that an array repeats the parameter for each value."""

    name: str
    location: Location
    schema: Json = field(default_factory=lambda: dict(_TEXT))
    description: str = ""
    is_required: bool = False
    is_exploded: bool = False


@dataclass(frozen=True, slots=True)
class ApiHeader:
    """Declare a header of a response."""

    name: str
    description: str
    schema: Json = field(default_factory=lambda: dict(_TEXT))


@dataclass(frozen=True, slots=True)
class ApiResponse:
    """Declare a response. Without a `schema` it has no body."""

    status: int
    description: str
    schema: Json | None = None
    headers: Sequence[ApiHeader] = ()
    media: str = JSON


@dataclass(frozen=True, slots=True)
class ApiBody:
    """Declare the body that an operation requires."""

    schema: Json
    media: str = JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiOperation:
    """Declare one method of one path. `security` None leaves the document's default; an empty tuple means no authentication."""

    method: str
    path: str
    summary: str
    responses: Sequence[ApiResponse]
    description: str = ""
    operation_id: str = ""
    tags: Sequence[str] = ()
    parameters: Sequence[ApiParameter] = ()
    body: ApiBody | None = None
    security: Sequence[Mapping[str, Sequence[str]]] | None = None


class TypeSchemas:
    """Generate the JSON Schemas of msgspec types. `components` maps names to the schemas that others refer to."""

    def __init__(self, types: Iterable[Any]) -> None:
        distinct: list[Any] = []
        for kind in types:
            if kind not in distinct:
                distinct.append(kind)
        schemas, self.components = msgspec.json.schema_components(distinct, ref_template=_REFERENCE)
        self._schemas = list(zip(distinct, schemas, strict=True))

    def schema(self, kind: Any) -> Json:
        """Return the schema of one of the types given to the constructor. Raises `StopIteration` for any other type."""
        return next(schema for known, schema in self._schemas if known == kind)


def build_openapi(
    *,
    info: Json,
    operations: Iterable[ApiOperation],
    security_schemes: Json,
    schemas: Json | None = None,
    tags: Iterable[str] = (),
) -> Json:
    """Return the OpenAPI document as JSON values. Raises `ValueError` for two operations with the same method and path."""
    paths: dict[str, Json] = {}
    for operation in operations:
        methods = paths.setdefault(strip_converters(operation.path), {})
        method = operation.method.lower()
        if method in methods:
            raise ValueError(f"two rows for {operation.method} {operation.path}")
        methods[method] = _operation(operation)
    components = {} if schemas is None else {"schemas": schemas}
    return {
        "openapi": "3.1.0",
        "info": info,
        **({"tags": named} if (named := [{"name": name} for name in tags]) else {}),
        "paths": paths,
        "components": {**components, "securitySchemes": security_schemes},
    }


def strip_converters(path: str) -> str:
    """Return a route's path in OpenAPI's form: `/a/{id:int}` becomes `/a/{id}`."""
    return _IN_TEMPLATE.sub(r"{\1}", path)


def has_path_parameters(path: str) -> bool:
    """Return whether a path has parameters in braces."""
    return _IN_TEMPLATE.search(path) is not None


def path_parameters(path: str) -> list[ApiParameter]:
    """Return the parameters of a path: `{id:int}` is an integer from 0, `{id}` a text that is not empty."""
    return [
        ApiParameter(
            name=name,
            location="path",
            is_required=True,
            schema=_OF_CONVERTERS.get(converter, {"type": "string", "minLength": 1}),
        )
        for name, converter in _IN_TEMPLATE.findall(path)
    ]


def query_parameters(kind: type[Any] | None) -> list[ApiParameter]:
    """Return a parameter for each field of a msgspec struct that decodes a query, or none for None."""
    if kind is None:
        return []
    _, components = msgspec.json.schema_components([kind])
    schema = components[kind.__name__]
    required = schema.get("required", ())
    return [
        ApiParameter(
            name=name,
            location="query",
            is_required=name in required,
            schema=_without_null(part),
            is_exploded=part.get("type") == "array",
        )
        for name, part in schema["properties"].items()
    ]


def _without_null(schema: Json) -> Json:
    """Return the schema without null, which a query string cannot express: such a parameter is optional."""
    kept = {name: value for name, value in schema.items() if not (name == "default" and value is None)}
    choices = [choice for choice in kept.pop("anyOf", ()) if choice != _NULL]
    if len(choices) == 1:
        kept.update(choices[0])
    elif choices:
        kept["anyOf"] = choices
    return kept


def _operation(operation: ApiOperation) -> Json:
    document: Json = {"summary": operation.summary}
    if operation.operation_id:
        document["operationId"] = operation.operation_id
    if operation.description:
        document["description"] = operation.description
    if operation.tags:
        document["tags"] = list(operation.tags)
    if operation.security is not None:
        document["security"] = [
            {name: list(scopes) for name, scopes in one.items()} for one in operation.security
        ]
    if operation.parameters:
        document["parameters"] = [_parameter(parameter) for parameter in operation.parameters]
    if operation.body is not None:
        document["requestBody"] = {
            "required": True,
            "content": {operation.body.media: {"schema": operation.body.schema}},
        }
    document["responses"] = {str(response.status): _response(response) for response in operation.responses}
    return document


def _parameter(parameter: ApiParameter) -> Json:
    document: Json = {"name": parameter.name, "in": parameter.location, "required": parameter.is_required}
    if parameter.description:
        document["description"] = parameter.description
    document["schema"] = parameter.schema
    if parameter.is_exploded:
        document |= {"style": "form", "explode": True}
    return document


def _response(response: ApiResponse) -> Json:
    document: Json = {"description": response.description}
    if response.schema is not None:
        document["content"] = {response.media: {"schema": response.schema}}
    if response.headers:
        document["headers"] = {
            header.name: {"description": header.description, "schema": header.schema}
            for header in response.headers
        }
    return document
