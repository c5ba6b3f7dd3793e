"""Find links between incidents: values that hardly anybody shows, and accounts that detection has linked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from seawall.console.data.incident_values import RelatedValue, Shared, SharedAccount, SharedKey
from seawall.console.data.incidents import get_incident
from seawall.console.data.lake_pages import cache_by_state
from seawall.console.data.presentation import listed_row, time_text
from seawall.console.endpoint import ApiCall, Endpoint
from seawall.detection.incident import Incident
from seawall.storage.database import QueueEntry, QueueQuery, SearchTerm, Transaction
from seawall.storage.database.incident_queue import Field
from seawall.storage.lake import Lake
from seawall.storage.lake.shared_values import list_accounts_sharing
from seawall_base.json_text import clamp_to_finite

KEYS: Final[tuple[SharedKey, ...]] = ("network", "prefix", "app", "client")
SEARCHED: Final[dict[SharedKey, Field]] = {
    "network": "network",
    "prefix": "network",
    "app": "app",
    "client": "client",
}
"""The queue's search field for each kind of value."""

AROUND_DAYS: Final = 8
"""Days of events to search for accounts that show the same value."""

MOST_VALUES: Final = 4
MOST_SHARING: Final = 50
MOST_LISTED: Final = 50
_EACH: Final = 3
_COMMON: Final = 0.02
"""Values that more than this share of the peers show link nothing."""

_LEAST_PEERS: Final = 3
_DAY: Final = 86_400_000_000
_APPLICATION: Final = re.compile(r".*\(([^()]+)\)", re.DOTALL)
"""An application as detection names it: `Outlook (00000002-0000-0ff1-ce00-000000000000)`."""

_NUMBER: Final = re.compile(r"AS([0-9]{1,10})(?: |$)")


def show_related(call: ApiCall) -> RelatedValue:
    """Return the incidents and accounts linked to an incident."""
    with call.context.database.reading() as work:
        incident, _ = get_incident(work, call.path["id"])
        revision = work.incidents.revision()
        lake = call.context.lake
        return cache_by_state(
            call.context, "related", incident.id, revision, lambda: _find_related(work, lake, incident)
        )


def _find_related(work: Transaction, lake: Lake | None, incident: Incident) -> RelatedValue:
    shared: list[Shared] = []
    sharing: list[QueueEntry] = []
    for key, value in _find_rare_values(incident):
        others = list(_find_incidents(work, incident, key, value))
        accounts = [_account(other) for other in others]
        known = {(one.tenant, one.account) for one in accounts} | {(incident.tenant, incident.account)}
        if lake is not None:
            accounts += [
                one
                for one in _find_unsuspected(lake, incident, key, value)
                if (one.tenant, one.account) not in known
            ]
        if accounts:
            shared.append(Shared(key, value, accounts))
            sharing += others
    rows = {
        row.id: row for row in [*_find_linked_incidents(work, incident), *sharing] if row.id != incident.id
    }
    listed = sorted(rows.values(), key=lambda row: -row.score)[:MOST_LISTED]
    start, end = _search_span(incident)
    return RelatedValue(
        shared,
        incident.family,
        [listed_row(row) for row in listed],
        time_text(start),
        time_text(end),
        is_cut=end <= incident.last_event,
    )


def _find_rare_values(incident: Incident) -> list[tuple[SharedKey, str]]:
    """Return an incident's values that are new to its account and rare among others."""
    values = [
        (row.aspect, row.now)
        for row in incident.usual
        if row.aspect in KEYS
        and row.is_unusual
        and row.now.strip()
        and row.peers_with <= max(_COMMON * row.peers, _LEAST_PEERS)
    ]
    return sorted(dict.fromkeys(values), key=lambda value: KEYS.index(value[0]))[:MOST_VALUES]


def _find_incidents(
    work: Transaction, incident: Incident, key: SharedKey, value: str
) -> Iterator[QueueEntry]:
    """Yield incidents of other accounts that show a value, worst first."""
    choice = QueueQuery(terms=(SearchTerm(value, SEARCHED[key]),))
    for other in work.incidents.rows(choice, limit=MOST_SHARING):
        if (other.tenant, other.account) != (incident.tenant, incident.account) and _has_value(
            other, key, value
        ):
            yield other


def _has_value(other: QueueEntry, key: SharedKey, value: str) -> bool:
    """Return whether an incident shows exactly this value; the search also finds values that contain it."""
    values = {reason.value for reason in other.reasons if reason.aspect == key and reason.value}
    return not values or value in values


def _account(other: QueueEntry) -> SharedAccount:
    return SharedAccount(
        other.tenant,
        other.account,
        other.id,
        clamp_to_finite(other.score),
        time_text(other.first_event),
        time_text(other.last_event),
        max(other.records, 0),
    )


def _find_unsuspected(lake: Lake, incident: Incident, key: SharedKey, value: str) -> Iterator[SharedAccount]:
    """Yield accounts of the organisation that show a value around the same time, with or without an incident."""
    column, shown = _column(key, value)
    start, end = _search_span(incident)
    for one in list_accounts_sharing(lake, incident.tenant, start, end, column, shown, most=MOST_SHARING):
        yield SharedAccount(
            incident.tenant,
            one.account,
            None,
            None,
            time_text(one.first),
            time_text(one.last),
            one.events,
        )


def _search_span(incident: Incident) -> tuple[int, int]:
    """Return the span to search: from a day before the incident to a day after, at most `AROUND_DAYS`."""
    start = max(incident.first_event - _DAY, 0)
    return start, min(incident.last_event + _DAY, start + AROUND_DAYS * _DAY)


def _column(key: SharedKey, value: str) -> tuple[str, str | int]:
    """Return the event column and its content for a value as detection names it."""
    number = _NUMBER.match(value) if key == "network" else None
    if number is not None:
        return "src_asn", int(number[1])
    application = _APPLICATION.fullmatch(value) if key == "app" else None
    if application is not None:
        return "app_uid", application[1]
    columns = {"network": "src_prefix", "prefix": "src_prefix", "client": "client", "app": "app_uid"}
    return columns[key], value


def _find_linked_incidents(work: Transaction, incident: Incident) -> Iterator[QueueEntry]:
    """Yield incidents of the accounts that detection has linked to this one."""
    for account in incident.related:
        yield from work.incidents.rows(QueueQuery(tenant=incident.tenant, account=account), limit=_EACH)


ENDPOINTS: Final = (
    Endpoint(
        method="GET",
        path="/api/incidents/{id}/related",
        handle=show_related,
        role="viewer",
        tenants="own",
        summary="What ties an incident to others: rare values that they share, and accounts that go together",
        group="incidents",
        answer=RelatedValue,
    ),
)
