"""The part of the OpenAPI document that describes `/step-up/`."""

from __future__ import annotations

from typing import Any, Final

Json = dict[str, Any]

_TEXT: Json = {"type": "string", "maxLength": 4096}
_OBJECT: Json = {"type": "object"}
_PLACE: Json = {"path": _TEXT, "method": _TEXT | {"default": "GET"}}

FIELDS: Final[dict[str, tuple[str, Json, tuple[str, ...]]]] = {
    "state": ("What can this session do to step up?", {}, ()),
    "passkey/ask": ("Begin to step up with a passkey.", _PLACE, ("path",)),
    "passkey/answer": (
        "Step up with a passkey.",
        {"ceremony": _TEXT, "credential": _OBJECT},
        ("ceremony", "credential"),
    ),
    "code": ("Step up with a one-time code.", {"code": _TEXT, **_PLACE}, ("code", "path")),
    "register/passkey/ask": ("Begin to register a passkey.", {"invitation": _TEXT}, ("invitation",)),
    "register/passkey/answer": (
        "Register a passkey.",
        {"invitation": _TEXT, "ceremony": _TEXT, "credential": _OBJECT, "name": _TEXT},
        ("invitation", "ceremony", "credential"),
    ),
    "register/code/ask": ("Begin to register one-time codes.", {"invitation": _TEXT}, ("invitation",)),
    "register/code/answer": (
        "Register one-time codes.",
        {"invitation": _TEXT, "code": _TEXT},
        ("invitation", "code"),
    ),
}
"""Every endpoint: what it does, the members of its body, those that must be there."""

_WORDS: Final = {
    "400": "the body lacks a field, or is no JSON object",
    "401": "the request has no valid token",
    "403": "not proved, not invited, or not from a page of the applications' origins",
    "404": "step-up is not enabled",
    "408": "the body took too long",
    "409": "nothing is registered for that",
    "413": "the body is too long",
    "415": "the body is not JSON",
    "429": "too many attempts",
    "503": "the gate cannot decide",
}


def step_up_paths() -> Json:
    """The paths of the document."""
    refusals = {status: {"description": words} for status, words in _WORDS.items()}
    paths: Json = {
        "/step-up/": {
            "get": {
                "summary": "The page on which people step up.",
                "responses": {"200": {"description": "the page"}, "404": refusals["404"]},
            }
        }
    }
    for name, (summary, members, needed) in FIELDS.items():
        schema = {"type": "object", "properties": members, "required": list(needed)}
        paths[f"/step-up/{name}"] = {
            "post": {
                "summary": summary,
                "security": [{"token": []}],
                "parameters": [
                    {"name": "Origin", "in": "header", "required": True, "schema": {"type": "string"}}
                ],
                "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}},
                "responses": {
                    "200": {"description": "done", "content": {"application/json": {"schema": _OBJECT}}},
                    **refusals,
                },
            }
        }
    return paths
