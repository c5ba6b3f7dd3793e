"""Classify the records of each account and mailbox and count them: the intruder's, the owner's, and the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from seawall.detection.ranking.provider_services import OTHERS, RESERVED
from seawall.response.scope.indicator_matches import OPEN, SURE, TRIED
from seawall.response.scope.records import SearchRecords
from seawall.response.scope.roaming import ROAMS, note_roaming
from seawall.response.scope.search_bounds import DAY, MAIL, RECORDS, SHOWS, SIGN_IN, THROTTLED_AT
from seawall.response.scope_values import IndicatorKind

Whose = Literal["account", "mailbox"]


@dataclass(frozen=True, slots=True)
class RecordCounts:
    """Counts of one account or mailbox.

    Counts of successful records in the span: `records`, of which

    - `sure` are the intruder's, with `read` mail accesses and `signed_in` sign-ins among them;
    - `open` are the intruder's or the owner's;
    - `unlinked` carry no address, session, token or key;
    - `strange` come from a place where the account was not seen before the span;
    - `roaming` come from a new address block of a provider that the account used before in the same way.

    For mail access that is open, unlinked or strange: `items` counts the messages named or counted, `syncs` the
    records that took a whole folder or do not say how much. `tried` counts failed records with an indicator. Over all
    time: `shown` counts mail access. `throttled` counts throttling in the span or the day before.
    """

    tenant: str
    name: str
    is_person: bool
    records: int
    sure: int
    read: int
    signed_in: int
    open: int
    unlinked: int
    strange: int
    roaming: int
    tried: int
    shown: int
    throttled: int
    before: int
    items: int
    syncs: int
    first: int | None
    last: int | None

    @property
    def usual(self) -> int:
        """Return how many records of the span carry an identifier and come from a known place."""
        return self.records - self.sure - self.open - self.unlinked - self.strange


_COUNTED = (
    "records", "sure", "read", "signed_in", "open", "unlinked", "strange", "roaming", "tried", "shown", "throttled", "before",
    "items", "syncs",
)  # fmt: skip


def make_empty_counts(account: RecordCounts) -> RecordCounts:
    """Return empty counts for an account's mailbox that no record names."""
    none = dict.fromkeys(_COUNTED, 0)
    return RecordCounts(account.tenant, account.name, True, **none, first=None, last=None)


_LIMITED = f"""kind = '{MAIL}' AND mailbox IS NOT NULL AND access IS DISTINCT FROM 'sync'
    AND source IN ('m365_audit', 'office_activity')"""
_IDENTIFIERS = ("address", "session", "token", "key")
_SORTED_OUT = """CREATE OR REPLACE TEMP VIEW sorted AS SELECT e.*, coalesce(b.grade, -1) AS grade,
    {lacks} AND NOT {provider} AND e.kind IS DISTINCT FROM 'other' AS is_unlinked,
    {provider} AS is_provider,
    {roams} AS is_roaming,
    {vouched} OR e.is_usual OR {provider} OR e.kind = 'other' AND e.address IS NULL
        OR (e.address IS NULL AND s.session IS NOT NULL) OR {roams} AS is_holders
FROM events e LEFT JOIN best b USING (id)
LEFT JOIN holders s ON s.tenant = e.tenant AND s.session = e.session"""
"""SQL that classifies records.

A record without an address is the owner's if its session is: a session used from the owner's places and not the
intruder's. Other records without an address, such as a viewed report or a matched policy, do not show who acted.
"""

_PROVIDER = f"""(coalesce(e.account_type = 'system', false) OR coalesce(e.account_type = 'service'
    AND e.kind NOT IN ('mail_access', 'mail_action', 'mail_rule') AND (e.address IS NULL OR e.class = 'microsoft')
    AND e.account IN ({", ".join(f"'{one}'" for one in (*RESERVED, *OTHERS))}), false))"""
"""SQL for records of the provider's own processes, and of its services that maintain mailboxes without reading mail."""

_HOLDERS = """CREATE TABLE holders AS SELECT e.tenant, e.session FROM events e LEFT JOIN best b USING (id)
    WHERE e.session IS NOT NULL GROUP BY ALL
    HAVING bool_or(e.is_usual OR {vouched}) AND NOT coalesce(bool_or(b.grade IN ({sure}, {open})), false)"""


def classify_records(
    records: SearchRecords,
    start: int,
    vouched: Sequence[IndicatorKind] = (),
    *,
    is_servers_only: bool = False,
) -> None:
    """Classify every record, once the search has ended.

    `vouched` are the kinds whose intruder values are completely known. A record with another value of such a kind is
    not the intruder's; a record with none is judged by its session. `is_servers_only` asserts that the intruder uses
    only hosting networks and anonymisers. Raises UsageError if the intruder's records contradict it.
    """
    carries = " OR ".join(f"e.{kind} IS NOT NULL" for kind in vouched) or "false"
    note_roaming(records, start, is_vouched=is_servers_only)
    records.run(_HOLDERS.format(vouched=f"({carries})", sure=SURE, open=OPEN))
    lacks = " AND ".join([*(f"e.{kind} IS NULL" for kind in vouched or _IDENTIFIERS), "s.session IS NULL"])
    records.run(
        _SORTED_OUT.format(
            lacks=f"({lacks})", vouched="true" if vouched else "false", provider=_PROVIDER, roams=ROAMS
        )
    )


_OVERFULL = f"""CREATE OR REPLACE TEMP TABLE overfull AS
    SELECT id FROM (
        SELECT id, count(*) OVER (
            PARTITION BY tenant, mailbox ORDER BY time RANGE BETWEEN {DAY} PRECEDING AND CURRENT ROW
        ) AS held FROM events e SEMI JOIN (
            SELECT tenant, mailbox FROM events WHERE {_LIMITED} GROUP BY ALL HAVING count(*) >= {THROTTLED_AT}
        ) m USING (tenant, mailbox) WHERE {_LIMITED}
    ) WHERE held >= {THROTTLED_AT}"""
"""SQL for mailboxes that reached the daily limit of Bind records; further ones are not logged for a day."""


def count_records(records: SearchRecords, whose: Whose, start: int, end: int) -> list[RecordCounts]:
    """Return the counts of every account or mailbox in the records, by organisation and name.

    The provider's own processes are left out.
    """
    records.run(_OVERFULL)
    inside = "time >= $start AND time < $end"
    doubtful = f"""ok AND {inside} AND kind = '{MAIL}'
        AND (grade = {OPEN} OR grade < 0 AND (is_unlinked OR NOT is_holders))"""
    query = f"""SELECT tenant, {whose}, bool_or(account_type = 'user'),
        count(*) FILTER (ok AND {inside}),
        count(*) FILTER (grade = {SURE}),
        count(*) FILTER (grade = {SURE} AND kind = '{MAIL}'),
        count(*) FILTER (grade = {SURE} AND kind = '{SIGN_IN}'),
        count(*) FILTER (grade = {OPEN}),
        count(*) FILTER (ok AND {inside} AND grade < 0 AND is_unlinked),
        count(*) FILTER (ok AND {inside} AND grade < 0 AND NOT is_unlinked AND NOT is_holders),
        count(*) FILTER (ok AND {inside} AND grade < 0 AND is_roaming AND NOT is_usual),
        count(*) FILTER (grade = {TRIED}),
        count(*) FILTER ({SHOWS}),
        count(*) FILTER ((throttled OR id IN (SELECT f.id FROM overfull f)) AND time >= $start - {DAY} AND time < $end),
        count(*) FILTER (ok AND time < $start),
        coalesce(sum(greatest(coalesce(items, 1), 1)) FILTER ({doubtful} AND access IS DISTINCT FROM 'sync'), 0)::BIGINT,
        count(*) FILTER ({doubtful} AND (access = 'sync' OR NOT {SHOWS})),
        min(time) FILTER (grade = {SURE}), max(time) FILTER (grade = {SURE})
    FROM sorted WHERE {whose} IS NOT NULL GROUP BY tenant, {whose}
    HAVING '{whose}' = 'mailbox' OR bool_or(NOT is_provider) ORDER BY tenant, {whose}"""
    return [RecordCounts(tenant, name, bool(person), *counts) for tenant, name, person, *counts in records.rows(
        query, {"start": start, "end": end}
    )]  # fmt: skip


def list_intruder_ids(records: SearchRecords, whose: Whose) -> dict[tuple[str, str], tuple[str, ...]]:
    """Return the log's ids of the intruder's records in time order, by (organisation, name)."""
    rows = records.rows(
        f"""SELECT tenant, {whose}, list(uid ORDER BY time, uid)[1:{RECORDS}] FROM sorted
        WHERE grade = {SURE} AND {whose} IS NOT NULL AND uid IS NOT NULL GROUP BY tenant, {whose}"""
    )
    return {(tenant, name): tuple(dict.fromkeys(found)) for tenant, name, found in rows}


def list_matched_indicators(
    records: SearchRecords, whose: Whose
) -> dict[tuple[str, str], list[tuple[int, int]]]:
    """Return which indicators matched the intruder's records, as (number, records), most records first."""
    rows = records.rows(
        f"""SELECT s.tenant, s.{whose}, m.number, count(*) AS records FROM met m JOIN sorted s USING (id)
        WHERE m.grade = {SURE} AND s.{whose} IS NOT NULL GROUP BY ALL ORDER BY s.tenant, s.{whose}, m.number"""
    )
    found: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for tenant, name, number, count in rows:
        found.setdefault((tenant, name), []).append((number, count))
    return found


def list_used_accounts(records: SearchRecords) -> set[tuple[str, str]]:
    """Return (organisation, name) of the accounts that the intruder used or may have used."""
    rows = records.rows(
        f"SELECT DISTINCT tenant, account FROM sorted WHERE grade IN ({SURE}, {OPEN}) AND account IS NOT NULL"
    )
    return {(tenant, name) for tenant, name in rows}
