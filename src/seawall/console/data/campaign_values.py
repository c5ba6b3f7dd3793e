"""Value types of tenants and campaigns in the API, and what somebody who is limited to organisations gets of a campaign. Pure."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from seawall.console.data.incident_values import Count, SeverityName, Time
from seawall.console.data.presentation import time_text
from seawall.console.data.queue_filter import Name, Search
from seawall.console.data.running_values import Severities
from seawall.detection.campaigns.campaign import Campaign, SharedValue
from seawall_base.json_text import clamp_to_finite

_APPLICATION: Final = re.compile(r".*\(([^()]+)\)", re.DOTALL)
_NUMBER: Final = re.compile(r"(AS[0-9]{1,10})(?: |$)")
_DAY: Final = 86_400_000_000


class CampaignQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which campaigns: with `q` in a shared value, or an address inside a shared block; with accounts of `tenant`."""

    q: Search = ""
    tenant: Name | None = None


class TenantRow(msgspec.Struct, frozen=True):
    """An organisation: its active accounts, its open incidents by severity, and the last event of an open one."""

    tenant: str
    accounts: Count
    open: Count
    by_severity: Severities
    last_event: Time | None


class Tenants(msgspec.Struct, frozen=True):
    """The organisations with the most severe open incidents first; `total` counts those that are not shown too."""

    items: list[TenantRow]
    total: Count


class SharedIndicator(msgspec.Struct, frozen=True):
    """A value that a campaign's accounts share. `subject` looks it up, null if it cannot be.

    `others` are further accounts that use it, as far as incidents say; null for somebody who sees some organisations.
    """

    field: str
    value: str
    subject: str | None
    organisations: Count
    accounts: Count
    others: Count | None


class CampaignRow(msgspec.Struct, frozen=True, kw_only=True):
    """A campaign: accounts of several organisations that met the same rare values within days.

    `tenants` are those that the visitor sees, in the order in which they met a value; `other_organisations` counts the
    others. `days` is the span of the sightings. `warn` are those of `tenants` without a raised incident in the campaign.
    """

    id: str
    values: list[SharedIndicator]
    tenants: list[str]
    other_organisations: Count
    accounts: Count
    first_event: Time
    last_event: Time
    days: Annotated[int, Meta(ge=1)]
    score: float
    warn: list[str]


class Campaigns(msgspec.Struct, frozen=True):
    """The campaigns of the last `days` of events, those of most organisations first.

    `organisations` are how many the visitor sees. Below `least_organisations` in the store there can be no campaign.
    """

    items: list[CampaignRow]
    days: Count
    organisations: Count
    least_organisations: Count


class CampaignMember(msgspec.Struct, frozen=True):
    """An account of a campaign, with its incident if it has one."""

    tenant: str
    account: str
    first_event: Time
    last_event: Time
    score: float
    incident: str | None
    severity: SeverityName | None
    raised: bool


class ShowingTenant(msgspec.Struct, frozen=True):
    """An organisation whose stored records show a shared value: how many accounts do. `warned`: it has a raised incident."""

    tenant: str
    accounts: Count
    warned: bool


class CampaignValue(msgspec.Struct, frozen=True):
    """A campaign with its accounts, in order of time, and where else the stored records show its values.

    `is_cut`: the records were not looked through to their end.
    """

    campaign: CampaignRow
    members: list[CampaignMember]
    showing: list[ShowingTenant]
    is_cut: bool


def campaign_row(
    campaign: Campaign, seen: frozenset[str] | None, raised: Collection[str]
) -> CampaignRow | None:
    """Return a campaign for somebody who sees some organisations (None: all); None if it has no account of them.

    `raised` are the ids of incidents that are raised. Of organisations that he does not see he gets their number alone.
    """
    own = [one for one in campaign.accounts if seen is None or one.tenant in seen]
    if not own:
        return None
    tenants = list(dict.fromkeys(one.tenant for one in own))
    warned = {one.tenant for one in own if one.incident in raised}
    first, last = min(one.first for one in own), max(one.last for one in own)
    return CampaignRow(
        id=campaign.id,
        values=[
            _shared_indicator(one, len(tenants), len(own), is_whole=seen is None) for one in campaign.values
        ],
        tenants=tenants,
        other_organisations=len(campaign.tenants) - len(tenants),
        accounts=len(own),
        first_event=time_text(first),
        last_event=time_text(last),
        days=max(last - first, 0) // _DAY + 1,
        score=clamp_to_finite(max(one.score for one in own)),
        warn=[tenant for tenant in tenants if tenant not in warned],
    )


def _shared_indicator(one: SharedValue, tenants: int, accounts: int, *, is_whole: bool) -> SharedIndicator:
    return SharedIndicator(
        one.field,
        one.value if is_whole else _without_name(one),
        find_subject(one.field, one.value),
        one.organisations if is_whole else min(one.organisations, tenants),
        one.accounts if is_whole else min(one.accounts, accounts),
        one.other_accounts if is_whole else None,
    )


def _without_name(one: SharedValue) -> str:
    """Return the value without the name that another organisation's log may have given to an application."""
    found = _APPLICATION.fullmatch(one.value) if one.field == "app" else None
    return one.value if found is None else found[1]


def find_subject(field: str, value: str) -> str | None:
    """Return what looks up a shared value, as `cidr:203.0.113.0/24`, None if it cannot be looked up."""
    if field == "app":
        found = _APPLICATION.fullmatch(value)
        return f"app:{found[1] if found is not None else value}"
    if field == "network":
        number = _NUMBER.match(value)
        return f"network:{value if number is None else number[1]}"
    return {"prefix": f"cidr:{value}", "client": f"client:{value}", "key": f"key:{value}"}.get(field)


def has_indicator(row: CampaignRow, text: str) -> bool:
    """Return whether a campaign shares a value that holds a text, or a block with this address. All words must be found."""
    words = text.casefold().split()
    texts = [f"{one.value}\n{one.subject or ''}".casefold() for one in row.values]
    blocks = [one.value for one in row.values if one.field == "prefix"]
    return all(any(word in each for each in texts) or _is_inside(word, blocks) for word in words)


def _is_inside(word: str, blocks: Collection[str]) -> bool:
    try:
        address = ipaddress.ip_address(word.removeprefix("ip:"))
    except ValueError:
        return False
    return any(_holds(block, address) for block in blocks)


def _holds(block: str, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    try:
        return address in ipaddress.ip_network(block, strict=False)
    except ValueError:
        return False
