"""Search the scope of an incident: accounts and mailboxes touched, possibly touched, and proved not touched.

An analyst starts a search, which takes seconds to minutes in another process; clients poll until it is done.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

from starlette.responses import FileResponse, Response

from seawall.console.api_error import conflict
from seawall.console.data.incidents import get_incident
from seawall.console.data.lake_pages import require_lake
from seawall.console.data.presentation import time_text
from seawall.console.data.reading_audit import audit_reading
from seawall.console.data.scope_child import MESSAGES, SCOPE
from seawall.console.data.scope_search import (
    RunningSearch,
    SearchStart,
    scope_searches,
    start_from_incident,
)
from seawall.console.data.scope_values import ScopeSearch
from seawall.console.endpoint import ApiCall, Endpoint
from seawall.console.tenant_access import get_tenant_access
from seawall.detection.incident import Incident
from seawall.response.scope.stored import Lost, find_unread
from seawall.storage.lake.layout import start_of

CSV: Final = "text/csv; charset=utf-8"
_SOME_FILE: Final = "a file"


def begin_scope(call: ApiCall) -> ScopeSearch:
    """Start a search, recorded in the audit trail."""
    return begin_search(call, start_from_incident(_incident(call)))


def begin_search(call: ApiCall, start: SearchStart) -> ScopeSearch:
    """Start a search, recorded in the audit trail under its key."""
    lake, searches = require_lake(call.context), scope_searches(call.context)
    lost = _find_lost(call, start_of(start.days[0]))
    search = searches.begin(lake, lost, start, call.who.name, call.now)
    try:
        with call.context.database.writing() as work:
            call.note(work, "scope-searched", start.key)
    except BaseException:
        searches.stop(search)  # an unrecorded search must not run
        raise
    return search_value(search)


def _find_lost(call: ApiCall, since: int) -> Iterator[Lost]:
    """Return the records that could not be read.

    Nobody knows whose they are. So one who sees some organisations learns that there are any, which keeps accounts from being
    cleared, but neither how many nor of which file.
    """
    whole = get_tenant_access(call.context).whole
    found = find_unread(whole.database, since)
    if call.context.organisations is None:
        return found
    return ((_SOME_FILE, 0, code) for _, _, code in islice(found, 1))


def show_scope(call: ApiCall) -> ScopeSearch:
    """Return the state of an incident's search. The audit trail records the reading of the account's records."""
    incident = _incident(call)
    search = scope_searches(call.context).of(incident.id)
    if search is None:
        return ScopeSearch(state="none")
    answer = search_value(search)
    if answer.scope is not None:
        audit_reading(call, incident.tenant, incident.account, scope=incident.id)
    return answer


def download_scope(call: ApiCall) -> Response:
    """Return the scope as `scope.json`."""
    return _file(call, SCOPE, "application/json")


def download_messages(call: ApiCall) -> Response:
    """Return the messages that were certainly read, as CSV without formulas."""
    return _file(call, MESSAGES, CSV)


def _incident(call: ApiCall) -> Incident:
    with call.context.database.reading() as work:
        return get_incident(work, call.path["id"])[0]


def search_value(search: RunningSearch) -> ScopeSearch:
    """Return where a search stands, and what it found."""
    return ScopeSearch(
        state=search.state,
        by=search.by,
        begun_at=time_text(search.at),
        why=search.why,
        scope=search.value() if search.state == "done" else None,
    )


def _file(call: ApiCall, name: str, media: str) -> Response:
    return send_file(call, _incident(call).id, name, media)


def send_file(call: ApiCall, key: str, name: str, media: str) -> Response:
    """Return a file of a search that is done, and record it in the audit trail. Raises `ApiError` (409)."""
    search = scope_searches(call.context).of(key)
    if search is None or search.state != "done":
        raise conflict("nobody has searched for this scope yet", fix="start the search first")
    with call.context.database.writing() as work:
        call.note(work, "scope-exported", key, file=name)
    return FileResponse(search.file(name), media_type=media, filename=name)


_NONE_YET: Final = ((409, "conflict"),)
ENDPOINTS: Final = (
    Endpoint(
        method="GET",
        path="/api/incidents/{id}/scope",
        handle=show_scope,
        role="analyst",
        tenants="own",
        summary="Who else the intruder touched: where the search stands, and what it found",
        group="scope",
        answer=ScopeSearch,
    ),
    Endpoint(
        method="POST",
        path="/api/incidents/{id}/scope",
        handle=begin_scope,
        role="analyst",
        tenants="own",
        summary="Search for who else the intruder touched, from the incident's records; one search at a time",
        group="scope",
        answer=ScopeSearch,
        codes=_NONE_YET,
    ),
    Endpoint(
        method="GET",
        path="/api/incidents/{id}/scope.json",
        handle=download_scope,
        role="analyst",
        tenants="own",
        summary="The scope of an incident as `scope.json`",
        group="scope",
        answer=dict[str, Any],
        codes=_NONE_YET,
    ),
    Endpoint(
        method="GET",
        path="/api/incidents/{id}/messages.csv",
        handle=download_messages,
        role="analyst",
        tenants="own",
        summary="The messages of a scope that were certainly read, as CSV that holds no formulas",
        group="scope",
        media="text/csv",
        codes=_NONE_YET,
    ),
)
