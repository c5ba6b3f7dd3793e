"""An incident's account in the lake: its events around the incident, in pieces, for whoever looks at columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from seawall.schema.incidents import Incident
from seawall.server.console.data.stored import EARLIEST, LATEST
from seawall.store.lake import Lake, Wanted
from seawall.store.lake.appending import UNKNOWN

BEFORE_DAYS: Final = 45
"""Days before an incident that say what its account usually shows: what detection remembers of births too."""

_DAY: Final = 86_400_000_000
_ORGANISATION: Final = "org_uid"


def span_of(incident: Incident) -> tuple[int, int]:
    """From when to before when (microseconds) events are looked at: 45 days before the incident to a day after its end."""
    start = max(incident.first_event - BEFORE_DAYS * _DAY, EARLIEST)
    return start, max(min(incident.last_event + _DAY, LATEST), start + 1)


def account_events(lake: Lake, incident: Incident, columns: Sequence[str]) -> Iterator[pa.Table]:
    """Yield the events of an incident's account in these columns, in pieces. Damaged parts are left out.

    Those that state no organisation lie apart, and are taken where there are no others; they say `unknown`, as a scan's do.
    """
    wanted = Wanted(*span_of(incident), account=incident.account)
    asked = list(dict.fromkeys((*columns, _ORGANISATION)))
    for tenant in dict.fromkeys((incident.tenant, UNKNOWN)):
        is_found = False
        for day in lake.rows_of_days(tenant, wanted, asked):
            for table in day:
                is_found = True
                yield _named(table)
        if is_found:
            return


def _named(table: pa.Table) -> pa.Table:
    """The table with a name in place of no organisation."""
    named = pc.fill_null(table[_ORGANISATION].cast(pa.string()), UNKNOWN)
    return table.set_column(table.column_names.index(_ORGANISATION), _ORGANISATION, named)
