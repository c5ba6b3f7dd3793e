"""List every route of the API in one table, for the server and the OpenAPI document."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Final

from seawall.console.endpoint import Endpoint

MODULES: Final = (
    "session",
    "data.summary",
    "data.incidents",
    "data.containment",
    "data.scope",
    "data.records",
    "data.raw_records",
    "data.accounts",
    "data.related",
    "data.attack",
    "data.campaigns",
    "data.look_up",
    "data.tables",
    "data.search",
    "data.indicators",
    "data.received",
    "data.answers",
    "data.handling",
    "data.handling_files",
    "data.similar",
    "data.detector",
    "data.views",
    "data.health",
    "ingest",
    "drops.endpoints",
    "openapi",
    "sign_in.by_password",
    "sign_in.by_passkey",
    "sign_in.by_oidc",
    "sign_in.setup",
    "sign_out",
    "me",
    "users",
    "ingest_tokens",
    "channels",
    "audit",
    "privacy.routes",
    "stream",
)
"""The modules of this package that declare routes, each in `ENDPOINTS`."""


@cache
def all_endpoints() -> tuple[Endpoint, ...]:
    """Return all routes. Raises if two have one method and path."""
    found: list[Endpoint] = []
    for name in MODULES:
        found += import_module(f"seawall.console.{name}").ENDPOINTS
    places = [(one.method, one.path) for one in found]
    if len(set(places)) != len(places):
        raise ValueError("two routes for one place")
    return tuple(found)
