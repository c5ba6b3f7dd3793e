"""Save values as indicators of an intruder, list them, and search the scope from one or from all of them."""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta
from starlette.responses import Response

from seawall.console.api_error import invalid, not_found
from seawall.console.data.indicator_values import (
    Indicators,
    IndicatorValue,
    NewIndicator,
    find_indicator,
    indicator_value,
    is_owners_too,
)
from seawall.console.data.look_up_query import SubjectText
from seawall.console.data.queue_filter import Name
from seawall.console.data.reading_audit import audit_readings
from seawall.console.data.records import Moment
from seawall.console.data.scope import CSV, begin_search, search_value, send_file
from seawall.console.data.scope_child import MESSAGES, SCOPE
from seawall.console.data.scope_search import SearchStart, scope_searches, search_days
from seawall.console.data.scope_values import ScopeSearch
from seawall.console.data.search_syntax import parse_search_time
from seawall.console.endpoint import ApiCall, Endpoint
from seawall.response.look_up import LookUpSubject, parse_subject
from seawall.response.scope_values import IndicatorKind
from seawall.storage.database.indicators import SavedIndicator
from seawall_base.errors import UsageError

MOST_SEEDS: Final = 50
"""Values that one search starts from."""


class ScopeOf(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which search: from these values, in one organisation or in all."""

    subject: Annotated[list[SubjectText], Meta(min_length=1, max_length=MOST_SEEDS)]
    tenant: Name = ""


class NewScopeSearch(ScopeOf, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A search to start: the values are the intruder's from a day or time on, and were last seen before another."""

    start: Moment = msgspec.field(name="from")
    end: Moment | None = msgspec.field(name="to", default=None)


def list_indicators(call: ApiCall) -> Indicators:
    """List the saved indicators."""
    with call.context.database.reading() as work:
        return Indicators([indicator_value(one, parse_subject(one.subject)) for one in work.indicators.all()])


def save_indicator(call: ApiCall) -> IndicatorValue:
    """Save a value as an indicator, replacing an earlier saving of it. Raises `ApiError` (422)."""
    asked: NewIndicator = call.body
    subject, _ = _seed(asked.subject)
    since = parse_search_time(asked.start, "from")
    one = SavedIndicator(str(subject), asked.tenant, since, asked.note, call.who.name, call.now)
    with call.context.database.writing() as work:
        work.indicators.put(one)
        call.note(work, "indicator-saved", one.subject[:200], organisation=one.tenant)
    return indicator_value(one, subject)


def remove_indicator(call: ApiCall) -> None:
    """Delete a saved indicator. Raises `ApiError` (404)."""
    with call.context.database.writing() as work:
        one = work.indicators.get(call.path["id"])
        if one is None or not work.indicators.remove(one.key):
            raise not_found("such indicator")
        call.note(work, "indicator-removed", one.subject[:200], organisation=one.tenant)


def _seed(text: str) -> tuple[LookUpSubject, tuple[IndicatorKind, str]]:
    """Parse a value that may be an indicator. Raises `ApiError` (422)."""
    try:
        subject = parse_subject(text)
    except UsageError as error:
        raise invalid(error.message, field="subject", fix=error.fix) from None
    seed = find_indicator(subject)
    if seed is None:
        raise invalid(
            f"a {subject.kind} like this is no indicator of an intruder",
            field="subject",
            fix="give an address, a block, a network as AS64500, an application, a session, a token, a key, a device, "
            "a user agent, an account or a mailbox",
        )
    return subject, seed


def begin_scope_search(call: ApiCall) -> ScopeSearch:
    """Start a search from values, recorded in the audit trail. Raises `ApiError` (409, 422)."""
    asked: NewScopeSearch = call.body
    found = [_seed(text) for text in asked.subject]
    since = parse_search_time(asked.start, "from")
    until = call.now if asked.end is None else parse_search_time(asked.end, "to")
    if until < since:
        raise invalid("from does not lie before to", field="from")
    start = SearchStart(
        _key(asked),
        search_days(since, until),
        seeds=tuple(dict.fromkeys(seed for _, seed in found)),
        start=since if any(is_owners_too(subject) for subject, _ in found) else None,
        tenant=asked.tenant,
    )
    return begin_search(call, start)


def _key(asked: ScopeOf) -> str:
    """Return the key of a search, by which it is also in the audit trail."""
    subjects = sorted({str(_seed(text)[0]) for text in asked.subject})
    return " ".join([*subjects, *([f"in {asked.tenant}"] if asked.tenant else [])])


def show_scope_search(call: ApiCall) -> ScopeSearch:
    """Return the state of a search from values. The audit trail records whose records its result shows."""
    key = _key(call.query)
    search = scope_searches(call.context).of(key)
    if search is None:
        return ScopeSearch(state="none")
    answer = search_value(search)
    if answer.scope is not None:
        touched = {(one.tenant, one.name) for one in answer.scope.touched if one.kind == "account"}
        audit_readings(call, sorted(touched), scope=key[:200])
    return answer


def send_scope(call: ApiCall) -> Response:
    """Return the scope as `scope.json`."""
    return send_file(call, _key(call.query), SCOPE, "application/json")


def send_messages(call: ApiCall) -> Response:
    """Return the messages that were certainly read, as CSV without formulas."""
    return send_file(call, _key(call.query), MESSAGES, CSV)


_NONE_YET: Final = ((409, "conflict"),)
ENDPOINTS: Final = (
    Endpoint(
        method="GET",
        path="/api/indicators",
        handle=list_indicators,
        role="viewer",
        tenants="own",
        summary="The values that analysts saved as an intruder's",
        group="indicators",
        answer=Indicators,
    ),
    Endpoint(
        method="POST",
        path="/api/indicators",
        handle=save_indicator,
        role="analyst",
        tenants="own",
        summary="Save a value as an intruder's, from a time on",
        group="indicators",
        body=NewIndicator,
        answer=IndicatorValue,
    ),
    Endpoint(
        method="DELETE",
        path="/api/indicators/{id}",
        handle=remove_indicator,
        role="analyst",
        tenants="own",
        summary="Forget a saved indicator",
        group="indicators",
        codes=((404, "not-found"),),
    ),
    Endpoint(
        method="GET",
        path="/api/scope",
        handle=show_scope_search,
        role="analyst",
        tenants="own",
        summary="Who else the intruder touched, from values: where the search stands, and what it found",
        group="scope",
        query=ScopeOf,
        answer=ScopeSearch,
    ),
    Endpoint(
        method="POST",
        path="/api/scope",
        handle=begin_scope_search,
        role="analyst",
        tenants="own",
        summary="Search for who else the intruder touched, from values that are his; one search at a time",
        group="scope",
        body=NewScopeSearch,
        answer=ScopeSearch,
        codes=_NONE_YET,
    ),
    Endpoint(
        method="GET",
        path="/api/scope.json",
        handle=send_scope,
        role="analyst",
        tenants="own",
        summary="The scope from values as `scope.json`",
        group="scope",
        query=ScopeOf,
        answer=dict[str, Any],
        codes=_NONE_YET,
    ),
    Endpoint(
        method="GET",
        path="/api/messages.csv",
        handle=send_messages,
        role="analyst",
        tenants="own",
        summary="The messages of a scope from values that were certainly read, as CSV that holds no formulas",
        group="scope",
        query=ScopeOf,
        media="text/csv",
        codes=_NONE_YET,
    ),
)
