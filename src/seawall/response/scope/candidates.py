"""Find new indicators on the intruder's records, with the counts by which they are judged."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from seawall.response.scope.indicator_matches import STRONG, SURE
from seawall.response.scope.records import SearchRecords
from seawall.response.scope.search_bounds import DAY
from seawall.response.scope_values import IndicatorKind

_SHARED = ("residential", "mobile", "anonymiser")
"""Kinds of networks in which many people may use one address within weeks."""


@dataclass(frozen=True, slots=True)
class IndicatorCandidate:
    """A possible new indicator of the intruder, in one organisation.

    `source` is the number of the indicator that led to it. `events` and `accounts` count its use. `before` counts
    accounts that used it before the intrusion, `unlinked` those without another link to the intruder, `total` the
    organisation's accounts. `days` counts the days of use. `holder` names the network's operator, `place` the
    network's kind.

    `client` is the client and application shared with the intruder's records, for candidates without a stronger link;
    `network_before` counts accounts that used that network before. `is_shared` marks an address that others may use
    and that leads into an organisation without other traces of the intruder. The address counts as shared by its
    network's kind, or because neither client nor application matches there.
    """

    kind: IndicatorKind
    value: str
    tenant: str
    source: int
    events: int
    accounts: int
    before: int
    unlinked: int
    total: int
    days: int
    place: str | None = None
    holder: str = ""
    client: str = ""
    network_before: int = 0
    is_shared: bool = False


def find_candidates(
    records: SearchRecords, start: int, end: int, known: Collection[tuple[str, str, str]]
) -> list[IndicatorCandidate]:
    """Return the candidates to judge next, in a stable order.

    `known` are (kind, value, organisation) that were judged before.
    """
    records.run("CREATE OR REPLACE TEMP TABLE totals AS " + _TOTALS)
    found = [one for kind in STRONG for one in _find_strong(records, kind)]
    found += _find_addresses(records, start, end)
    found += _find_similar_addresses(records, start, end)
    fresh: dict[tuple[str, str, str], IndicatorCandidate] = {}
    for one in found:
        key = (one.kind, one.value, one.tenant)
        if key not in known and (one.kind, one.value, "") not in known:
            fresh.setdefault(key, one)
    return list(fresh.values())


_TOTALS = "SELECT tenant, count(DISTINCT account) AS total FROM events GROUP BY tenant"


def _find_strong(records: SearchRecords, kind: IndicatorKind) -> list[IndicatorCandidate]:
    """Return the intruder's sessions, tokens or keys that other records of any organisation carry."""
    query = f"""
        WITH carried AS (
            SELECT e.{kind} AS value, min(b.number) AS source FROM best b JOIN events e USING (id)
            WHERE b.grade = {SURE} AND e.{kind} IS NOT NULL GROUP BY ALL
        )
        SELECT e.tenant, c.value, c.source, count(*), count(DISTINCT e.account), count(DISTINCT e.time // {DAY}),
            any_value(t.total)
        FROM carried c JOIN events e ON e.{kind} = c.value
        LEFT JOIN best b ON b.id = e.id JOIN totals t ON t.tenant = e.tenant
        GROUP BY e.tenant, c.value, c.source HAVING count(*) FILTER (b.id IS NULL) > 0
        ORDER BY e.tenant, c.value"""
    return [
        IndicatorCandidate(kind, value, tenant, source, events, accounts, 0, 0, total, days)
        for tenant, value, source, events, accounts, days, total in records.rows(query)
    ]


_USE = f"""count(*), count(DISTINCT e.account),
    count(DISTINCT e.account) FILTER (e.ok AND e.time < $start),
    count(DISTINCT e.account) FILTER (l.account IS NULL), count(DISTINCT e.time // {DAY}),
    any_value(e.class), coalesce(any_value('AS' || e.network || ' ' || coalesce(e.network_name, '')), ''),
    any_value(t.total)"""
_LINKED = f"""linked AS (
    SELECT DISTINCT e.tenant, e.account FROM best b JOIN events e USING (id)
    WHERE b.grade = {SURE} AND e.account IS NOT NULL
)"""


def _find_addresses(records: SearchRecords, start: int, end: int) -> list[IndicatorCandidate]:
    """Return the addresses of the intruder's records, for every organisation that has records from them."""
    shared = ", ".join(f"'{one}'" for one in _SHARED)
    query = f"""
        WITH theirs AS (
            SELECT e.tenant, e.address AS value, e.app, e.client, b.number FROM best b JOIN events e USING (id)
            WHERE b.grade = {SURE} AND e.address IS NOT NULL
        ), carried AS (
            SELECT value, min(number) AS source FROM theirs GROUP BY ALL
        ), {_LINKED}, meant AS (
            SELECT DISTINCT tenant, value FROM theirs
            UNION SELECT e.tenant, e.address FROM events e JOIN theirs t ON t.value = e.address
                AND t.app IS NOT DISTINCT FROM e.app AND t.client IS NOT DISTINCT FROM e.client
                AND coalesce(t.app, t.client) IS NOT NULL
            WHERE e.class IS NULL OR e.class NOT IN ({shared})
        )
        SELECT e.tenant, c.value, c.source, {_USE}, '', 0, any_value(m.value) IS NULL
        FROM carried c JOIN events e ON e.address = c.value
        LEFT JOIN meant m ON m.tenant = e.tenant AND m.value = c.value
        LEFT JOIN linked l ON l.tenant = e.tenant AND l.account = e.account JOIN totals t ON t.tenant = e.tenant
        GROUP BY e.tenant, c.value, c.source HAVING bool_or(e.time >= $start AND e.time < $end)
        ORDER BY e.tenant, c.value"""
    return [_address(row) for row in records.rows(query, {"start": start, "end": end})]


def _find_similar_addresses(records: SearchRecords, start: int, end: int) -> list[IndicatorCandidate]:
    """Return other addresses in the intruder's networks with its client and application, at networks new to the account."""
    query = f"""
        WITH signature AS (
            SELECT e.network, e.user_agent, e.client, e.app, min(b.number) AS source FROM best b JOIN events e USING (id)
            WHERE b.grade = {SURE} AND e.network IS NOT NULL AND e.class IS DISTINCT FROM 'microsoft'
                AND (e.user_agent IS NOT NULL OR e.client IS NOT NULL OR e.app IS NOT NULL) GROUP BY ALL
        ), networks AS (
            SELECT tenant, network, count(DISTINCT account) AS before FROM events
            WHERE ok AND time < $start AND network IN (SELECT network FROM signature) GROUP BY ALL
        ), alike AS (
            SELECT e.tenant, e.address AS value, min(s.source) AS source,
                coalesce(any_value(n.before), 0) AS network_before,
                min(coalesce(s.user_agent, s.client, s.app)) AS client
            FROM events e JOIN signature s ON s.network = e.network AND s.user_agent IS NOT DISTINCT FROM e.user_agent
                AND s.client IS NOT DISTINCT FROM e.client AND s.app IS NOT DISTINCT FROM e.app
            LEFT JOIN networks n ON n.tenant = e.tenant AND n.network = e.network
            LEFT JOIN best b ON b.id = e.id
            WHERE b.id IS NULL AND e.ok AND e.nearness = 0 AND e.address IS NOT NULL AND e.time >= $start AND e.time < $end
            GROUP BY ALL
        ), {_LINKED}
        SELECT c.tenant, c.value, c.source, {_USE}, any_value(c.client), any_value(c.network_before),
            false
        FROM alike c JOIN events e ON e.tenant = c.tenant AND e.address = c.value
        LEFT JOIN linked l ON l.tenant = e.tenant AND l.account = e.account JOIN totals t ON t.tenant = c.tenant
        GROUP BY c.tenant, c.value, c.source ORDER BY c.tenant, c.value"""
    return [_address(row) for row in records.rows(query, {"start": start, "end": end})]


def _address(row: Sequence[Any]) -> IndicatorCandidate:
    (
        tenant,
        value,
        source,
        events,
        accounts,
        before,
        unlinked,
        days,
        place,
        owner,
        total,
        client,
        network_before,
        is_shared,
    ) = row
    return IndicatorCandidate(
        "address", value, tenant, source, events, accounts, before, unlinked, total, days,
        place=place, holder=str(owner).strip(), client=client, network_before=network_before,
        is_shared=is_shared,
    )  # fmt: skip
