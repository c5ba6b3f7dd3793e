"""Hold what each account's own events of a day give, as tables whose rows can be replaced account by account."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from seawall.detection.behaviour.day import GroupedDay
from seawall.detection.behaviour.detector import BehaviourDetector, BehaviourGroups
from seawall.detection.incidents.coverage import find_mail, pack_hours
from seawall.detection.lineage.detector import LineageEvidence
from seawall.detection.lineage.session_uses import SessionUses, SignInCounts
from seawall.detection.ranking.features import join_own
from seawall.detection.ranking.refusals import (
    RefusedAttempts,
    find_refused,
    list_tried_actors,
    summarise_refused,
)
from seawall.detection.rules.detector import SPRAY_RULE, BuiltinHits
from seawall.detection.rules.sigma.correlations import CorrelationHits
from seawall.detection.rules.sprays import SignInColumns, find_failures, find_successes, take_sign_ins
from seawall.events.coded_batch import MISSING, Bools, CodedBatch, Codes, pair_keys
from seawall.events.grouping import Rows, starts

PRIOR = ("seen", "total", "distinct", "idle", "accounts", "tenant_total", "tenant_distinct", "adopting")
"""Counts of pairs that do not depend on other accounts of the day: all but `cohort`."""

Examined = tuple[BehaviourGroups, LineageEvidence, BuiltinHits]
Column = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class OwnedRows:
    """Hold n rows: the account of each, int32 (n,), and columns (n,) or (n, …)."""

    owner: Codes
    columns: dict[str, Column]

    def __len__(self) -> int:
        return len(self.owner)

    def __getitem__(self, name: str) -> Column:
        return self.columns[name]

    def take(self, rows: Rows) -> OwnedRows:
        """Return the given rows."""
        return OwnedRows(self.owner[rows], {name: column[rows] for name, column in self.columns.items()})

    def replace(self, is_stale: Bools, fresh: OwnedRows) -> OwnedRows:
        """Return the rows without those of stale accounts, then fresh ones. The last place of `is_stale` is for MISSING."""
        kept = np.flatnonzero(~is_stale[self.owner])
        return OwnedRows(
            np.concatenate([self.owner[kept], fresh.owner]),
            {
                name: np.concatenate([column[kept], fresh.columns[name]])
                for name, column in self.columns.items()
            },
        )


def tabulate(
    batch: CodedBatch,
    origin: Rows,
    examined: Examined,
    correlated: Sequence[CorrelationHits],
    behaviour: BehaviourDetector,
) -> dict[str, OwnedRows]:
    """Return the tables of a batch with all events of its accounts.

    `origin` (n,) is the number of each event's record, `correlated` the hits of each Sigma correlation. `behaviour` knows the
    days before.
    """
    groups, lineage, hits = examined
    tables = {"groups": _tabulate_groups(groups, lineage, hits)}
    tables |= {f"pairs.{name}": _tabulate_pairs(groups, name) for name in groups.pairs}
    tables["uses"], tables["sign_ins"] = _own_columns(lineage.uses), _own_columns(lineage.sign_ins)
    tables["blocks"] = _tabulate_blocks(groups)
    tables["failures"], tables["successes"] = _tabulate_failures(batch), _tabulate_successes(batch, hits)
    tables["hits"] = OwnedRows(
        batch.actor[hits.row],
        {"tenant": _organisation(batch)[hits.row], "rule": hits.rule, "evidence": hits.evidence},
    )
    is_refused = find_refused(groups.day, behaviour, list_tried_actors(batch))
    tables["refused"] = _tabulate_refused(groups.day, is_refused)
    tables["marked"], tables["chains"] = _tabulate_sigma(groups, origin, correlated, is_refused)
    tables["names"] = _tabulate_names(batch)
    return tables | _tabulate_coverage(batch)


def _organisation(batch: CodedBatch) -> Codes:
    return batch.codes["org_uid"].astype(np.int32)


def _is_person(batch: CodedBatch) -> Bools:
    return np.asarray((batch.actor != MISSING) & ~batch.one_of("account_type", ("system",)))


def _tabulate_groups(groups: BehaviourGroups, lineage: LineageEvidence, hits: BuiltinHits) -> OwnedRows:
    day = groups.day
    return OwnedRows(
        day.actor,
        {
            "network": day.network,
            "tenant": day.tenant,
            "account": day.batch.codes["account"][day.row].astype(np.int32),
            "first": day.first,
            "last": day.last,
            "values": join_own(groups, lineage, hits),
        },
    )


def _own_columns(rows: SessionUses | SignInCounts) -> OwnedRows:
    names = [field.name for field in fields(rows) if field.name != "owner"]
    return OwnedRows(rows.owner, {name: getattr(rows, name) for name in names})


def _tabulate_pairs(groups: BehaviourGroups, name: str) -> OwnedRows:
    pairs = groups.pairs[name]
    looked = np.stack([getattr(pairs.looked, count) for count in PRIOR], axis=1)
    network = groups.day.network[pairs.group]
    return OwnedRows(
        groups.day.actor[pairs.group], {"network": network, "value": pairs.value, "looked": looked}
    )


def _tabulate_blocks(groups: BehaviourGroups) -> OwnedRows:
    """Return the distinct address blocks of each group."""
    day, batch = groups.day, groups.day.batch
    rows = np.flatnonzero((day.group != MISSING) & (batch.codes["src_prefix"] != MISSING))
    keys = pair_keys(batch.codes["org_uid"][rows], batch.codes["src_prefix"][rows])
    group, keys = _distinct_pairs(day.group[rows], keys)
    return OwnedRows(day.actor[group], {"network": day.network[group], "block": keys})


def _tabulate_failures(batch: CodedBatch) -> OwnedRows:
    """Return failed sign-ins; those of the day before come from the state."""
    return _own_sign_ins(take_sign_ins(batch, np.flatnonzero(find_failures(batch))), {})


def _tabulate_successes(batch: CodedBatch, hits: BuiltinHits) -> OwnedRows:
    """Return successful sign-ins from a known address, and whether each was taken to follow a spray."""
    rows = np.flatnonzero(find_successes(batch) & _is_person(batch) & (batch.codes["src_prefix"] != MISSING))
    follows = np.zeros(len(batch), bool)
    follows[hits.row[hits.rule == SPRAY_RULE]] = True
    return _own_sign_ins(take_sign_ins(batch, rows), {"follows_spray": follows[rows]})


def _own_sign_ins(found: SignInColumns, columns: dict[str, Column]) -> OwnedRows:
    return OwnedRows(
        found.actor, {"tenant": found.tenant, "prefix": found.block, "time": found.time, **columns}
    )


def read_sign_ins(table: OwnedRows) -> SignInColumns:
    """Return the sign-ins of the table of failures or of successes."""
    return SignInColumns(table["tenant"], table["prefix"], table.owner, table["time"])


def _tabulate_sigma(
    groups: BehaviourGroups, origin: Rows, correlated: Sequence[CorrelationHits], is_refused: Bools
) -> tuple[OwnedRows, OwnedRows]:
    """Return the events that rules match, in order, and the hits of correlations at them."""
    day, batch = groups.day, groups.day.batch
    codes = batch.codes["rules"].astype(np.int32)
    is_marked = codes != MISSING
    for hits in correlated:
        is_marked[hits.row] = True
    rows = np.flatnonzero(is_marked)
    at = day.evidence_row[rows]
    marked = OwnedRows(
        batch.actor[rows],
        {
            "origin": origin[rows],
            "time": batch.time[rows],
            "identity": batch.hash_column("metadata_uid")[rows],
            "tenant": _organisation(batch)[rows],
            "is_person": _is_person(batch)[rows],
            "is_grouped": day.group[at] != MISSING,
            "is_refused": is_refused[rows],
            "network": day.columns["network"][at],
            "rules": codes[rows],
        },
    )
    each = [*correlated, *([] if correlated else [_NO_HITS])]
    row = np.concatenate([hits.row for hits in each])
    columns = {
        name: np.concatenate([getattr(hits, name) for hits in each])
        for name in ("time", "tenant", "group", "value", "rule")
    }
    place = np.repeat(np.arange(len(each)), [len(hits.row) for hits in each])
    return marked, OwnedRows(batch.actor[row], {**columns, "correlation": place, "origin": origin[row]})


def _tabulate_refused(day: GroupedDay, is_refused: Bools) -> OwnedRows:
    """Return the attempts by account that gained nothing."""
    found = summarise_refused(day, is_refused)
    columns = {
        field.name: getattr(found, field.name) for field in fields(RefusedAttempts) if field.name != "actor"
    }
    return OwnedRows(found.actor, columns)


_NO_HITS = CorrelationHits(
    np.zeros(0, np.int64),
    np.zeros(0, np.int64),
    np.zeros(0, np.uint64),
    np.zeros(0, np.uint64),
    np.zeros(0, np.uint64),
    np.zeros(0, np.int64),
)


def _tabulate_names(batch: CodedBatch) -> OwnedRows:
    """Return the names of applications that each account's records state."""
    app, name = batch.codes["app_uid"], batch.codes["app_name"]
    rows = np.flatnonzero((app != MISSING) & (name != MISSING))
    actor, names = batch.actor[rows], name[rows].astype(np.int32)
    apps = pair_keys(batch.codes["org_uid"][rows], app[rows])
    order = np.lexsort((names, apps, actor))
    actor, apps, names = actor[order], apps[order], names[order]
    begins = starts(actor) | starts(apps) | starts(names)
    return OwnedRows(actor[begins], {"app": apps[begins], "name": names[begins]})


def _tabulate_coverage(batch: CodedBatch) -> dict[str, OwnedRows]:
    """Return what coverage needs of each account's events, and their numbers."""
    person = np.flatnonzero(_is_person(batch))
    actor, tenant = _distinct_pairs(batch.actor[person], _organisation(batch)[person])
    owner, hours = _distinct_pairs(batch.actor, pack_hours(batch))
    mail, linked = find_mail(batch)
    pairs, place = np.unique(pair_keys(batch.actor[mail], batch.codes["org_uid"][mail]), return_inverse=True)
    place = place.reshape(-1)
    throttled = np.flatnonzero(batch.numbers["is_throttled"] == 1)
    actors, counts = np.unique(batch.actor, return_counts=True)
    return {
        "persons": OwnedRows(actor, {"tenant": tenant}),
        "hours": OwnedRows(owner, {"hour": hours}),
        "mail": OwnedRows(
            (pairs >> np.uint64(32)).astype(np.uint32).view(np.int32),
            {
                "tenant": pairs.astype(np.uint32).view(np.int32),
                "linked": np.bincount(place, linked[mail], len(pairs)).astype(np.int64),
                "total": np.bincount(place, minlength=len(pairs)).astype(np.int64),
            },
        ),
        "throttled": OwnedRows(
            batch.actor[throttled],
            {
                "tenant": _organisation(batch)[throttled],
                "account": batch.codes["account"][throttled].astype(np.int32),
                "time": batch.time[throttled],
            },
        ),
        "counts": OwnedRows(actors.astype(np.int32), {"events": counts.astype(np.int64)}),
    }


def _distinct_pairs(left: Codes, right: Column) -> tuple[Codes, Column]:
    """Return the distinct pairs, ordered by left, then right."""
    order = np.lexsort((right, left))
    left, right = left[order], right[order]
    begins = starts(left) | starts(right)
    return left[begins], right[begins]


def sort_names(names: OwnedRows) -> list[tuple[int, int]]:
    """Return the distinct (application, name) of a table of names; an application is organisation << 32 | application."""
    codes, apps = _distinct_pairs(names["name"], names["app"])
    return list(zip(apps.tolist(), codes.tolist(), strict=True))
