"""Turn shared values into campaigns: values of the same accounts are one campaign."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from seawall.detection.campaigns.campaign import Campaign, CampaignAccount, SharedValue
from seawall.detection.campaigns.sightings import ValueCluster
from seawall.detection.incident import Incident

Key = tuple[str, str]
"""Organisation and account."""


MOST_CLUSTERS = 1_000
"""Most shared values that are compared with each other: those of most organisations and accounts."""

ALIKE = 0.5
"""Share of common accounts, of all accounts of both, from which two values are of one campaign."""

LEAST_SCORE = -4.0
"""Least score, in log-odds, of the campaign's highest account. Where all score less, unusual people share a provider.

A shared credential key needs no score: nobody has it by chance.
"""


def merge_clusters(clusters: Sequence[ValueCluster]) -> list[Campaign]:
    """Return campaigns, most organisations first. Values of nearly the same accounts are one campaign, in whatever order."""
    ordered = sorted(clusters, key=_size)[:MOST_CLUSTERS]
    found = [_campaign(members) for members in _connect(ordered)]
    found = [
        one for one in found if one.score >= LEAST_SCORE or any(each.field == "key" for each in one.values)
    ]
    return sorted(
        found, key=lambda one: (-len(one.tenants), -len(one.accounts), -one.score, one.first, one.id)
    )


def _size(cluster: ValueCluster) -> tuple[int, int, str, str, int]:
    tenants = {one.tenant for one in cluster.sightings}
    first = cluster.sightings[0].first
    return -len(tenants), -len(cluster.sightings), cluster.field, cluster.value, first


def _connect(clusters: Sequence[ValueCluster]) -> list[list[ValueCluster]]:
    """Return the clusters as lists of those that are alike, also through others."""
    accounts = [{(one.tenant, one.account) for one in cluster.sightings} for cluster in clusters]
    left, found = list(range(len(clusters))), []
    while left:
        reached = [left.pop(0)]
        for place in reached:
            near = [other for other in left if _overlap_enough(accounts[place], accounts[other])]
            reached += near
            left = [other for other in left if other not in near]
        found.append([clusters[place] for place in reached])
    return found


def _overlap_enough(one: set[Key], other: set[Key]) -> bool:
    return len(one & other) >= ALIKE * len(one | other)


def _campaign(clusters: Sequence[ValueCluster]) -> Campaign:
    values = sorted(
        (
            SharedValue(
                one.field,
                one.value,
                len({sighting.tenant for sighting in one.sightings}),
                len(one.sightings),
                one.others,
            )
            for one in clusters
        ),
        key=lambda value: (-value.organisations, -value.accounts, value.field, value.value),
    )
    accounts: dict[Key, CampaignAccount] = {}
    for cluster in clusters:
        for one in cluster.sightings:
            key = one.tenant, one.account
            known = accounts.get(key)
            accounts[key] = CampaignAccount(
                one.tenant,
                one.account,
                one.first if known is None else min(one.first, known.first),
                one.last if known is None else max(one.last, known.last),
                one.score if known is None else max(one.score, known.score),
            )
    ordered = tuple(sorted(accounts.values(), key=lambda one: (one.first, one.tenant, one.account)))
    text = "\0".join([*(f"{value.field}\0{value.value}" for value in values), str(ordered[0].first)])
    return Campaign(hashlib.blake2b(text.encode(), digest_size=6).hexdigest(), tuple(values), ordered)


def name_incidents(campaigns: Iterable[Campaign], incidents: Iterable[Incident]) -> tuple[Campaign, ...]:
    """Return the campaigns with the id of each account's incident: the highest of those that overlap in time."""
    by_account: dict[Key, list[Incident]] = defaultdict(list)
    for incident in incidents:
        by_account[incident.tenant, incident.account].append(incident)

    def name(one: CampaignAccount) -> CampaignAccount:
        near = [
            incident
            for incident in by_account.get((one.tenant, one.account), ())
            if incident.first_event <= one.last and incident.last_event >= one.first
        ]
        best = max(near, key=lambda incident: (incident.score, incident.id), default=None)
        return one if best is None else replace(one, incident=best.id)

    return tuple(replace(one, accounts=tuple(map(name, one.accounts))) for one in campaigns)
