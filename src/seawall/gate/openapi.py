"""The OpenAPI document of the gate, served at `/openapi.json`."""

from __future__ import annotations

from typing import Final

from seawall.gate.identity import IDENTITY_HEADERS
from seawall.version import __version__
from seawall.web.openapi import (
    ApiBody,
    ApiHeader,
    ApiOperation,
    ApiParameter,
    ApiResponse,
    Json,
    build_openapi,
)
from seawall_tokens.revocation.entry import KINDS, LONGEST_VALUE

_CODE: Final[Json] = {
    "type": "object",
    "required": ["code"],
    "properties": {"code": {"type": "string"}},
}
_TIME: Final[Json] = {"type": ["string", "null"], "format": "date-time"}
_MOMENT: Final[Json] = {
    "type": ["string", "number", "null"],
    "description": "RFC 3339 or seconds since 1970",
}
_TEXT: Final[Json] = {"type": "string", "maxLength": LONGEST_VALUE}
_REVOCATION: Final[Json] = {
    "type": "object",
    "required": ["kind", "reason"],
    "additionalProperties": False,
    "properties": {
        "kind": {"enum": list(KINDS)},
        "issuer": _TEXT | {"default": "*"},
        "value": _TEXT | {"default": ""},
        "not_before": _MOMENT,
        "expires": _MOMENT,
        "reason": _TEXT,
        "who": _TEXT | {"default": "administrator"},
    },
}
_STORED_REVOCATION: Final[Json] = {
    "type": "object",
    "required": ["id", "kind", "issuer", "value", "reason", "who", "at", "not_before", "expires", "lifted"],
    "properties": {
        "id": {"type": "integer"},
        "kind": {"enum": list(KINDS)},
        "issuer": {"type": "string"},
        "value": {"type": "string"},
        "not_before": _TIME,
        "reason": {"type": "string"},
        "who": {"type": "string"},
        "at": _TIME,
        "expires": _TIME,
        "lifted": {"type": ["object", "null"]},
    },
}
_REVOCATION_PAGE: Final[Json] = {
    "type": "object",
    "required": ["revocations", "more"],
    "properties": {
        "revocations": {"type": "array", "items": _STORED_REVOCATION},
        "more": {"type": "boolean"},
    },
}
_EVENT_ERROR: Final[Json] = {
    "type": "object",
    "required": ["err", "description"],
    "properties": {"err": {"type": "string"}, "description": {"type": "string"}},
}
_HEALTH: Final[Json] = {
    "type": "object",
    "required": ["status"],
    "properties": {"status": {"enum": ["ok", "degraded", "refusing"]}, "faults": {"type": "array"}},
}
_ALIVE: Final[Json] = {
    "type": "object",
    "required": ["status"],
    "properties": {"status": {"const": "alive"}},
}

_REASON: Final = ApiHeader("X-Seawall-Code", "the stable code of the reason")
_CHALLENGE: Final = ApiHeader("WWW-Authenticate", "RFC 6750, 9449, 9470")
_IDENTITY: Final = tuple(ApiHeader(header.name, header.words) for header in IDENTITY_HEADERS)
_ADMINISTRATOR: Final = ({"administrator": ()},)
_ADMIN_REFUSALS: Final = (
    ApiResponse(400, "no such revocation, or not what a revocation looks like", _CODE),
    ApiResponse(401, "not the administrator's token", _CODE),
    ApiResponse(404, "not from this address", _CODE),
    ApiResponse(429, "too many wrong tokens from this address", _CODE),
    ApiResponse(503, "the store of revocations is broken", _CODE),
)
_BODY_REFUSALS: Final = (
    ApiResponse(408, "the body took too long"),
    ApiResponse(413, "the body is too long"),
    ApiResponse(415, "the body is of another type"),
)


def _header(name: str, description: str) -> ApiParameter:
    return ApiParameter(name=name, location="header", description=description)


def _query(name: str, schema: Json, *, is_required: bool = False) -> ApiParameter:
    return ApiParameter(name=name, location="query", schema=schema, is_required=is_required)


_FIELD: Final[Json] = {"type": "string", "maxLength": 4096}
_OBJECT: Final[Json] = {"type": "object"}
_METHOD: Final[Json] = _FIELD | {"default": "GET"}
_ORIGIN: Final = ApiParameter(name="Origin", location="header", is_required=True)
_DISABLED: Final = ApiResponse(404, "step-up is not enabled")
_STEP_UP_REFUSALS: Final = (
    ApiResponse(400, "the body lacks a field, or is no JSON object"),
    ApiResponse(401, "the request has no valid token"),
    ApiResponse(403, "not proved, not invited, or not from a page of the applications' origins"),
    _DISABLED,
    ApiResponse(408, "the body took too long"),
    ApiResponse(409, "nothing is registered for that"),
    ApiResponse(413, "the body is too long"),
    ApiResponse(415, "the body is not JSON"),
    ApiResponse(429, "too many attempts"),
    ApiResponse(503, "the gate cannot decide"),
)


def _step_up(name: str, summary: str, required: Json, optional: Json | None = None) -> ApiOperation:
    """Return the operation `POST /step-up/NAME` with the schema of its body."""
    schema = {"type": "object", "properties": required | (optional or {}), "required": list(required)}
    return ApiOperation(
        method="POST",
        path=f"/step-up/{name}",
        summary=summary,
        security=({"token": ()},),
        parameters=(_ORIGIN,),
        body=ApiBody(schema),
        responses=(ApiResponse(200, "done", _OBJECT), *_STEP_UP_REFUSALS),
    )


_STEP_UP_OPERATIONS: Final = (
    ApiOperation(
        method="GET",
        path="/step-up/",
        summary="The page on which people step up.",
        responses=(ApiResponse(200, "the page"), _DISABLED),
    ),
    _step_up("state", "What can this session do to step up?", {}),
    _step_up("passkey/ask", "Begin to step up with a passkey.", {"path": _FIELD}, {"method": _METHOD}),
    _step_up("passkey/answer", "Step up with a passkey.", {"ceremony": _FIELD, "credential": _OBJECT}),
    _step_up("code", "Step up with a one-time code.", {"code": _FIELD, "path": _FIELD}, {"method": _METHOD}),
    _step_up("register/passkey/ask", "Begin to register a passkey.", {"invitation": _FIELD}),
    _step_up(
        "register/passkey/answer",
        "Register a passkey.",
        {"invitation": _FIELD, "ceremony": _FIELD, "credential": _OBJECT},
        {"name": _FIELD},
    ),
    _step_up("register/code/ask", "Begin to register one-time codes.", {"invitation": _FIELD}),
    _step_up("register/code/answer", "Register one-time codes.", {"invitation": _FIELD, "code": _FIELD}),
)

OPERATIONS: Final = (
    ApiOperation(
        method="GET",
        path="/verify",
        summary="May this request go on?",
        description="Asked by a reverse proxy that is listed. Envoy appends the path of the request to `/verify`.",
        security=({"token": ()}, {}),
        parameters=(
            _header("X-Original-URI", "target of the request (nginx)"),
            _header("X-Original-Method", "its method (nginx)"),
            _header("X-Forwarded-Uri", "target of the request (Traefik, Caddy)"),
            _header("X-Forwarded-Method", "its method (Traefik, Caddy)"),
            _header("X-Forwarded-Proto", "http or https"),
            _header("X-Forwarded-Host", "the host that the client called"),
            _header("DPoP", "the proof of a sender-constrained token (RFC 9449)"),
        ),
        responses=(
            ApiResponse(204, "yes", headers=_IDENTITY),
            ApiResponse(200, "yes, to a question in the request line (Envoy)", headers=_IDENTITY),
            ApiResponse(401, "no: a valid or a better token is needed", _CODE, (_CHALLENGE, _REASON)),
            ApiResponse(403, "no: another token would not help", _CODE, (_REASON,)),
            ApiResponse(503, "no: the gate cannot decide", _CODE, (_REASON,)),
        ),
    ),
    ApiOperation(
        method="POST",
        path="/events",
        summary="Take a security event token (RFC 8417, RFC 8935).",
        body=ApiBody({"type": "string"}, "application/secevent+jwt"),
        responses=(
            ApiResponse(202, "taken"),
            ApiResponse(400, "refused (RFC 8935 section 2.3)", _EVENT_ERROR),
            ApiResponse(404, "no transmitter is listened to", _CODE),
            ApiResponse(503, "cannot be taken at present: send it again", _EVENT_ERROR),
            *_BODY_REFUSALS,
        ),
    ),
    ApiOperation(
        method="GET",
        path="/admin/revocations",
        summary="List revocations, oldest first, a thousand at a time.",
        security=_ADMINISTRATOR,
        parameters=(
            _query("all", {"enum": ["true", "false"]}),
            _query("after", {"type": "integer", "minimum": 0}),
        ),
        responses=(ApiResponse(200, "the revocations", _REVOCATION_PAGE), *_ADMIN_REFUSALS),
    ),
    ApiOperation(
        method="POST",
        path="/admin/revocations",
        summary="Revoke.",
        security=_ADMINISTRATOR,
        body=ApiBody(_REVOCATION),
        responses=(ApiResponse(201, "recorded", _STORED_REVOCATION), *_ADMIN_REFUSALS, *_BODY_REFUSALS),
    ),
    ApiOperation(
        method="DELETE",
        path="/admin/revocations/{id}",
        summary="Take a revocation back.",
        security=_ADMINISTRATOR,
        parameters=(
            ApiParameter(
                name="id", location="path", is_required=True, schema={"type": "integer", "minimum": 1}
            ),
            _query("reason", _TEXT, is_required=True),
            _query("who", _TEXT),
        ),
        responses=(ApiResponse(200, "taken back", _STORED_REVOCATION), *_ADMIN_REFUSALS),
    ),
    *_STEP_UP_OPERATIONS,
    *(
        ApiOperation(
            method="GET",
            path=path,
            summary="Can this worker decide?",
            responses=(ApiResponse(200, "yes", _HEALTH), ApiResponse(503, "no, and it refuses", _HEALTH)),
        )
        for path in ("/healthz", "/readyz")
    ),
    *(
        ApiOperation(
            method="GET",
            path=path,
            summary="Is this worker alive?",
            responses=(ApiResponse(200, "yes", _ALIVE),),
        )
        for path in ("/healthz/live", "/livez")
    ),
    ApiOperation(
        method="GET",
        path="/metrics",
        summary="Metrics of all workers in Prometheus' text format.",
        responses=(
            ApiResponse(200, "the metrics", {"type": "string"}, media="text/plain"),
            ApiResponse(404, "not from this address", _CODE),
        ),
    ),
)
"""Every operation of the gate."""

OPENAPI: Final[Json] = build_openapi(
    info={"title": "Seawall gate", "version": __version__, "license": {"name": "Apache-2.0"}},
    operations=OPERATIONS,
    security_schemes={
        "token": {"type": "http", "scheme": "bearer", "description": "the client's access token"},
        "administrator": {"type": "http", "scheme": "bearer", "description": "the administrator's token"},
    },
)
