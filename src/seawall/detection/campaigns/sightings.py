"""Collect what candidates meet for the first time, and find values that candidates of several organisations share.

Only candidates are counted: groups that detection keeps because they are unusual for their account. So memory is bounded by
the number of candidates, which a scan keeps anyway.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from seawall.detection.behaviour.detector import BehaviourDetector
from seawall.detection.behaviour.fields import FIELD_NAMES
from seawall.detection.ranking.engine import ScoredDay
from seawall.detection.ranking.kept_groups import KeptGroups
from seawall.events.applications import label_application
from seawall.events.coded_batch import MISSING, Codes, Floats, Times, Vocabulary
from seawall.events.grouping import Rows

CAMPAIGN_FIELDS = ("app", "key", "prefix", "network", "client")
"""Fields whose values an intruder may carry from one organisation to the next. Countries and operations tell nothing."""

LEAST_ORGANISATIONS = 3
"""Fewest organisations of a campaign. Two share a value by chance too often."""

WINDOW_DAYS = 7
"""Days within which so many organisations must meet the value."""

LEAST_SHARE = 0.5
"""Least share of all accounts with the value that belong to the campaign. Below it, ordinary accounts use the value too."""

COMMON_SHARE = 0.02
COMMON_ACCOUNTS = 3.0
"""A value that more accounts than both already used in the account's organisation is not new there."""

_COLUMN = {
    "app": "app_uid",
    "key": "key_uid",
    "prefix": "src_prefix",
    "network": "network",
    "client": "client",
}
_PLACES = tuple(FIELD_NAMES.index(name) for name in CAMPAIGN_FIELDS)
_DAY = 86_400_000_000


@dataclass(frozen=True, slots=True)
class SharedSighting:
    """One account that met a value: who, from when to when (microseconds since 1970), and how it scored."""

    tenant: str
    account: str
    first: int
    last: int
    score: float

    @property
    def day(self) -> int:
        """Return the day since 1970."""
        return self.first // _DAY


@dataclass(frozen=True, slots=True)
class ValueCluster:
    """Accounts of several organisations that met one value within days. `others` use it besides."""

    field: str
    value: str
    sightings: tuple[SharedSighting, ...]
    others: int


@dataclass(frozen=True, slots=True)
class _DaySightings:
    """The n values that candidates of a day met for the first time. All arrays are (n,)."""

    field: Codes
    value: Codes
    tenant: Codes
    account: Codes
    first: Times
    last: Times
    score: Floats


class CandidateSightings:
    """Collect the new and rare values of candidates, day by day."""

    def __init__(self) -> None:
        self._days: list[_DaySightings] = []
        self._vocabularies: Mapping[str, Vocabulary] = {}

    def observe(self, scored: ScoredDay) -> None:
        """Add the candidates of a scored day."""
        self.take(scored.groups_kept)

    def take(self, kept: KeptGroups | None) -> None:
        """Add the candidates of one day."""
        if kept is None:
            return
        self._vocabularies = kept.vocabularies
        rows, fields = _find_new(kept)
        values = kept.fields.values[rows, np.array(_PLACES)[fields]]
        self._days.append(
            _DaySightings(
                fields.astype(np.int32),
                values.astype(np.int32),
                kept.organisation[rows],
                kept.account[rows],
                kept.events.first[rows],
                kept.events.last[rows],
                kept.score[rows],
            )
        )

    def find(self, behaviour: BehaviourDetector) -> list[ValueCluster]:
        """Return the values that candidates of several organisations met within days, in order of field and value.

        `behaviour` has learnt all days: it tells how many accounts of all organisations use each value.
        """
        if not self._days:
            return []
        found = []
        for number, field in enumerate(CAMPAIGN_FIELDS):
            own = _concatenate(self._days, number)
            usage = behaviour.counts[field].tenant
            value = (usage.keys & np.uint64(0xFFFFFFFF)).astype(np.int64)
            users = np.bincount(value, usage.values[:, 0]) if len(value) else np.zeros(0)
            for code, rows in _find_shared(own.value, own.tenant):
                sightings = self._list_sightings(own, rows)
                for cluster in split_by_time(sightings):
                    others = round(float(users[code])) - len(cluster)
                    if others <= len(cluster) * (1 / LEAST_SHARE - 1):
                        text = self._describe(field, code, own.tenant[rows], behaviour)
                        found.append(ValueCluster(field, text, cluster, max(others, 0)))
        return sorted(found, key=lambda one: (one.field, one.value, one.sightings[0].first))

    def _list_sightings(self, own: _DaySightings, rows: Rows) -> list[SharedSighting]:
        """Return each account's first sighting, with its highest score."""
        texts = self._vocabularies
        best: dict[tuple[str, str], SharedSighting] = {}
        for row in rows.tolist():
            one = SharedSighting(
                texts["org_uid"].text(int(own.tenant[row])),
                texts["account"].text(int(own.account[row])),
                int(own.first[row]),
                int(own.last[row]),
                float(own.score[row]),
            )
            known = best.get((one.tenant, one.account))
            if known is None or (one.first, -one.score) < (known.first, -known.score):
                best[one.tenant, one.account] = one
        return list(best.values())

    def _describe(self, field: str, code: int, tenants: Codes, behaviour: BehaviourDetector) -> str:
        text = self._vocabularies[_COLUMN[field]].text(code)
        if field != "app":
            return text
        keys = (np.unique(tenants).astype(np.int64) << 32) | code
        return label_application(text, max(behaviour.derived.app_names(keys).values(), default=None))


def _find_new(kept: KeptGroups) -> tuple[Rows, Rows]:
    """Return pairs of a group and a place in `CAMPAIGN_FIELDS`, (n,) each, whose value the account never showed before.

    Values that many accounts of the organisation already show are left out.
    """
    values = kept.fields.values[:, list(_PLACES)]
    numbers = np.stack([kept.fields.numbers.row(row) for row in range(len(kept))])
    numbers = numbers.reshape(len(kept), -1, 4)[:, list(_PLACES)]
    common = np.maximum(COMMON_ACCOUNTS, COMMON_SHARE * kept.fields.peers)[:, None]
    is_new = (values != MISSING) & (numbers[:, :, 0] <= 0) & (numbers[:, :, 1] <= common)
    rows, places = np.nonzero(is_new)
    return rows, places


def _concatenate(days: Sequence[_DaySightings], field: int) -> _DaySightings:
    parts = [(day, day.field == field) for day in days]
    return _DaySightings(
        *(
            np.concatenate([getattr(day, name)[mask] for day, mask in parts])
            for name in _DaySightings.__slots__
        )
    )


def _find_shared(value: Codes, tenant: Codes) -> Iterator[tuple[int, Rows]]:
    """Yield each value that enough organisations show, with its rows."""
    order = np.lexsort((tenant, value))
    bounds = np.flatnonzero(np.diff(value[order], prepend=-2, append=-2))
    for begin, end in pairwise(bounds.tolist()):
        rows = order[begin:end]
        if len(np.unique(tenant[rows])) >= LEAST_ORGANISATIONS:
            yield int(value[rows[0]]), rows


def split_by_time(sightings: Iterable[SharedSighting]) -> list[tuple[SharedSighting, ...]]:
    """Return the sightings around each window in which enough organisations meet the value, in order of time.

    Windows that overlap are one. Sightings outside all windows are left out.
    """
    ordered = sorted(sightings, key=lambda one: (one.first, one.tenant, one.account))
    is_within = [False] * len(ordered)
    end = 0
    for begin, one in enumerate(ordered):
        end = max(end, begin)
        while end < len(ordered) and ordered[end].day < one.day + WINDOW_DAYS:
            end += 1
        if len({other.tenant for other in ordered[begin:end]}) >= LEAST_ORGANISATIONS:
            is_within[begin:end] = [True] * (end - begin)
    clusters: list[list[SharedSighting]] = []
    for one, within in zip(ordered, is_within, strict=True):
        if not within:
            continue
        if not clusters or one.day >= clusters[-1][-1].day + WINDOW_DAYS:
            clusters.append([])
        clusters[-1].append(one)
    return [tuple(cluster) for cluster in clusters]
