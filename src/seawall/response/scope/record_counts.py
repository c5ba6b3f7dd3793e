"""What the records of each account and mailbox amount to, counted: those of the intruder, of its holder, and the rest."""

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
    """Counts of one account or mailbox. Of the span: `records` that succeeded, of which

    - `sure` are the intruder's, `read` of them mail access, `signed_in` of them sign-ins;
    - `open` are the intruder's or the holder's;
    - `unlinked` carry neither an address nor a session, token or key;
    - `strange` come from where the account was not seen before the span;
    - `roaming` come from a new address block of a provider that the account used before in the same way;

    Of those that are open, unlinked or strange and are mail access, `items` counts the messages that they name or count, `syncs`
    those that took a whole folder, or do not say how much they took.
    `tried` failed with something of the intruder's. Of all: `shown` in mail access; `throttled` in the span or the day before.
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
        """Records of the span that carry an identifier and come from where the account was before."""
        return self.records - self.sure - self.open - self.unlinked - self.strange


_COUNTED = (
    "records", "sure", "read", "signed_in", "open", "unlinked", "strange", "roaming", "tried", "shown", "throttled", "before",
    "items", "syncs",
)  # fmt: skip


def make_empty_counts(account: RecordCounts) -> RecordCounts:
    """Return the tally of the mailbox of an account which no record names."""
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
"""A record without an address is its holder's where its session is: one that is used from the holder's places and is not
the intruder's. Other kinds of record (a report was viewed, a policy matched) without an address do not say who acted."""

_PROVIDER = f"""(coalesce(e.account_type = 'system', false) OR coalesce(e.account_type = 'service'
    AND e.kind NOT IN ('mail_access', 'mail_action', 'mail_rule') AND (e.address IS NULL OR e.class = 'microsoft')
    AND e.account IN ({", ".join(f"'{one}'" for one in (*RESERVED, *OTHERS))}), false))"""
"""The provider's own processes, and its services where they keep house without touching mail."""

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
    """Say of each record what it is, once the search is over.

    `vouched` are the kinds of which the intruder's values are all known: a record that carries another value is not the
    intruder's, and one that carries none is judged by its session, which others of its records place. `is_servers_only`: the
    intruder comes from rented servers and anonymisers alone. Raises UsageError where its records say otherwise.
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
"""Records of Bind with which a mailbox has as many in a day as are logged: the next ones are not, for a day."""


def count_records(records: SearchRecords, whose: Whose, start: int, end: int) -> list[RecordCounts]:
    """Return the counts of every account or mailbox that the records name, by organisation and name.

    The provider's own processes are no accounts.
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
    """Return the log's own ids of the intruder's records, by (organisation, name), in order of time."""
    rows = records.rows(
        f"""SELECT tenant, {whose}, list(uid ORDER BY time, uid)[1:{RECORDS}] FROM sorted
        WHERE grade = {SURE} AND {whose} IS NOT NULL AND uid IS NOT NULL GROUP BY tenant, {whose}"""
    )
    return {(tenant, name): tuple(dict.fromkeys(found)) for tenant, name, found in rows}


def list_matched_indicators(
    records: SearchRecords, whose: Whose
) -> dict[tuple[str, str], list[tuple[int, int]]]:
    """Return by which indicators (number, records) the intruder's records were met, the first and the most first."""
    rows = records.rows(
        f"""SELECT s.tenant, s.{whose}, m.number, count(*) AS records FROM met m JOIN sorted s USING (id)
        WHERE m.grade = {SURE} AND s.{whose} IS NOT NULL GROUP BY ALL ORDER BY s.tenant, s.{whose}, m.number"""
    )
    found: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for tenant, name, number, count in rows:
        found.setdefault((tenant, name), []).append((number, count))
    return found


def list_used_accounts(records: SearchRecords) -> set[tuple[str, str]]:
    """Return the accounts that the intruder used or may have: (organisation, name)."""
    rows = records.rows(
        f"SELECT DISTINCT tenant, account FROM sorted WHERE grade IN ({SURE}, {OPEN}) AND account IS NOT NULL"
    )
    return {(tenant, name) for tenant, name in rows}
