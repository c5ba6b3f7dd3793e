"""What ties an incident to others: values that hardly anybody shows, and accounts that detection has tied to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from seawall.report import words
from seawall.schema.incidents import Incident
from seawall.server.console.data.incident_values import RelatedValue, Shared, SharedAccount, SharedKey
from seawall.server.console.data.incidents import found
from seawall.server.console.data.presentation import finite, listed_row, time_text
from seawall.server.console.endpoint import Call, Endpoint
from seawall.store.database import Choice, Term, Work

KEYS: Final[tuple[SharedKey, ...]] = ("network", "prefix", "app", "client")
SEARCHED: Final = {"network": "network", "prefix": "network", "app": "app", "client": "client"}
"""The field of the queue in which the values of a key are searched."""

MOST_VALUES: Final = 6
MOST_SHARING: Final = 50
MOST_LISTED: Final = 100
_EACH: Final = 3
_COMMON: Final = 0.02
"""A value that more of the peers show than this ties nothing."""

_LEAST_PEERS: Final = 3


def related(call: Call) -> RelatedValue:
    """What ties an incident to others."""
    with call.context.database.reading() as work:
        incident, _ = found(work, call.path["id"])
        shared, sharing = [], []
        for key, value in _rare(incident):
            others = list(_others(work, incident, key, value))
            if others:
                shared.append(Shared(key, value, [_account(other) for other in others]))
                sharing += [other.id for other in others]
        ids = dict.fromkeys([*sharing, *_of_accounts(work, incident)])
        rows = [work.incidents.row(id_) for id_ in list(ids)[:MOST_LISTED] if id_ != incident.id]
    listed = sorted((listed_row(row) for row in rows if row is not None), key=lambda row: -row.score)
    return RelatedValue(shared, incident.family, listed)


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


def _others(work: Work, incident: Incident, key: SharedKey, value: str) -> Iterator[Incident]:
    """Incidents of other accounts that show a value, the worst first."""
    term = Term(value, SEARCHED[key])  # type: ignore[arg-type]
    for other in work.incidents.page(Choice(terms=(term,)), limit=MOST_SHARING):
        if (other.tenant, other.account) != (incident.tenant, incident.account) and value in _values(
            other, key
        ):
            yield other


def _values(incident: Incident, key: str) -> set[str]:
    facts = {row.now for row in incident.usual if row.aspect == key}
    return facts | {reason.value for reason in incident.reasons if reason.aspect == key}


def _account(other: Incident) -> SharedAccount:
    return SharedAccount(
        other.tenant,
        other.account,
        other.id,
        finite(other.score),
        time_text(other.first_event),
        time_text(other.last_event),
        words.record_count(other),
    )


def _of_accounts(work: Work, incident: Incident) -> Iterable[str]:
    """The incidents of the accounts that detection has tied to this one."""
    for account in incident.related:
        for row in work.incidents.rows(Choice(tenant=incident.tenant, account=account), limit=_EACH):
            yield row.id


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
