"""Find campaigns in incidents: in those of a store, of a folder of results, or of a table.

An incident says which values were new to its account, and how many others of its organisation showed them before. That is
what campaigns need, so no event is read again. It is less than a scan with `--campaigns` knows: an incident tells the values of
its strongest group alone, and accounts that use a value in organisations without such an incident are not counted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

from seawall.detection.campaigns.campaign import Campaign
from seawall.detection.campaigns.merge import merge_clusters, name_incidents
from seawall.detection.campaigns.sightings import (
    CAMPAIGN_FIELDS,
    COMMON_ACCOUNTS,
    COMMON_SHARE,
    LEAST_ORGANISATIONS,
    LEAST_SHARE,
    SharedSighting,
    ValueCluster,
    split_by_time,
)
from seawall.detection.feedback.columns import normalise_value
from seawall.detection.incident import Incident

MOST_INCIDENTS_OF_VALUE: Final = 500
"""A value that more incidents show is common, and is left out."""


@dataclass(frozen=True, slots=True)
class _Showing:
    """One incident that shows a value new to its account: where, the words, and how many others showed it before."""

    sighting: SharedSighting
    words: str
    others: int


def find_campaigns(incidents: Collection[Incident]) -> tuple[Campaign, ...]:
    """Return the campaigns of incidents, most organisations first, with the ids of the accounts' incidents."""
    return name_incidents(merge_clusters(find_clusters(incidents)), incidents)


def find_clusters(incidents: Iterable[Incident]) -> list[ValueCluster]:
    """Return the values that incidents of several organisations met within days, in order of field and value."""
    showing: dict[tuple[str, str], list[_Showing]] = defaultdict(list)
    for incident in incidents:
        for row in incident.usual:
            common = max(COMMON_ACCOUNTS, COMMON_SHARE * row.peers)
            if row.aspect in CAMPAIGN_FIELDS and row.now and row.seen_days <= 0 and row.peers_with <= common:
                one = SharedSighting(
                    incident.tenant,
                    incident.account,
                    incident.first_event,
                    incident.last_event,
                    incident.score,
                )
                key = row.aspect, normalise_value(row.aspect, row.now)
                showing[key].append(_Showing(one, row.now, row.peers_with))
    found: list[ValueCluster] = []
    for (field, _), shown in showing.items():
        if (
            len({one.sighting.tenant for one in shown}) < LEAST_ORGANISATIONS
            or len(shown) > MOST_INCIDENTS_OF_VALUE
        ):
            continue
        words = max(one.words for one in shown)
        for cluster in split_by_time(_list_first(shown)):
            others = _count_others(shown, cluster)
            if others <= len(cluster) * (1 / LEAST_SHARE - 1):
                found.append(ValueCluster(field, words, cluster, others))
    return sorted(found, key=lambda one: (one.field, one.value, one.sightings[0].first))


def _list_first(shown: Iterable[_Showing]) -> list[SharedSighting]:
    """Return each account's first sighting, of the highest score."""
    best: dict[tuple[str, str], SharedSighting] = {}
    for one in sorted((each.sighting for each in shown), key=lambda each: (each.first, -each.score)):
        best.setdefault((one.tenant, one.account), one)
    return list(best.values())


def _count_others(shown: Iterable[_Showing], cluster: Collection[SharedSighting]) -> int:
    """Return how many accounts besides the campaign's showed the value before, as far as the incidents say."""
    before: dict[str, int] = defaultdict(int)
    for one in shown:
        tenant, first = one.sighting.tenant, one.sighting.first
        earlier = {each.account for each in cluster if each.tenant == tenant and each.first < first}
        before[tenant] = max(before[tenant], one.others - len(earlier))
    return sum(before.values())
