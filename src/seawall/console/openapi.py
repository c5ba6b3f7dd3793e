"""Build the OpenAPI 3.1 document of the console's API from the same declarations as the server."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any, Final

from seawall.console.api_error import ErrorDocument
from seawall.console.endpoint import JSON, SAFE, ApiCall, Endpoint
from seawall.console.table import all_endpoints
from seawall.version import __version__
from seawall.web.openapi import (
    ApiBody,
    ApiHeader,
    ApiOperation,
    ApiParameter,
    ApiResponse,
    Json,
    TypeSchemas,
    build_openapi,
    has_path_parameters,
    path_parameters,
    query_parameters,
    strip_converters,
)

NDJSON: Final = "application/x-ndjson"
BYTES: Final = "application/octet-stream"
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
_RETRY_AFTER: Final = ApiHeader("Retry-After", "seconds to wait", {"type": "integer", "minimum": 0})
_IDEMPOTENCY_KEY: Final = ApiParameter(
    name="Idempotency-Key",
    location="header",
    description="a request that is repeated with its key counts once",
    schema={"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"},
)
_SECURITY_SCHEMES: Final[Json] = {
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
}
_ABOUT: Final = """Incidents, records, accounts and answers, as the console itself uses them.

Times are RFC 3339 in UTC. Lists come in pages: `next_cursor` of one is `cursor` of the next; cursors are opaque and of one
list alone. Every error has one shape. Unsafe methods need the session's CSRF token in `X-Seawall-CSRF`."""


@cache
def build_document() -> Json:
    """Return the document of all endpoints, as JSON values."""
    rows = all_endpoints()
    types = [ErrorDocument, *(kind for row in rows for kind in _types(row))]
    schemas = TypeSchemas(types)
    return build_openapi(
        info={"title": "Seawall", "version": __version__, "description": _ABOUT},
        operations=[_operation(row, schemas) for row in rows],
        schemas=schemas.components,
        security_schemes=_SECURITY_SCHEMES,
        tags=sorted({row.group for row in rows}),
    )


def _types(endpoint: Endpoint) -> Iterator[Any]:
    yield from (kind for kind in (endpoint.answer, endpoint.body) if kind is not None)
    yield from (kind for _, kind in endpoint.events)


def _operation(endpoint: Endpoint, schemas: TypeSchemas) -> ApiOperation:
    words = re.findall(r"\w+", strip_converters(endpoint.path).removeprefix("/api/"))
    return ApiOperation(
        method=endpoint.method,
        path=endpoint.path,
        operation_id="_".join([endpoint.method.lower(), *words]),
        summary=endpoint.summary,
        description="" if endpoint.role is None else f"For the role {endpoint.role} and above.",
        tags=(endpoint.group,),
        parameters=(
            *path_parameters(endpoint.path),
            *query_parameters(endpoint.query),
            *_header_parameters(endpoint),
        ),
        body=_body(endpoint, schemas),
        responses=(_success(endpoint, schemas), *_errors(endpoint, schemas)),
        security=_security(endpoint),
    )


def _header_parameters(endpoint: Endpoint) -> tuple[ApiParameter, ...]:
    return (_IDEMPOTENCY_KEY,) if endpoint.raw and endpoint.method == "POST" else ()


def _body(endpoint: Endpoint, schemas: TypeSchemas) -> ApiBody | None:
    if endpoint.body is not None:
        return ApiBody(schemas.schema(endpoint.body))
    if endpoint.is_streamed:
        return ApiBody({"type": "string", "format": "binary"}, BYTES)
    return ApiBody({"type": "string"}, NDJSON) if endpoint.raw else None


def _security(endpoint: Endpoint) -> tuple[dict[str, tuple[()]], ...]:
    if endpoint.raw:
        return ({"collector": ()},)
    if endpoint.role is None:
        return () if endpoint.method in SAFE else ({"csrf": ()},)
    return ({"session": ()},) if endpoint.method in SAFE else ({"session": (), "csrf": ()},)


def _errors(endpoint: Endpoint, schemas: TypeSchemas) -> Iterator[ApiResponse]:
    named: dict[int, list[str]] = {}
    for status, code in endpoint.codes:
        named.setdefault(status, []).append(code)
    for status in sorted(_error_statuses(endpoint)):
        codes = f" ({', '.join(named[status])})" if status in named else ""
        yield ApiResponse(
            status,
            f"{_ERRORS.get(status, 'refused')}{codes}",
            schemas.schema(ErrorDocument),
            (_RETRY_AFTER,) if status in (429, 503) else (),
        )


def _error_statuses(endpoint: Endpoint) -> set[int]:
    statuses = {*_ALWAYS, *(status for status, _ in endpoint.codes)}
    if endpoint.role is not None or endpoint.raw:
        statuses.add(401)
    if not endpoint.raw:
        statuses.add(429)
    if has_path_parameters(endpoint.path):
        statuses.add(404)
    if endpoint.method not in ("GET", "DELETE"):
        statuses.update(_BODY)
    if endpoint.path.startswith("/api/me"):
        statuses.add(409)  # the local admin has no sign-in methods of his own
    return statuses


def _success(endpoint: Endpoint, schemas: TypeSchemas) -> ApiResponse:
    if endpoint.answer is not None:
        return ApiResponse(endpoint.status, "done", schemas.schema(endpoint.answer))
    if endpoint.media != JSON:
        events = ", ".join(f"`{name}` ({kind.__name__})" for name, kind in endpoint.events)
        words = f"done; data of the events: {events}" if events else "done"
        return ApiResponse(endpoint.status, words, {"type": "string"}, media=endpoint.media)
    return ApiResponse(204 if endpoint.status == 200 else endpoint.status, "done")


def list_literals() -> frozenset[str]:
    """Return the texts that the API's types name as possible values, such as `high`."""
    found: set[str] = set()

    def look(part: Any) -> None:
        if isinstance(part, dict):
            listed = part.get("enum")
            if isinstance(listed, list):
                found.update(text for text in listed if isinstance(text, str))
        for inner in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
            look(inner)

    look(build_document())
    return frozenset(found)


def show_document(_: ApiCall) -> Json:
    """Return the document."""
    return build_document()


ENDPOINTS: Final = (
    Endpoint(
        method="GET",
        path="/api/openapi.json",
        handle=show_document,
        role="viewer",
        tenants="none",
        summary="This document",
        group="api",
        answer=dict[str, Any],
    ),
)
