"""List accounts; show one account's behaviour and its events over time."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from itertools import islice
from operator import itemgetter
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from seawall.console.api_error import not_found
from seawall.console.data.incident_values import Page
from seawall.console.data.lake_pages import attacker_record_ids, cache_by_state, parse_span, require_lake
from seawall.console.data.presentation import listed_row, time_text
from seawall.console.data.queue_filter import Cursor, Limit, Name
from seawall.console.data.record_rows import network_name
from seawall.console.data.record_values import (
    AccountRow,
    AccountTimeline,
    AccountValue,
    Lane,
    Mark,
    NetworkUse,
    ValueUse,
)
from seawall.console.data.records import Moment
from seawall.console.data.slow_values import SlowValueCache, slow_value_cache
from seawall.console.data.summary import count_accounts
from seawall.console.endpoint import ApiCall, Endpoint
from seawall.events.applications import find_application_name
from seawall.storage.database import QueueEntry, QueueQuery
from seawall.storage.lake import Lake, LakeAccount, UsedValue
from seawall.storage.lake.appending import UNKNOWN
from seawall_base.json_text import clamp_to_finite

PROFILE_DAYS: Final = 400
MOST_USED: Final = 50
MOST_LANES: Final = 40
MOST_INCIDENTS: Final = 100
MOST_RANKED: Final = 1_000_000
"""Accounts of an organisation that are sorted."""

NO_INCIDENT: Final = 1e18
Place = tuple[float, str, str, str]
"""Sort key of an account: the value it is ordered by, its organisation, its name, and the lake tenant of its events."""

Worst = Mapping[tuple[str, str], tuple[int, float]]
"""(number of incidents, worst score) of each account."""

Placed = tuple[list[tuple[Place, tuple[str, LakeAccount, str]]], Worst]
"""The sorted accounts, with their incidents."""

_DAY: Final = 86_400_000_000


class AccountsQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Filter and order of accounts; `text` must occur in the name.

    Orders: by name, by the last event (`-last`, latest first), or by the worst incident (`worst`, then by name). The
    default is the worst first, or by name in a text search.
    """

    q: Annotated[str, Meta(max_length=200)] = ""
    tenant: Name | None = None
    sort: Literal["worst", "name", "-last"] | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


class AccountQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The account to show."""

    tenant: Name
    account: Name


class TimelineQuery(AccountQuery, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An account's timeline from one day or time to before another, in slots; without limits all stored events."""

    start: Moment | None = msgspec.field(name="from", default=None)
    end: Moment | None = msgspec.field(name="to", default=None)
    slots: Annotated[int, Meta(ge=1, le=500)] = 200


def list_accounts(call: ApiCall) -> Page[AccountRow]:
    """List accounts: worst first, by organisation and name, or latest first."""
    asked: AccountsQuery = call.query
    lake = require_lake(call.context)
    order = asked.sort or ("name" if asked.q.strip() else "worst")
    if order != "name":
        return _page_by_rank(call, lake, asked, order)
    purpose = f"accounts\n{asked.tenant}\n{asked.q}"
    after = None
    if asked.cursor is not None:
        after = call.context.cursors.read(purpose, asked.cursor, tuple[str, str])
    tenants = _tenants(call, lake) if asked.tenant is None else [asked.tenant]
    found = list(islice(_list(lake, tenants, asked, after), asked.limit + 1))
    cursor = None
    if len(found) > asked.limit:
        where, last = found[asked.limit - 1]
        cursor = call.context.cursors.write(purpose, (where, last.account))
    shown = [(_name_tenant(where, one.account), one) for where, one in found[: asked.limit]]
    with call.context.database.reading() as work:
        worst = work.incidents.worst([(tenant, one.account) for tenant, one in shown])
    return Page([_row(tenant, one, worst) for tenant, one in shown], cursor)


def _page_by_rank(
    call: ApiCall, lake: Lake, asked: AccountsQuery, order: Literal["worst", "-last"]
) -> Page[AccountRow]:
    """Return a page in an order that needs all accounts, from data up to a minute old."""
    purpose = f"accounts\n{asked.tenant}\n{asked.q}\n{order}"
    text = asked.q.strip()
    if text:  # text searches are too varied to cache
        places, worst = _sort_accounts(call, lake, asked.tenant, text, order)
    else:
        kept: SlowValueCache[Placed] = slow_value_cache(call.context, "accounts")
        places, worst = kept.get(
            (asked.tenant, order), call.now, lambda: _sort_accounts(call, lake, asked.tenant, "", order)
        )
    if asked.cursor is not None:
        after = call.context.cursors.read(purpose, asked.cursor, tuple[float, str, str, str])
        places = places[bisect_right(places, after, key=itemgetter(0)) :]
    cursor = None
    if len(places) > asked.limit:
        cursor = call.context.cursors.write(purpose, places[asked.limit - 1][0])
    return Page([_row(shown, one, worst) for _, (shown, one, _) in places[: asked.limit]], cursor)


def _sort_accounts(
    call: ApiCall, lake: Lake, tenant: str | None, text: str, order: Literal["worst", "-last"]
) -> Placed:
    """Return all accounts in order, and each one's incidents."""
    tenants = _tenants(call, lake) if tenant is None else [tenant]
    every = [
        (_name_tenant(where, one.account), one, where)
        for where in tenants
        for one in lake.accounts(where, text=text, limit=MOST_RANKED)
    ]
    with call.context.database.reading() as work:
        worst = work.incidents.worst_of_all()

    def place(item: tuple[str, LakeAccount, str]) -> Place:
        shown, one, tenant = item
        found = worst.get((shown, one.account))
        # accounts without an incident come last, whatever the scores
        first = float(-one.last) if order == "-last" else -found[1] if found is not None else NO_INCIDENT
        return first, shown, one.account, tenant

    return sorted(((place(item), item) for item in every), key=itemgetter(0)), worst


def _row(tenant: str, one: LakeAccount, worst: Worst) -> AccountRow:
    count, score = worst.get((tenant, one.account), (0, None))
    return AccountRow(
        tenant=tenant,
        account=one.account,
        name=find_application_name(one.account) or "",
        type=one.type,
        events=one.events,
        first=time_text(one.first),
        last=time_text(one.last),
        incidents=count,
        worst=None if score is None else clamp_to_finite(score),
    )


def _tenants(call: ApiCall, lake: Lake) -> list[str]:
    with call.context.database.reading() as work:
        known, last = count_accounts(work)
    # Scored days give the tenants at no cost; unscored events need the lake itself.
    return sorted({*known, UNKNOWN} if known and last is not None else lake.tenants())


def _list(
    lake: Lake, tenants: list[str], asked: AccountsQuery, after: tuple[str, str] | None
) -> Iterator[tuple[str, LakeAccount]]:
    for tenant in tenants:
        if after is not None and tenant < after[0]:
            continue
        behind = after[1] if after is not None and tenant == after[0] else None
        for one in lake.accounts(tenant, text=asked.q.strip(), after=behind, limit=asked.limit + 1):
            yield tenant, one


def _name_tenant(tenant: str, account: str) -> str:
    """Return the tenant for display: events without an organisation belong to that of the account's mail domain."""
    return (account.partition("@")[2] or tenant) if tenant == UNKNOWN else tenant


def _find(lake: Lake, asked: AccountQuery) -> tuple[str, LakeAccount | None]:
    """Return the lake tenant of an account's events, and the account."""
    one = lake.account(asked.tenant, asked.account)
    if one is None and asked.tenant != UNKNOWN:
        one = lake.account(UNKNOWN, asked.account)
        return (UNKNOWN, one) if one is not None else (asked.tenant, None)
    return asked.tenant, one


def show_account(call: ApiCall) -> AccountValue:
    """Return an account's behaviour profile and incidents."""
    asked: AccountQuery = call.query
    lake = require_lake(call.context)
    where, one = _find(lake, asked)
    incidents = _incidents(call, asked)
    if one is None and not incidents:
        raise not_found("such account")
    end = 1 if one is None else one.last + 1
    start = 0 if one is None else max(one.first, end - PROFILE_DAYS * _DAY)
    # A hundred thousand events take a while, so compute once for each state of the account's events.
    profile = cache_by_state(
        call.context,
        "profiles",
        (where, asked.account),
        one,
        lambda: lake.profile(where, asked.account, start, end, most=MOST_USED),
    )
    return AccountValue(
        tenant=asked.tenant,
        account=asked.account,
        name=find_application_name(asked.account) or "",
        type=None if one is None else one.type,
        first=time_text(min(row.first_event for row in incidents) if one is None else one.first),
        last=time_text(max(row.last_event for row in incidents) if one is None else one.last),
        events=0 if one is None else one.events,
        active_days=profile.active_days,
        networks=[_network(used) for used in profile.networks],
        clients=[_value(used) for used in profile.clients],
        apps=[_value(used) for used in profile.apps],
        countries=[_value(used) for used in profile.countries],
        incidents=[listed_row(row) for row in incidents],
    )


def _incidents(call: ApiCall, asked: AccountQuery) -> list[QueueEntry]:
    choice = QueueQuery(tenant=asked.tenant, account=asked.account)
    with call.context.database.reading() as work:
        return work.incidents.rows(choice, order="time", limit=MOST_INCIDENTS)


def _network(used: UsedValue) -> NetworkUse:
    number, name, country, kind = used.value
    return NetworkUse(
        value=network_name(number, name, None) or "no network recorded",
        country=_text(country),
        network_class=_text(kind),
        days=used.days,
        events=used.events,
        first=time_text(used.first),
        last=time_text(used.last),
    )


def _value(used: UsedValue) -> ValueUse:
    value, name = used.value[0], used.value[1] if len(used.value) > 1 else None
    return ValueUse(
        value=_text(value) or _text(name) or "",
        name=_text(name),
        days=used.days,
        events=used.events,
        first=time_text(used.first),
        last=time_text(used.last),
    )


def _text(value: str | int | None) -> str | None:
    return None if value is None else str(value)


def show_timeline(call: ApiCall) -> AccountTimeline:
    """Return an account's events over time, by network. Lanes with the intruder's events are never left out."""
    asked: TimelineQuery = call.query
    lake = require_lake(call.context)
    parse_span(asked.start, asked.end)
    where, one = _find(lake, asked)
    incidents = _incidents(call, asked)
    if one is None and not incidents:
        raise not_found("such account")
    first = one.first if one is not None else min(row.first_event for row in incidents)
    last = one.last if one is not None else max(row.last_event for row in incidents)
    start, end = parse_span(asked.start or time_text(first), asked.end or time_text(max(last, first) + 1))
    with call.context.database.reading() as work:
        intruders = attacker_record_ids(call, work, asked.tenant, asked.account)
    told = cache_by_state(
        call.context,
        "timelines",
        (where, asked.account, start, end, asked.slots),
        (one, intruders),
        lambda: lake.timeline(
            where, asked.account, start, end, slots=asked.slots, most_lanes=MOST_LANES, marked=intruders
        ),
    )
    lanes = []
    for lane in told.lanes:
        number, name, country, kind = lane.network
        points = zip(lane.slots.tolist(), lane.events.tolist(), lane.marked.tolist(), strict=True)
        lanes.append(
            Lane(
                network=network_name(number, name, None),
                country=country,
                network_class=kind,
                points=list(points),
            )
        )
    return AccountTimeline(
        start=time_text(start),
        end=time_text(end),
        slot_seconds=told.slot / 1_000_000,
        lanes=lanes,
        marks=_marks(incidents, start, end),
    )


def _marks(incidents: list[QueueEntry], start: int, end: int) -> list[Mark]:
    found = []
    for row in incidents:
        moments = [(row.first_event, f"{row.title}: begins")]
        if row.detected_at is not None:
            moments.append((row.detected_at, f"{row.title}: detected"))
        found += [Mark(time_text(time), row.id, text) for time, text in moments if start <= time < end]
    return sorted(found, key=lambda mark: mark.time)


ENDPOINTS: Final = (
    Endpoint(
        method="GET",
        path="/api/accounts",
        handle=list_accounts,
        role="viewer",
        tenants="own",
        summary="Accounts: the worst first, by organisation and name, or the last active first",
        group="accounts",
        query=AccountsQuery,
        answer=Page[AccountRow],
    ),
    Endpoint(
        method="GET",
        path="/api/account",
        handle=show_account,
        role="viewer",
        tenants="own",
        summary="What is known of an account",
        group="accounts",
        query=AccountQuery,
        answer=AccountValue,
        codes=((404, "not-found"),),
    ),
    Endpoint(
        method="GET",
        path="/api/account/timeline",
        handle=show_timeline,
        role="viewer",
        tenants="own",
        summary="An account's events over time, by network",
        group="accounts",
        query=TimelineQuery,
        answer=AccountTimeline,
        codes=((404, "not-found"),),
    ),
)
