"""The operations of the OpenAPI document below `/step-up/`."""

from __future__ import annotations

from typing import Final

from seawall.web.openapi import ApiBody, ApiOperation, ApiParameter, ApiResponse, Json

_TEXT: Final[Json] = {"type": "string", "maxLength": 4096}
_OBJECT: Final[Json] = {"type": "object"}
_METHOD: Final[Json] = _TEXT | {"default": "GET"}
_ORIGIN: Final = ApiParameter(name="Origin", location="header", is_required=True)
_DISABLED: Final = ApiResponse(404, "step-up is not enabled")
_REFUSALS: Final = (
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


def _operation(name: str, summary: str, required: Json, optional: Json | None = None) -> ApiOperation:
    """Return the operation `/step-up/NAME`, with the members of its body."""
    schema = {"type": "object", "properties": required | (optional or {}), "required": list(required)}
    return ApiOperation(
        method="POST",
        path=f"/step-up/{name}",
        summary=summary,
        security=({"token": ()},),
        parameters=(_ORIGIN,),
        body=ApiBody(schema),
        responses=(ApiResponse(200, "done", _OBJECT), *_REFUSALS),
    )


STEP_UP_OPERATIONS: Final = (
    ApiOperation(
        method="GET",
        path="/step-up/",
        summary="The page on which people step up.",
        responses=(ApiResponse(200, "the page"), _DISABLED),
    ),
    _operation("state", "What can this session do to step up?", {}),
    _operation("passkey/ask", "Begin to step up with a passkey.", {"path": _TEXT}, {"method": _METHOD}),
    _operation("passkey/answer", "Step up with a passkey.", {"ceremony": _TEXT, "credential": _OBJECT}),
    _operation("code", "Step up with a one-time code.", {"code": _TEXT, "path": _TEXT}, {"method": _METHOD}),
    _operation("register/passkey/ask", "Begin to register a passkey.", {"invitation": _TEXT}),
    _operation(
        "register/passkey/answer",
        "Register a passkey.",
        {"invitation": _TEXT, "ceremony": _TEXT, "credential": _OBJECT},
        {"name": _TEXT},
    ),
    _operation("register/code/ask", "Begin to register one-time codes.", {"invitation": _TEXT}),
    _operation("register/code/answer", "Register one-time codes.", {"invitation": _TEXT, "code": _TEXT}),
)
