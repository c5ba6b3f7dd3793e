"""What the intruder's proved records carry: values that a later search may be given instead of an incident."""

from __future__ import annotations

from typing import Final

from seawall.response.scope.indicator_matches import SURE
from seawall.response.scope.records import SearchRecords
from seawall.response.scope_values import Indicator, IndicatorKind

MOST: Final = 200
"""Values of one kind."""

_KINDS: Final[tuple[IndicatorKind, ...]] = ("address", "session", "token", "key")


def find_proved_values(records: SearchRecords, start: int, end: int) -> tuple[Indicator, ...]:
    """Return the addresses, sessions, tokens and keys of the proved records, by kind, those of most records first.

    Addresses of the provider's own network are left out: requests of everybody come from there. `start` and `end` are
    the span (microseconds) that each value is given.
    """
    found: list[Indicator] = []
    for kind in _KINDS:
        where = "AND e.class IS DISTINCT FROM 'microsoft'" if kind == "address" else ""
        rows = records.rows(
            f"""SELECT e.{kind} FROM best b JOIN events e USING (id) WHERE b.grade = {SURE} AND e.{kind} IS NOT NULL {where}
            GROUP BY ALL ORDER BY count(*) DESC, e.{kind} LIMIT {MOST}"""
        )
        found += [Indicator(kind, value, start, end) for (value,) in rows]
    return tuple(found)
