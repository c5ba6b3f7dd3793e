"""List organisations with their open incidents, and campaigns over them; show who to warn.

Campaigns are found in the incidents of all organisations. Whoever is limited to some gets his own accounts of them,
and how many other organisations there are: no name, no time and no count of theirs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Final, cast

from seawall.console.api_error import not_found
from seawall.console.data.campaign_values import (
    CampaignMember,
    CampaignQuery,
    CampaignRow,
    Campaigns,
    CampaignValue,
    ShowingTenant,
    TenantRow,
    Tenants,
    campaign_row,
    find_subject,
    has_indicator,
)
from seawall.console.data.incident_values import SeverityName
from seawall.console.data.lake_pages import cache_by_state
from seawall.console.data.presentation import time_or_none, time_text
from seawall.console.data.running_values import Severities
from seawall.console.data.slow_values import SlowValueCache, slow_value_cache
from seawall.console.data.summary import count_accounts
from seawall.console.endpoint import ApiCall, Endpoint
from seawall.console.tenant_access import get_tenant_access
from seawall.detection.campaigns.campaign import Campaign
from seawall.detection.campaigns.sightings import LEAST_ORGANISATIONS, WINDOW_DAYS
from seawall.pipeline.campaigns import DAYS, find_campaigns_of_store
from seawall.response.look_up import parse_subject
from seawall.response.look_up.stored import LookUpSpan, look_up_in_lake
from seawall_base.errors import UsageError
from seawall_base.json_text import clamp_to_finite

if TYPE_CHECKING:
    from seawall.console.context import ConsoleContext
    from seawall.storage.database import Transaction

MOST_TENANTS: Final = 2_000
MOST_CAMPAIGNS: Final = 500
MOST_SUBJECTS: Final = 3
MOST_ACCOUNTS: Final = 2_000
SECONDS: Final = 15.0
"""Time for looking through the stored records of a campaign's values."""

_DAY: Final = 86_400_000_000
_ORDER: Final = ("critical", "high", "medium", "low")


@dataclass(frozen=True, slots=True)
class _Found:
    """The campaigns of the whole store, and the incidents in them that are raised, with their severity."""

    campaigns: tuple[Campaign, ...]
    severities: dict[str, str]
    raised: frozenset[str]


def list_tenants(call: ApiCall) -> Tenants:
    """List the organisations that have active accounts or open incidents."""
    with call.context.database.reading() as work:
        accounts, _ = count_accounts(work)
        opened = work.incidents.open_by_tenant()
    rows = [
        TenantRow(
            tenant,
            accounts.get(tenant, 0),
            sum(counts.values()),
            Severities(**{name: counts.get(name, 0) for name in _ORDER}),
            time_or_none(last or None),
        )
        for tenant in {*accounts, *opened}
        for counts, last in [opened.get(tenant, ({}, 0))]
    ]
    rows.sort(key=lambda row: ([-getattr(row.by_severity, name) for name in _ORDER], row.tenant))
    return Tenants(rows[:MOST_TENANTS], len(rows))


def list_campaigns(call: ApiCall) -> Campaigns:
    """List the campaigns that share an indicator, or all."""
    asked: CampaignQuery = call.query
    found = _find(call)
    rows = [
        row
        for one in found.campaigns
        if (row := campaign_row(one, call.context.organisations, found.raised)) is not None
        and has_indicator(row, asked.q)
        and (asked.tenant is None or asked.tenant in row.tenants)
    ]
    with call.context.database.reading() as work:
        seen = len(count_accounts(work)[0])
    return Campaigns(rows[:MOST_CAMPAIGNS], DAYS, seen, LEAST_ORGANISATIONS)


def show_campaign(call: ApiCall) -> CampaignValue:
    """Return a campaign, its accounts, and the organisations whose stored records show its values."""
    found = _find(call)
    campaign = next((one for one in found.campaigns if one.id == call.path["id"]), None)
    row = None if campaign is None else campaign_row(campaign, call.context.organisations, found.raised)
    if campaign is None or row is None:
        raise not_found("such campaign")
    members = [
        CampaignMember(
            one.tenant,
            one.account,
            time_text(one.first),
            time_text(one.last),
            clamp_to_finite(one.score),
            one.incident or None,
            cast("SeverityName | None", found.severities.get(one.incident)),
            one.incident in found.raised,
        )
        for one in campaign.accounts
        if one.tenant in row.tenants
    ]
    showing, is_cut = _find_showing(call.context, campaign, row)
    return CampaignValue(row, members, showing, is_cut)


def _find(call: ApiCall) -> _Found:
    """Return the campaigns of the whole store, at most a minute old."""
    whole = get_tenant_access(call.context).whole
    kept: SlowValueCache[_Found] = slow_value_cache(whole, "campaigns")
    return kept.get("all", call.now, lambda: _find_anew(whole))


def _find_anew(whole: ConsoleContext) -> _Found:
    with whole.database.reading() as work:
        revision = work.incidents.revision()
        return cache_by_state(whole, "campaigns", "all", revision, lambda: _read(work))


def _read(work: Transaction) -> _Found:
    campaigns = find_campaigns_of_store(work)
    rows = [row for id_ in _list_ids(campaigns) if (row := work.incidents.row(id_)) is not None]
    raised = frozenset(row.id for row in rows if row.raised or row.announced_at is not None)
    return _Found(campaigns, {row.id: row.severity for row in rows}, raised)


def _list_ids(campaigns: tuple[Campaign, ...]) -> list[str]:
    return sorted({one.incident for campaign in campaigns for one in campaign.accounts if one.incident})


def _find_showing(
    context: ConsoleContext, campaign: Campaign, row: CampaignRow
) -> tuple[list[ShowingTenant], bool]:
    """Return the organisations whose stored records show a value, as far as the visitor sees them."""
    lake = context.lake
    if lake is None:
        return [], False
    may_continue, accounts, is_cut = _within(SECONDS), dict[str, set[str]](), False
    own = [one for one in campaign.accounts if one.tenant in row.tenants]
    start = min(one.first for one in own) - WINDOW_DAYS * _DAY
    end = max(one.last for one in own) + WINDOW_DAYS * _DAY
    for one in campaign.values[:MOST_SUBJECTS]:
        text = find_subject(one.field, one.value)
        try:
            subject = None if text is None else parse_subject(text)
        except UsageError:
            continue
        if subject is None:
            continue
        span = LookUpSpan(None, max(start, 0), end, may_continue=may_continue)
        seen = look_up_in_lake(lake, subject, span, most=MOST_ACCOUNTS)
        is_cut = is_cut or seen.is_cut
        for value in seen.fields["accounts"].values:
            accounts.setdefault(value.tenant, set()).add(value.value)
    found = [
        ShowingTenant(tenant, len(names), tenant in row.tenants and tenant not in row.warn)
        for tenant, names in sorted(accounts.items())
    ]
    return found, is_cut or len(campaign.values) > MOST_SUBJECTS


def _within(seconds: float) -> Callable[[], bool]:
    ends = monotonic() + seconds
    return lambda: monotonic() < ends


ENDPOINTS: Final = (
    Endpoint(
        method="GET",
        path="/api/tenants",
        handle=list_tenants,
        role="viewer",
        tenants="own",
        summary="Organisations with their open incidents, the most severe first",
        group="campaigns",
        answer=Tenants,
    ),
    Endpoint(
        method="GET",
        path="/api/campaigns",
        handle=list_campaigns,
        role="viewer",
        tenants="own",
        summary="Campaigns over several organisations: shared indicators, who met them first, and who to warn",
        group="campaigns",
        query=CampaignQuery,
        answer=Campaigns,
        seconds=60.0,
        is_heavy=True,
    ),
    Endpoint(
        method="GET",
        path="/api/campaigns/{id}",
        handle=show_campaign,
        role="viewer",
        tenants="own",
        summary="One campaign with its accounts, and the organisations whose records show its values",
        group="campaigns",
        answer=CampaignValue,
        seconds=60.0,
        is_heavy=True,
        codes=((404, "not-found"),),
    ),
)
