"""The OpenAPI 3.1 document of the console's API, made of the same rows and types as the server."""

from __future__ import annotations

import re
from functools import cache
from typing import Any, Final

import msgspec

from seawall.console.api_error import ErrorDocument
from seawall.console.endpoint import JSON, SAFE, ApiCall, Endpoint
from seawall.console.table import all_endpoints
from seawall.version import __version__

NDJSON: Final = "application/x-ndjson"
_REFERENCE: Final = "#/components/schemas/{name}"
_IN_PATH: Final = re.compile(r"\{(\w+)(?::(\w+))?\}")
_ERRORS: Final = {
    400: "the request cannot be read",
    401: "nobody is signed in",
    403: "whoever asks may not, a page of another site asked, or the CSRF token is missing",
    404: "there is no such thing",
    405: "this address does not take that method",
    408: "the body did not come in time",
    409: "it is not so any more, or already",
    413: "the body is too large",
    414: "the address is too long",
    415: "the body is not of the right type",
    421: "the console does not answer to that host name",
    422: "it can be read and makes no sense; `field` says where",
    429: "too many requests",
    500: "something went wrong here",
    503: "not just now",
}
_ALWAYS: Final = (400, 403, 414, 421, 422, 500, 503)
_BODY: Final = (408, 413, 415)
_WAITING: Final = {
    "Retry-After": {"description": "seconds to wait", "schema": {"type": "integer", "minimum": 0}}
}
_ABOUT: Final = """Incidents, records, accounts and answers, as the console itself uses them.

Times are RFC 3339 in UTC. Lists come in pages: `next_cursor` of one is `cursor` of the next; cursors are opaque and of one
list alone. Every error has one shape. Unsafe methods need the session's CSRF token in `X-Seawall-CSRF`."""


@cache
def build_document() -> dict[str, Any]:
    """The document, as plain data."""
    rows = all_endpoints()
    schemas = _schemas(rows)
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in rows:
        paths.setdefault(_template(endpoint), {})[endpoint.method.lower()] = _operation(endpoint, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Seawall", "version": __version__, "description": _ABOUT},
        "tags": [{"name": name} for name in sorted({endpoint.group for endpoint in rows})],
        "paths": paths,
        "components": {
            "schemas": schemas.components,
            "securitySchemes": {
                "session": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": "__Host-seawall",
                    "description": "the cookie that signing in sets (`seawall` without TLS); whoever sits at a machine without "
                    "users needs none",
                },
                "csrf": {"type": "apiKey", "in": "header", "name": "X-Seawall-CSRF"},
                "collector": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "a token for ingest; cookies are not looked at",
                },
            },
        },
    }


class _Schemas:
    """The JSON Schemas of types, each by the type."""

    def __init__(self, kinds: list[Any]) -> None:
        found, self.components = msgspec.json.schema_components(kinds, ref_template=_REFERENCE)
        self._by_kind = list(zip(kinds, found, strict=True))

    def of(self, kind: Any) -> dict[str, Any]:
        """The schema of one type."""
        return next(schema for known, schema in self._by_kind if known == kind)


def _schemas(rows: tuple[Endpoint, ...]) -> _Schemas:
    kinds: list[Any] = [ErrorDocument]
    for endpoint in rows:
        for kind in (endpoint.answer, endpoint.body):
            if kind is not None and kind not in kinds:
                kinds.append(kind)
    return _Schemas(kinds)


def _template(endpoint: Endpoint) -> str:
    return _IN_PATH.sub(r"{\1}", endpoint.path)


def _operation(endpoint: Endpoint, schemas: _Schemas) -> dict[str, Any]:
    words = re.findall(r"\w+", _template(endpoint).removeprefix("/api/"))
    made: dict[str, Any] = {
        "operationId": "_".join([endpoint.method.lower(), *words]),
        "summary": endpoint.summary,
        "tags": [endpoint.group],
        "parameters": [*_in_path(endpoint), *_in_query(endpoint), *_in_headers(endpoint)],
        "responses": _responses(endpoint, schemas),
        "security": _security(endpoint),
    }
    if endpoint.role is not None:
        made["description"] = f"For the role {endpoint.role} and above."
    if endpoint.body is not None:
        made["requestBody"] = {"required": True, "content": {JSON: {"schema": schemas.of(endpoint.body)}}}
    elif endpoint.raw:
        made["requestBody"] = {"required": True, "content": {NDJSON: {"schema": {"type": "string"}}}}
    return made


def _in_path(endpoint: Endpoint) -> list[dict[str, Any]]:
    kinds = {"int": {"type": "integer", "minimum": 0}}
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": kinds.get(kind, {"type": "string", "minLength": 1}),
        }
        for name, kind in _IN_PATH.findall(endpoint.path)
    ]


def _in_query(endpoint: Endpoint) -> list[dict[str, Any]]:
    if endpoint.query is None:
        return []
    (_,), components = msgspec.json.schema_components([endpoint.query])
    schema = components[endpoint.query.__name__]
    required = schema.get("required", ())
    found = []
    for name, kind in schema["properties"].items():
        parameter: dict[str, Any] = {"name": name, "in": "query", "required": name in required}
        parameter["schema"] = _without_null(kind)
        if kind.get("type") == "array":
            parameter["style"], parameter["explode"] = "form", True
        found.append(parameter)
    return found


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A query cannot say null: what may be absent is optional, and that is all."""
    kept = {name: value for name, value in schema.items() if not (name == "default" and value is None)}
    choices = [choice for choice in kept.pop("anyOf", ()) if choice != {"type": "null"}]
    if len(choices) == 1:
        kept.update(choices[0])
    elif choices:
        kept["anyOf"] = choices
    return kept


def _in_headers(endpoint: Endpoint) -> list[dict[str, Any]]:
    if not endpoint.raw or endpoint.method != "POST":
        return []
    texts = {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"}
    return [
        {
            "name": "Idempotency-Key",
            "in": "header",
            "required": False,
            "description": "a request that is repeated with its key counts once",
            "schema": texts,
        }
    ]


def _security(endpoint: Endpoint) -> list[dict[str, list[str]]]:
    if endpoint.raw:
        return [{"collector": []}]
    if endpoint.role is None:
        return [] if endpoint.method in SAFE else [{"csrf": []}]
    return [{"session": []}] if endpoint.method in SAFE else [{"session": [], "csrf": []}]


def _responses(endpoint: Endpoint, schemas: _Schemas) -> dict[str, Any]:
    statuses = {*_ALWAYS, *(status for status, _ in endpoint.codes)}
    if endpoint.role is not None or endpoint.raw:
        statuses.add(401)
    if not endpoint.raw:
        statuses.add(429)
    if _IN_PATH.search(endpoint.path):
        statuses.add(404)
    if endpoint.method not in ("GET", "DELETE"):
        statuses.update(_BODY)
    if endpoint.path.startswith("/api/me"):
        statuses.add(409)  # whoever sits at this machine has nothing to sign in with
    named: dict[int, list[str]] = {}
    for status, code in endpoint.codes:
        named.setdefault(status, []).append(code)
    found = {str(204 if _is_empty(endpoint) else endpoint.status): _done(endpoint, schemas)}
    for status in sorted(statuses):
        codes = f" ({', '.join(named[status])})" if status in named else ""
        found[str(status)] = {
            "description": f"{_ERRORS.get(status, 'refused')}{codes}",
            "content": {JSON: {"schema": schemas.of(ErrorDocument)}},
            **({"headers": _WAITING} if status in (429, 503) else {}),
        }
    return found


def _is_empty(endpoint: Endpoint) -> bool:
    return endpoint.answer is None and endpoint.media == JSON and endpoint.status == 200


def _done(endpoint: Endpoint, schemas: _Schemas) -> dict[str, Any]:
    if endpoint.answer is not None:
        return {"description": "done", "content": {JSON: {"schema": schemas.of(endpoint.answer)}}}
    if endpoint.media != JSON:
        return {"description": "done", "content": {endpoint.media: {"schema": {"type": "string"}}}}
    return {"description": "done"}


def _answer(_: ApiCall) -> dict[str, Any]:
    return build_document()


ENDPOINTS: Final = (
    Endpoint(
        method="GET",
        path="/api/openapi.json",
        handle=_answer,
        role="viewer",
        summary="This document",
        group="api",
        answer=dict[str, Any],
    ),
)
