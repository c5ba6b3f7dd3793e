"""What ties an incident to others: values that hardly anybody shows, and accounts that detection has tied to it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from seawall.schema.incidents import Incident
from seawall.server.console.data.incident_values import RelatedValue, Shared, SharedAccount, SharedKey
from seawall.server.console.data.incidents import found
from seawall.server.console.data.presentation import finite, listed_row, time_text
from seawall.server.console.data.stored import remembered
from seawall.server.console.endpoint import Call, Endpoint
from seawall.store.database import Choice, Listed, Term, Work
from seawall.store.database.incident_queue import Field

KEYS: Final[tuple[SharedKey, ...]] = ("network", "prefix", "app", "client")
SEARCHED: Final[dict[SharedKey, Field]] = {
    "network": "network",
    "prefix": "network",
    "app": "app",
    "client": "client",
}
"""The field of the queue in which the values of a key are searched."""

MOST_VALUES: Final = 4
MOST_SHARING: Final = 50
MOST_LISTED: Final = 50
_EACH: Final = 3
_COMMON: Final = 0.02
"""A value that more of the peers show than this ties nothing."""

_LEAST_PEERS: Final = 3


def related(call: Call) -> RelatedValue:
    """What ties an incident to others."""
    with call.context.database.reading() as work:
        incident, _ = found(work, call.path["id"])
        revision = work.incidents.revision()
        return remembered(call.context, "related", incident.id, revision, lambda: _related(work, incident))


def _related(work: Work, incident: Incident) -> RelatedValue:
    shared: list[Shared] = []
    sharing: list[Listed] = []
    for key, value in _rare(incident):
        others = list(_others(work, incident, key, value))
        if others:
            shared.append(Shared(key, value, [_account(other) for other in others]))
            sharing += others
    rows = {row.id: row for row in [*_of_accounts(work, incident), *sharing] if row.id != incident.id}
    listed = sorted(rows.values(), key=lambda row: -row.score)[:MOST_LISTED]
    return RelatedValue(shared, incident.family, [listed_row(row) for row in listed])


def _rare(incident: Incident) -> list[tuple[SharedKey, str]]:
    """The values of an incident that are new to its account, and that few others show."""
    values = [
        (row.aspect, row.now)
        for row in incident.usual
        if row.aspect in KEYS
        and row.is_unusual
        and row.now.strip()
        and row.peers_with <= max(_COMMON * row.peers, _LEAST_PEERS)
    ]
    return sorted(dict.fromkeys(values), key=lambda value: KEYS.index(value[0]))[:MOST_VALUES]


def _others(work: Work, incident: Incident, key: SharedKey, value: str) -> Iterator[Listed]:
    """Incidents of other accounts that show a value, the worst first."""
    choice = Choice(terms=(Term(value, SEARCHED[key]),))
    for other in work.incidents.rows(choice, limit=MOST_SHARING):
        if (other.tenant, other.account) != (incident.tenant, incident.account) and _shows(other, key, value):
            yield other


def _shows(other: Listed, key: SharedKey, value: str) -> bool:
    """Whether an incident shows just this value: the search also finds those whose value holds it."""
    values = {reason.value for reason in other.reasons if reason.aspect == key and reason.value}
    return not values or value in values


def _account(other: Listed) -> SharedAccount:
    return SharedAccount(
        other.tenant,
        other.account,
        other.id,
        finite(other.score),
        time_text(other.first_event),
        time_text(other.last_event),
        max(other.records, 0),
    )


def _of_accounts(work: Work, incident: Incident) -> Iterator[Listed]:
    """The incidents of the accounts that detection has tied to this one."""
    for account in incident.related:
        yield from work.incidents.rows(Choice(tenant=incident.tenant, account=account), limit=_EACH)


ENDPOINTS: Final = (
    Endpoint(
        method="GET",
        path="/api/incidents/{id}/related",
        handle=related,
        role="viewer",
        summary="What ties an incident to others: rare values that they share, and accounts that go together",
        group="incidents",
        answer=RelatedValue,
    ),
)
