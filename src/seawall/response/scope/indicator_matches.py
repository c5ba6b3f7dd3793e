"""Match records with indicators, and grade how certain each match is the intruder's.

Grades: `SURE` (proves use by the intruder), `OPEN` (the intruder's or the owner's), `TRIED` (a failed attempt).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from seawall.response.scope.address_blocks import addresses_in
from seawall.response.scope.records import SearchRecords
from seawall.response.scope.search_bounds import DAY, HABIT_DAYS
from seawall.response.scope_values import Indicator, IndicatorKind

SURE, OPEN, TRIED = 2, 1, 0
STRONG: tuple[IndicatorKind, ...] = ("session", "token", "key")
"""Kinds that identify the intruder's access itself; they are always followed."""

_HABITUAL: tuple[IndicatorKind, ...] = ("address", "network", "app", "user_agent", "device")
_WHOSE: tuple[IndicatorKind, ...] = ("account", "mailbox")

_GRADES = {
    "strong": f"""CASE WHEN e.nearness = 2 THEN {OPEN}
        WHEN f.is_own THEN {SURE}
        WHEN e.nearness = 0 AND e.class IS DISTINCT FROM 'microsoft'
            AND (f.is_given OR e.network IN (SELECT t.network FROM theirs t)) THEN {SURE}
        ELSE {OPEN} END""",
    "habitual": f"""CASE WHEN h.days >= {HABIT_DAYS} THEN {OPEN}
        WHEN f.is_alike AND l.account IS NULL THEN {OPEN}
        ELSE {SURE} END""",
    "whose": f"{OPEN}",
    "incident": f"CASE WHEN e.nearness = 2 THEN {OPEN} ELSE {SURE} END",
}
"""SQL that grades a matched record, by class of indicator.

A matched session may be the owner's, stolen. Then only records from an intruder's network new to the account are
`SURE`; owners too come to new networks. For a given session, any network new to the account suffices. `OPEN` are also
addresses, applications and clients that the account used on several earlier days, and similar addresses without
another link to the account.
"""


@dataclass(frozen=True, slots=True)
class IndicatorCounts:
    """Numbers of records and accounts that matched an indicator."""

    events: int
    accounts: int


class IndicatorMatches:
    """All records matched so far, by the numbers of their indicators.

    An address block is one indicator: an account's earlier use is counted over the whole block.
    """

    def __init__(self, records: SearchRecords, incidents: Mapping[str, Sequence[str]], start: int) -> None:
        self._records = records
        self._start = start
        self.indicators: list[Indicator] = []
        records.run("CREATE TABLE met (id BIGINT, grade TINYINT, number INTEGER)")
        records.run("CREATE TABLE best (id BIGINT, grade TINYINT, number INTEGER)")
        records.run("CREATE TABLE told (incident VARCHAR, uid VARCHAR)")
        for name, uids in incidents.items():
            records.keep("told", {"incident": pa.array([name] * len(uids)), "uid": pa.array(list(uids))})

    def meet(
        self, indicators: Sequence[Indicator], alike: Collection[Indicator] = ()
    ) -> list[IndicatorCounts]:
        """Store the records that match the indicators, and return their counts.

        `alike` are indicators that only resemble the intruder's.
        """
        first = len(self.indicators)
        self.indicators += indicators
        self._ask(indicators, first, alike)
        for kind in dict.fromkeys(one.kind for one in indicators):
            self._records.run(_query(kind), {"start": self._start} if kind in _HABITUAL else None)
        counted = {
            number: IndicatorCounts(events, accounts)
            for number, events, accounts in self._records.rows(
                """SELECT m.number, count(*), count(DISTINCT (e.tenant, e.account)) FILTER (e.account IS NOT NULL)
                FROM met m JOIN events e USING (id) WHERE m.number >= ? GROUP BY ALL""",
                [first],
            )
        }
        self._records.run(
            """CREATE OR REPLACE TABLE best AS SELECT id, max(grade) AS grade, min(number) AS number FROM met GROUP BY id"""
        )
        return [counted.get(first + place, IndicatorCounts(0, 0)) for place in range(len(indicators))]

    def _ask(self, indicators: Sequence[Indicator], first: int, alike: Collection[Indicator]) -> None:
        self._records.run(
            """CREATE OR REPLACE TABLE asked (number INTEGER, kind VARCHAR, value VARCHAR, tenant VARCHAR, first BIGINT,
            last BIGINT, is_own BOOLEAN, is_given BOOLEAN, is_alike BOOLEAN)"""
        )
        self._records.run(_THEIRS)
        self._records.run(_LINKED)
        blocks = addresses_in(self._records, indicators)
        rows = [
            (number, one, value)
            for number, one in enumerate(indicators, start=first)
            for value in blocks.get(one, (_column_value(one),))
        ]
        columns = {
            "number": pa.array([number for number, _, _ in rows], pa.int32()),
            "kind": pa.array([one.kind for _, one, _ in rows], pa.string()),
            "value": pa.array([value for _, _, value in rows], pa.string()),
            "tenant": pa.array([one.tenant for _, one, _ in rows], pa.string()),
            "first": pa.array([one.start for _, one, _ in rows], pa.int64()),
            "last": pa.array([one.end for _, one, _ in rows], pa.int64()),
            "is_own": pa.array([False] * len(rows), pa.bool_()),
            "is_given": pa.array([first == 0] * len(rows), pa.bool_()),
            "is_alike": pa.array([one in alike for _, one, _ in rows], pa.bool_()),
        }
        self._records.keep("asked", columns)
        for kind in STRONG:
            self._records.run(_OWN.format(kind=kind))

    def sure_accounts(self) -> int:
        """Return how many accounts have a `SURE` record."""
        (count,) = self._records.one(
            f"SELECT count(DISTINCT (tenant, account)) FROM best JOIN events USING (id) WHERE grade = {SURE}"
        )
        return int(count)


_THEIRS = f"""CREATE OR REPLACE TABLE theirs AS SELECT DISTINCT network FROM best JOIN events USING (id)
    WHERE grade = {SURE} AND network IS NOT NULL AND class IS DISTINCT FROM 'microsoft'"""

_LINKED = f"""CREATE OR REPLACE TABLE linked AS SELECT DISTINCT tenant, account FROM best JOIN events USING (id)
    WHERE grade = {SURE} AND account IS NOT NULL"""

_OWN = """UPDATE asked SET is_own = true FROM (
    SELECT f.number, arg_min(coalesce(b.grade, 0) = 2 OR (f.is_given AND e.nearness = 0), (e.time, e.id)) AS begins
    FROM asked f JOIN events e ON e.{kind} = f.value AND (f.tenant = '' OR f.tenant = e.tenant)
    LEFT JOIN best b ON b.id = e.id WHERE f.kind = '{kind}' GROUP BY f.number
) o WHERE asked.number = o.number AND o.begins"""
"""A session is the intruder's own if its first record is.

For a session given as a seed, it suffices that the first record comes from a network new to the account.
"""


def _column_value(indicator: Indicator) -> str:
    return indicator.value.removeprefix("AS") if indicator.kind == "network" else indicator.value


def _query(kind: IndicatorKind) -> str:
    """Return SQL that inserts the records matching the current indicators of a kind."""
    column = "network::VARCHAR" if kind == "network" else kind
    joined = f"e.{column} = f.value"
    more = ""
    if kind in STRONG:
        grade = _GRADES["strong"]
    elif kind in _HABITUAL:
        grade = _GRADES["habitual"]
        more = f"""LEFT JOIN (
            SELECT u.tenant, u.account, a.number, count(DISTINCT u.time // {DAY}) AS days FROM events u
            JOIN asked a ON a.kind = '{kind}' AND u.{column} = a.value
            WHERE u.ok AND u.time < $start AND u.account IS NOT NULL GROUP BY ALL
        ) h ON h.tenant = e.tenant AND h.account = e.account AND h.number = f.number
        LEFT JOIN linked l ON l.tenant = e.tenant AND l.account = e.account"""
    elif kind in _WHOSE:
        grade = _GRADES["whose"]
    else:
        grade = _GRADES["incident"]
        joined = "e.uid IN (SELECT t.uid FROM told t WHERE t.incident = f.value)"
    return f"""INSERT INTO met SELECT e.id, CASE WHEN NOT e.ok THEN {TRIED} ELSE {grade} END, f.number
        FROM asked f JOIN events e ON {joined} AND (f.tenant = '' OR f.tenant = e.tenant)
            AND e.time >= f.first AND e.time < f.last {more} WHERE f.kind = '{kind}'"""
