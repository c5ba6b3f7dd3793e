"""Announce each campaign over the organisations of a store once, to whoever gets messages of a watch.

A campaign grows and gets another id with each value that joins. So the values that were announced are remembered: a campaign
with one of them is known.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from seawall.detection.campaigns.campaign import Campaign
from seawall.pipeline.campaigns import find_campaigns_of_store
from seawall.pipeline.live.commit import tell
from seawall.pipeline.live.recipients import Recipients
from seawall.storage.database import Database, Transaction, WriterLease
from seawall_base.times import rfc3339

KNOWN: Final = "announced campaigns"
"""The setting with the shared values that were announced, and when."""

KIND: Final = "campaign.found"
PAUSE: Final = 10 * 60 * 1_000_000
"""Microseconds between two looks at the incidents."""

RECENT: Final = 7 * 24 * 3600 * 1_000_000
"""A campaign whose last incident ended before so many microseconds is history, and is announced to nobody."""

REMEMBERED: Final = 60 * 24 * 3600 * 1_000_000
MOST_ACCOUNTS: Final = 50
_DUTY: Final = 100.0


@dataclass(slots=True)
class CampaignMessages:
    """Look for campaigns from time to time. The more a look costs, the rarer it is."""

    _next: int | None = None

    def work(self, database: Database, writer: WriterLease, targets: Recipients, wall: int) -> None:
        """Queue a message for each campaign that nobody was told of. `wall` is the time in microseconds."""
        if self._next is not None and self._next - PAUSE <= wall < self._next:
            return
        began = time.monotonic()
        with database.reading() as work:
            found = find_campaigns_of_store(work)
        cost = round((time.monotonic() - began) * _DUTY * 1_000_000)
        self._next = wall + max(PAUSE, cost)
        if found:
            with database.writing(writer) as work:
                announce_campaigns(work, found, targets, wall)


def announce_campaigns(
    work: Transaction, campaigns: Iterable[Campaign], targets: Recipients, wall: int
) -> list[Campaign]:
    """Queue a message for each campaign without an announced value, and remember all values; return those that were new."""
    known: dict[str, int] = dict((work.settings.get(KNOWN) or {}).get("values", {}))
    before = dict(known)
    fresh = []
    for one in campaigns:
        keys = [f"{value.field} {value.value}" for value in one.values]
        if not any(key in before for key in keys) and one.last >= wall - RECENT:
            fresh.append(one)
            tell(work, KIND, one.id, describe_campaign(one), targets, at=wall)
        known |= dict.fromkeys(keys, wall)
    known = {key: at for key, at in known.items() if at >= wall - REMEMBERED}
    if known != before:
        work.settings.put(KNOWN, {"values": known})
    return fresh


def describe_campaign(one: Campaign) -> dict[str, Any]:
    """Return the document of a campaign's message: what is shared, and by whom."""
    return {
        "id": one.id,
        "organisations": len(one.tenants),
        "tenants": list(one.tenants),
        "other_organisations": 0,
        "first": rfc3339(one.first),
        "last": rfc3339(one.last),
        "values": [{"field": value.field, "value": value.value} for value in one.values],
        "accounts": [
            {
                "tenant": account.tenant,
                "account": account.account,
                "first": rfc3339(account.first),
                "last": rfc3339(account.last),
                "incident": account.incident,
            }
            for account in one.accounts[:MOST_ACCOUNTS]
        ],
        "accounts_not_listed": max(len(one.accounts) - MOST_ACCOUNTS, 0),
    }
