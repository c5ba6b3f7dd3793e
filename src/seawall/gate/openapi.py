"""The OpenAPI document of the gate: what `/openapi.json` serves and what the tests hold it to."""

from __future__ import annotations

from typing import Any

from seawall.gate.identity import IDENTITY_HEADERS
from seawall.gate.openapi_step_up import step_up_paths
from seawall.version import __version__
from seawall_tokens.revocation.entry import KINDS, LONGEST_VALUE

Json = dict[str, Any]

_CODE: Json = {"type": "object", "required": ["code"], "properties": {"code": {"type": "string"}}}
_TIME: Json = {"type": ["string", "null"], "format": "date-time"}
_TEXT: Json = {"type": "string", "maxLength": LONGEST_VALUE}


def _says(
    words: str, schema: Json | None = None, headers: Json | None = None, kind: str = "application/json"
) -> Json:
    """One response."""
    found: Json = {"description": words}
    if schema is not None:
        found["content"] = {kind: {"schema": schema}}
    if headers:
        found["headers"] = headers
    return found


def _header(words: str) -> Json:
    return {"description": words, "schema": {"type": "string"}}


def _asked(name: str, words: str) -> Json:
    return {"name": name, "in": "header", "description": words, "schema": {"type": "string"}}


_REASON = {"X-Seawall-Code": _header("the stable code of the reason")}
_CHALLENGE = {"WWW-Authenticate": _header("RFC 6750, 9449, 9470"), **_REASON}
_ADMIN_ANSWERS: Json = {
    "400": _says("no such revocation, or not what a revocation looks like", _CODE),
    "401": _says("not the administrator's token", _CODE),
    "404": _says("not from this address", _CODE),
    "429": _says("too many wrong tokens from this address", _CODE),
    "503": _says("the store of revocations is broken", _CODE),
}
_REVOCATION: Json = {
    "type": "object",
    "required": ["kind", "reason"],
    "additionalProperties": False,
    "properties": {
        "kind": {"enum": list(KINDS)},
        "issuer": _TEXT | {"default": "*"},
        "value": _TEXT | {"default": ""},
        "not_before": {"type": ["string", "number", "null"], "description": "RFC 3339 or seconds since 1970"},
        "expires": {"type": ["string", "number", "null"], "description": "RFC 3339 or seconds since 1970"},
        "reason": _TEXT,
        "who": _TEXT | {"default": "administrator"},
    },
}
_RECORDED: Json = {
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
_EVENT_ERROR: Json = {
    "type": "object",
    "required": ["err", "description"],
    "properties": {"err": {"type": "string"}, "description": {"type": "string"}},
}
_BODY_ANSWERS: Json = {
    "408": _says("the body took too long"),
    "413": _says("the body is too long"),
    "415": _says("the body is of another type"),
}

_VERIFY: Json = {
    "summary": "May this request go on?",
    "description": "Asked by a reverse proxy that is listed. Envoy appends the path of the request to `/verify`.",
    "security": [{"token": []}, {}],
    "parameters": [
        _asked("X-Original-URI", "target of the request (nginx)"),
        _asked("X-Original-Method", "its method (nginx)"),
        _asked("X-Forwarded-Uri", "target of the request (Traefik, Caddy)"),
        _asked("X-Forwarded-Method", "its method (Traefik, Caddy)"),
        _asked("X-Forwarded-Proto", "http or https"),
        _asked("X-Forwarded-Host", "the host that the client called"),
        _asked("DPoP", "the proof of a sender-constrained token (RFC 9449)"),
    ],
    "responses": {
        "204": _says("yes", headers={header.name: _header(header.words) for header in IDENTITY_HEADERS}),
        "200": _says(
            "yes, to a question in the request line (Envoy)",
            headers={header.name: _header(header.words) for header in IDENTITY_HEADERS},
        ),
        "401": _says("no: a valid or a better token is needed", _CODE, _CHALLENGE),
        "403": _says("no: another token would not help", _CODE, _REASON),
        "503": _says("no: the gate cannot decide", _CODE, _REASON),
    },
}
_HEALTH: Json = {
    "type": "object",
    "required": ["status"],
    "properties": {"status": {"enum": ["ok", "degraded", "refusing"]}, "faults": {"type": "array"}},
}

_ALIVE: Json = {"type": "object", "required": ["status"], "properties": {"status": {"const": "alive"}}}

OPENAPI: Json = {
    "openapi": "3.1.0",
    "info": {"title": "Seawall gate", "version": __version__, "license": {"name": "Apache-2.0"}},
    "components": {
        "securitySchemes": {
            "token": {"type": "http", "scheme": "bearer", "description": "the client's access token"},
            "administrator": {"type": "http", "scheme": "bearer", "description": "the administrator's token"},
        }
    },
    "paths": {
        "/verify": {"get": _VERIFY},
        "/events": {
            "post": {
                "summary": "Take a security event token (RFC 8417, RFC 8935).",
                "requestBody": {
                    "required": True,
                    "content": {"application/secevent+jwt": {"schema": {"type": "string"}}},
                },
                "responses": {
                    "202": _says("taken"),
                    "400": _says("refused (RFC 8935 section 2.3)", _EVENT_ERROR),
                    "404": _says("no transmitter is listened to", _CODE),
                    "503": _says("cannot be taken at present: send it again", _EVENT_ERROR),
                    **_BODY_ANSWERS,
                },
            }
        },
        "/admin/revocations": {
            "get": {
                "summary": "List revocations, oldest first, a thousand at a time.",
                "security": [{"administrator": []}],
                "parameters": [
                    {"name": "all", "in": "query", "schema": {"enum": ["true", "false"]}},
                    {"name": "after", "in": "query", "schema": {"type": "integer", "minimum": 0}},
                ],
                "responses": {
                    "200": _says(
                        "the revocations",
                        {
                            "type": "object",
                            "required": ["revocations", "more"],
                            "properties": {
                                "revocations": {"type": "array", "items": _RECORDED},
                                "more": {"type": "boolean"},
                            },
                        },
                    ),
                    **_ADMIN_ANSWERS,
                },
            },
            "post": {
                "summary": "Revoke.",
                "security": [{"administrator": []}],
                "requestBody": {"required": True, "content": {"application/json": {"schema": _REVOCATION}}},
                "responses": {"201": _says("recorded", _RECORDED), **_ADMIN_ANSWERS, **_BODY_ANSWERS},
            },
        },
        "/admin/revocations/{id}": {
            "delete": {
                "summary": "Take a revocation back.",
                "security": [{"administrator": []}],
                "parameters": [
                    {"name": "id", "in": "path", "required": True, "schema": {"type": "integer", "minimum": 1}},
                    {"name": "reason", "in": "query", "required": True, "schema": _TEXT},
                    {"name": "who", "in": "query", "schema": _TEXT},
                ],
                "responses": {"200": _says("taken back", _RECORDED), **_ADMIN_ANSWERS},
            }
        },
        **step_up_paths(),
        "/healthz": {
            "get": {
                "summary": "Can this worker decide?",
                "responses": {"200": _says("yes", _HEALTH), "503": _says("no, and it refuses", _HEALTH)},
            }
        },
        "/healthz/live": {
            "get": {"summary": "Is this worker alive?", "responses": {"200": _says("yes", _ALIVE)}},
        },
        "/metrics": {
            "get": {
                "summary": "Metrics of all workers in Prometheus' text format.",
                "responses": {
                    "200": _says("the metrics", {"type": "string"}, kind="text/plain"),
                    "404": _says("not from this address", _CODE),
                },
            }
        },
    },
}  # fmt: skip
