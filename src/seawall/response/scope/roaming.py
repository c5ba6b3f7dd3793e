"""Clear records from a new address block of a provider that their account used before.

Household and mobile addresses change weekly, mostly within one provider. This applies only if the operator asserts
that the intruder uses only hosting networks and anonymisers. Then a record is the owner's if the account used the
same provider, application and client on several days before the intrusion.
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
"""SQL condition: record `e` comes from a provider that its account used before in the same way."""


def is_from_servers(records: SearchRecords) -> bool:
    """Return whether all proved records with a known network kind come from hosting networks and anonymisers."""
    return not records.rows(_ELSEWHERE)


def note_roaming(records: SearchRecords, start: int, *, is_vouched: bool) -> None:
    """Create the table that `ROAMS` reads, once the search has ended and all indicators are known.

    Raises UsageError if the intruder's records contradict the operator's assertion.
    """
    if is_vouched:
        for where, kind in records.rows(_ELSEWHERE):
            raise UsageError(
                f"the attacker's records come from {where.strip()} too, which is {kind or 'no kind of network that is known'}",
                fix="run it without --servers-only",
            )
    records.run(_MADE, {"start": start, "vouched": is_vouched})
