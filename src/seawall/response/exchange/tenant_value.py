"""Define what a store or scan knows of an intruder's value, before anything is decided about passing it on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from seawall.detection.campaigns.campaign import Campaign
from seawall.response.scope_values import IndicatorKind

_KINDS: dict[str, IndicatorKind] = {
    "app": "app",
    "key": "key",
    "prefix": "address",
    "network": "network",
}
"""The kind of indicator of each field of a campaign. A client is no indicator: too many people use it."""


@dataclass(frozen=True, slots=True)
class TenantValue:
    """A value of an intruder, in how many organisations it was seen, and when (microseconds since 1970)."""

    kind: IndicatorKind
    value: str
    organisations: int
    first: int
    last: int


def list_campaign_values(campaigns: Iterable[Campaign]) -> list[TenantValue]:
    """Return the values of campaigns, each once, in order. A value of several campaigns counts those of the largest one."""
    found: dict[tuple[IndicatorKind, str], TenantValue] = {}
    for campaign in campaigns:
        for shared in campaign.values:
            kind = _KINDS.get(shared.field)
            if kind is None:
                continue
            text = _plain_value(shared.field, shared.value)
            if kind == "network" and "/" in text:
                kind = "address"  # the network has no known number
            seen = min(shared.organisations, len(campaign.tenants))
            one = TenantValue(kind, text, seen, campaign.first, campaign.last)
            known = found.get((kind, text))
            found[kind, text] = one if known is None else _widen(known, one)
    return [found[key] for key in sorted(found)]


def _plain_value(field: str, value: str) -> str:
    """Return the value without the name that readers see beside it: the logs' names may tell whose it is."""
    if field == "app" and value.endswith(")"):
        return value[value.rfind("(") + 1 : -1]
    if field == "network" and value.startswith("AS"):
        return value.partition(" ")[0]
    return value


def _widen(one: TenantValue, other: TenantValue) -> TenantValue:
    return replace(
        one,
        organisations=max(one.organisations, other.organisations),
        first=min(one.first, other.first),
        last=max(one.last, other.last),
    )
