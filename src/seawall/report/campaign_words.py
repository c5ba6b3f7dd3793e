"""Say campaigns in words, for terminal and page; and for one organisation, without the names of the others."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from seawall.detection.campaigns.campaign import Campaign, SharedValue
from seawall.report.incident_words import aspect_name
from seawall_base.plurals import plural
from seawall_base.times import span_text

MOST_ACCOUNTS = 30
"""Accounts of a campaign that page and terminal show; `campaigns.jsonl` holds them all."""


def headline(campaign: Campaign) -> str:
    """Return organisations, accounts and period."""
    return (
        f"{plural(len(campaign.tenants), 'organisation')}, {plural(len(campaign.accounts), 'account')}, "
        f"{span_text(campaign.first, campaign.last)} UTC"
    )


def value_text(shared: SharedValue) -> str:
    """Return a shared value, and how many accounts use it."""
    others = (
        f"{plural(shared.other_accounts, 'other account')} use{'s' * (shared.other_accounts == 1)} it"
        if shared.other_accounts
        else "no other account uses it"
    )
    return (
        f"{aspect_name(shared.field)} {shared.value}: new to {plural(shared.accounts, 'account')} of "
        f"{plural(shared.organisations, 'organisation')}; {others}"
    )


def narrow_to(campaigns: Iterable[Campaign], tenant: str) -> list[tuple[Campaign, int]]:
    """Return the campaigns of one organisation with its own accounts alone, and how many other organisations each has."""
    found = []
    for one in campaigns:
        own = tuple(account for account in one.accounts if account.tenant == tenant)
        if own:
            found.append((replace(one, accounts=own), len(one.tenants) - 1))
    return found
