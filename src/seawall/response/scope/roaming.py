"""Which records are their owner's by the provider that they come through, where the address block alone is new.

A household's or a telephone's address changes from week to week, mostly within one provider. Where whoever asks vouches that
the intruder comes from rented servers and anonymisers alone, a record is its owner's if the account came through the same
provider, with the same application and client, on several days before the intrusion.
"""

from __future__ import annotations

from seawall.response.scope.indicator_matches import OPEN, SURE
from seawall.response.scope.records import SearchRecords
from seawall.response.scope.search_bounds import DAY, ROAMING_DAYS
from seawall_base.errors import UsageError

_HOUSEHOLDS = "('residential', 'mobile')"

_THEIRS = f"""SELECT e.network, e.network_name, e.class, b.grade FROM best b JOIN events e USING (id)
    WHERE b.grade IN ({SURE}, {OPEN}) AND e.address IS NOT NULL AND e.class IS DISTINCT FROM 'microsoft'"""

_ELSEWHERE = f"""SELECT DISTINCT coalesce('AS' || network || ' ' || coalesce(network_name, ''), 'no known network'), class
    FROM ({_THEIRS}) WHERE grade = {SURE} AND class IS DISTINCT FROM 'hosting' AND class IS DISTINCT FROM 'anonymiser'
    ORDER BY ALL LIMIT 1"""

_MADE = f"""CREATE OR REPLACE TABLE roaming AS
    SELECT tenant, account, network, app, client FROM events
    WHERE $vouched AND ok AND time < $start AND account IS NOT NULL AND network IS NOT NULL
        AND class IN {_HOUSEHOLDS} AND coalesce(app, client) IS NOT NULL
        AND network NOT IN (SELECT t.network FROM ({_THEIRS}) t WHERE t.network IS NOT NULL)
    GROUP BY ALL HAVING count(DISTINCT time // {DAY}) >= {ROAMING_DAYS}"""

ROAMS = f"""(e.class IN {_HOUSEHOLDS} AND EXISTS (
    SELECT 1 FROM roaming r WHERE r.tenant = e.tenant AND r.account = e.account AND r.network = e.network
    AND r.app IS NOT DISTINCT FROM e.app AND r.client IS NOT DISTINCT FROM e.client))"""
"""SQL: the record `e` comes through a provider that its account used before in the same way."""


def is_from_servers(records: SearchRecords) -> bool:
    """Return whether the proved records come from rented servers and anonymisers alone, as far as they say."""
    return not records.rows(_ELSEWHERE)


def note_roaming(records: SearchRecords, start: int, *, is_vouched: bool) -> None:
    """Make the table that `ROAMS` asks, once the search is over: it needs all that is known of the intruder.

    Raises UsageError where the intruder's own records say otherwise than whoever asked.
    """
    if is_vouched:
        for where, kind in records.rows(_ELSEWHERE):
            raise UsageError(
                f"the intruder comes from {where.strip()} too, which is {kind or 'no kind of network that is known'}",
                fix="leave --servers-only out",
            )
    records.run(_MADE, {"start": start, "vouched": is_vouched})
