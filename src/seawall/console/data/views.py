"""Manage the visitor's saved searches."""

from __future__ import annotations

from typing import Final

from seawall.console.api_error import not_found
from seawall.console.data.running_values import NewView, Views, ViewValue
from seawall.console.endpoint import ApiCall, Endpoint


def list_views(call: ApiCall) -> Views:
    """List the visitor's saved searches, by name."""
    with call.context.database.reading() as work:
        return Views([ViewValue(view.name, view.query) for view in work.views.of(call.who.name)])


def save_view(call: ApiCall) -> ViewValue:
    """Save a search, replacing one of the same name."""
    asked: NewView = call.body
    with call.context.database.writing() as work:
        saved = work.views.put(call.who.name, call.path["name"], asked.query, at=call.now)
        call.note(work, "view-saved", saved.name)
    return ViewValue(saved.name, saved.query)


def remove_view(call: ApiCall) -> None:
    """Delete a saved search."""
    with call.context.database.writing() as work:
        if not work.views.remove(call.who.name, call.path["name"]):
            raise not_found("such view")
        call.note(work, "view-removed", call.path["name"][:200])


ENDPOINTS: Final = (
    Endpoint(
        method="GET",
        path="/api/views",
        handle=list_views,
        role="viewer",
        tenants="none",
        summary="The saved searches of whoever asks",
        group="views",
        answer=Views,
    ),
    Endpoint(
        method="PUT",
        path="/api/views/{name:path}",
        handle=save_view,
        role="analyst",
        tenants="none",
        summary="Save a search",
        group="views",
        body=NewView,
        answer=ViewValue,
    ),
    Endpoint(
        method="DELETE",
        path="/api/views/{name:path}",
        handle=remove_view,
        role="analyst",
        tenants="none",
        summary="Forget a saved search",
        group="views",
    ),
)
