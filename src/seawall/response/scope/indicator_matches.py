"""Which records an indicator is met by, and how sure it is that they are the intruder's.

Each record that is met gets a grade: `SURE` (it proves), `OPEN` (the intruder's or its owner's), `TRIED` (it failed).
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
"""They name what the intruder holds, and are followed always."""

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
"""A session may be the owner's own, stolen. Then only those of its records prove that come from a network of the intruder's
in which the account never was (for a seed: from any such network): an owner too comes to new places. Open, too, is an address, an
application or a browser that the account used on several days before, and an address that only resembles the intruder's where
nothing else links the account."""


@dataclass(frozen=True, slots=True)
class IndicatorCounts:
    """How many records met an indicator, of how many accounts."""

    events: int
    accounts: int


class IndicatorMatches:
    """All records that were met so far, by the numbers of the indicators that they met.

    A block of addresses is one indicator: what an account used before is counted over the whole block.
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
        """Note which records meet the indicators, and return how many do; `alike` are those that resemble the intruder's."""
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
        """Return how many accounts have a record that proves."""
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
"""A session is the intruder's own where its first record is the intruder's; one that is given, also where it comes from where
the account never was."""


def _column_value(indicator: Indicator) -> str:
    return indicator.value.removeprefix("AS") if indicator.kind == "network" else indicator.value


def _query(kind: IndicatorKind) -> str:
    """SQL that notes the records that meet the indicators of a kind among those asked for."""
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
