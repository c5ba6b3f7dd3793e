"""Score the day of one part of an organisation: what its accounts do, and what the accounts of all parts tell.

Each round returns what this part tells, and takes what all parts told in the round before, merged. See `rounds` for their order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from seawall.detection.behaviour.attempts import FailedBlocks, count_blocks
from seawall.detection.behaviour.day import GroupedDay, split_into_groups
from seawall.detection.behaviour.detector import BehaviourGroups, count_new_values
from seawall.detection.behaviour.fields import FIELDS, list_names
from seawall.detection.behaviour.surprise import count_cohort, count_new_pairs, distinct_cells
from seawall.detection.lineage.detector import LineageEvidence
from seawall.detection.lineage.issuance import name_revoked
from seawall.detection.lineage.orphans import OrphanDay
from seawall.detection.lineage.session_uses import tally_sign_ins
from seawall.detection.lineage.shared_tokens import ISSUED, USED, SharedTokens
from seawall.detection.ranking.calibration import GroupSpots, evidence, weigh_groups
from seawall.detection.ranking.engine import DetectionEngine
from seawall.detection.ranking.features import FeatureTable, join_own, join_shared, sigma_part
from seawall.detection.ranking.restlessness import count_strange
from seawall.detection.rules.detector import BuiltinHits, OthersResets
from seawall.detection.rules.resets import name_resets
from seawall.detection.rules.sigma.correlations import ANNOUNCED
from seawall.detection.rules.sigma.detector import SigmaHits
from seawall.detection.rules.sprays import find_failures, list_first_failures, take_sign_ins
from seawall.detection.tallies import (
    Exchange,
    Note,
    Tally,
    code_floats,
    count_rows,
    decode_floats,
    decode_keys,
)
from seawall.events.coded_batch import MISSING, CodedBatch, Floats, Keys, Times, pair_keys
from seawall.events.grouping import Rows

PAIRED = tuple(field for field in FIELDS if len(field.columns) == 2)
UNITS = ("session_coverage", "network_coverage", "arrivals", "roaming")


class PartDay:
    """Hold the day of a part while it is scored. `order` (n,) are the places of its events among those of all parts."""

    def __init__(self, engine: DetectionEngine, batch: CodedBatch, number: int, order: Times) -> None:
        self.engine, self.batch, self.number, self.order = engine, batch, number, order
        self.day: GroupedDay
        self.lineage: LineageEvidence
        self.hits: BuiltinHits
        self.sigma: SigmaHits
        self.groups: BehaviourGroups
        self.table: FeatureTable
        self.p: Floats
        self.unsupervised: Floats
        self.sigma_weight: Floats
        self.score: Floats
        self.today: Tally
        self._announced: Exchange
        self._counted: Exchange
        self._orphans: OrphanDay
        self._correlated: list[Rows]
        self._own: Floats
        self._spots: GroupSpots

    def announce(self) -> Exchange:
        """Return what others must know before they examine their events."""
        batch = self.batch
        issued, used = self.engine.lineage.announce(batch, self.order)
        failures = take_sign_ins(batch, np.flatnonzero(find_failures(batch)))
        return Exchange(
            {
                "methods": count_rows(self.engine.behaviour.derived.list_methods(batch)),
                "names": count_rows(*list_names(batch)),
                "issued": issued,
                "used": used,
                "failures.first": list_first_failures(failures),
                "correlated": self.engine.sigma.correlations.announce(batch, self.order),
                "last": count_rows(batch.time[-1:]),
            },
            {"revoked": tuple(sorted(name_revoked(batch))), "resets": tuple(sorted(name_resets(batch)))},
        )

    def split(self, told: Exchange) -> Exchange:
        """Split the day into groups; return their new pairs of values, and the tokens of the day that are remembered."""
        derived = self.engine.behaviour.derived
        self._announced = told
        derived.learn("method", _sort_keys(told.tally("methods", 1)))
        self.day = split_into_groups(self.batch, derived, self.number)
        apps = told.tally("names", 2)
        names = decode_keys(apps.column(0)), apps.column(1).astype(np.int32)
        derived.learn_names(names, self.batch.vocabularies["app_name"])
        tokens = _sort_keys(told.tally("used", USED).take_columns(0))
        remembered = self.engine.orphans.remembers(tokens)
        return Exchange({"remembered": count_rows(remembered)} | self.list_pairs(self.day))

    def list_pairs(self, day: GroupedDay) -> dict[str, Tally]:
        """Return by paired field the new pairs that the groups of a day show."""
        cells, derived = distinct_cells(day), self.engine.behaviour.derived
        return {f"pairs.{one.name}": count_rows(derived.list_pairs(one, cells.__getitem__)) for one in PAIRED}

    def learn_pairs(self, told: Exchange) -> None:
        """Number the new pairs of all parts, in the same order everywhere."""
        for field in PAIRED:
            self.engine.behaviour.derived.learn(field.name, _sort_keys(told.tally(f"pairs.{field.name}", 1)))

    def count(self, told: Exchange) -> Exchange:
        """Examine the events; return the numbers that accounts share."""
        engine, batch, day, before = self.engine, self.batch, self.day, self._announced
        self.learn_pairs(told)
        tokens = SharedTokens.read(before.tally("issued", ISSUED), before.tally("used", USED), self.order)
        engine.lineage.learn_revoked(_read_times(before.list_notes("revoked")))
        self.lineage, units = engine.lineage.judge(batch, self.number, tokens)
        last = int(before.tally("last", 1).column(0).max(initial=0))
        resets = tuple(_read_times(before.list_notes("resets")))
        failures = before.tally("failures.first", 3)
        self.hits = engine.rules.match(batch, failures, OthersResets(resets, last))
        self.groups = engine.measure(day, self.lineage, self.hits)
        elsewhere = _sort_keys(told.tally("remembered", 1))
        self._orphans = engine.orphans.begin(self.lineage.uses, self.number, elsewhere)
        self._correlated = self._place_correlations(before.tally("correlated", ANNOUNCED))
        hits, blocks = self.hits, count_blocks(engine.behaviour.attempts.list_failures())
        tenant = batch.codes["org_uid"][hits.row]
        found = dict(zip(("rules.fired", "rules.days"), engine.rules.count(batch, hits), strict=True))
        found |= dict(
            zip(("sigma.fired", "sigma.days"), engine.sigma.count(batch, self._correlated), strict=True)
        )
        found |= {f"units.{name}": units[name] for name in UNITS}
        found |= engine.behaviour.count_day(self.groups)
        found |= count_meetings(self.groups)
        return Exchange(
            found
            | {
                "blocks.accounts": count_rows(blocks.keys, counts=blocks.accounts),
                "blocks.failures": count_rows(blocks.keys, counts=blocks.failures),
                "recent": count_rows(tenant, hits.rule, code_floats(hits.evidence)),
                "consents": engine.consents.count(self.groups, hits),
                "orphans.cells": self._orphans.begun.counted,
                "orphans.sign_ins": tally_sign_ins(self.lineage.sign_ins),
                "orphans.touched": count_rows(self._orphans.touched),
            }
        )

    def _place_correlations(self, hits: Tally) -> list[Rows]:
        """Return the rows at which each correlation holds. It sees the hits of all parts."""
        correlations = self.engine.sigma.correlations
        found = correlations.evaluate(correlations.read_announced(hits), self.number)
        return [np.flatnonzero(np.isin(self.order, one)) for one in found]

    def share(self, told: Exchange) -> Exchange:
        """Weigh values, sprays and rules by what all parts counted; return who shows something new."""
        engine, day, number = self.engine, self.day, self.number
        self._counted, self.today = told, told.tally("accounts.today", 1)
        engine.behaviour.reserve_tenants(int(self.today.column(0).max(initial=-1)) + 1)
        self.groups = self.share_values(self.groups, told)
        self._share_sprays(told)
        tenant, rule, strength = told.tally("recent", 3).keys.T
        engine.recent.learn(tenant.astype(np.int32), rule.astype(np.int32), decode_floats(strength), number)
        counted = told.tally("sigma.fired", 2), told.tally("sigma.days", 1)
        self.sigma = engine.sigma.weigh_part(self.batch, self._correlated, counted)
        self.sigma_weight = sigma_part(self.groups, self.sigma.move(day.evidence_row))
        hours = engine.orphans.weigh(
            self._orphans,
            told.tally("orphans.cells", 3),
            told.tally("orphans.sign_ins", 2),
            _sort_keys(told.tally("orphans.touched", 1)),
        )
        return Exchange({"strange": count_strange(self.groups), "orphans.hours": hours})

    def share_values(self, groups: BehaviourGroups, told: Exchange) -> BehaviourGroups:
        """Return groups whose values are weighed by the accounts of all parts that meet them on this day."""
        day = groups.day
        pairs = {
            name: count_cohort(one, day.tenant[one.group], told.tally(f"cohort.{name}", 2))
            for name, one in groups.pairs.items()
        }
        fields = self.engine.behaviour.select_values(day, pairs)
        groups.features["new_values"] = count_new_values(fields)
        return replace(groups, pairs=pairs, fields=fields)

    def _share_sprays(self, told: Exchange) -> None:
        day, batch, features = self.day, self.batch, self.groups.features
        accounts, failures = told.tally("blocks.accounts", 1), told.tally("blocks.failures", 1)
        keys = _sort_keys(accounts)
        blocks = FailedBlocks(keys, accounts.find(keys), failures.find(keys))
        for name in ("spray_breadth", "spray_failures"):
            features[name] = np.zeros(len(day.actor))
        rows = np.flatnonzero(day.group != MISSING)
        asked = pair_keys(batch.codes["org_uid"][rows], batch.codes["src_prefix"][rows])
        blocks.raise_features(day.group[rows], asked, features)

    def place(self, told: Exchange) -> Exchange:
        """Judge orphans together, and place the groups in the grids of patterns; return both, as all parts learn it."""
        engine, day = self.engine, self.day
        together, taught, spread = engine.orphans.judge(self._orphans, told.tally("orphans.hours", 2))
        values = join_own(self.groups, self.lineage, self.hits)
        join_shared(values, self.groups, engine.recent, together, told.tally("strange", 2))
        self.table = FeatureTable(values)
        self._spots = engine.calibration.place(self.table, day.tenant)
        spots = engine.calibration.count(self._spots, weigh_groups(day.actor))
        return Exchange({"spots": spots, "orphans.taught": taught, "orphans.spread": spread})

    def rank(self, told: Exchange) -> None:
        """Score the groups."""
        engine = self.engine
        engine.orphans.learn(told.tally("orphans.taught", 3), told.tally("orphans.spread", 3))
        engine.calibration.learn(told.tally("spots", 1))
        self.p = engine.calibration.rank(self._spots)
        self.unsupervised = evidence(self.p, self.table)
        self.score = engine.score(self.table, self.p, self.unsupervised, self.sigma_weight)

    def learn(self) -> None:
        """Learn the day: of its own accounts, and of what all parts counted."""
        engine, told = self.engine, self._counted
        engine.lineage.learn({name: told.tally(f"units.{name}", 2) for name in UNITS})
        engine.rules.learn(told.tally("rules.fired", 2), told.tally("rules.days", 1))
        engine.behaviour.learn(self.groups, told.tallies)
        engine.consents.learn(self.groups, self.hits, told.tally("consents", 1))


def count_meetings(groups: BehaviourGroups) -> dict[str, Tally]:
    """Return for each field by (tenant, value) the groups whose account never showed the value before."""
    return {
        f"cohort.{name}": count_new_pairs(pairs, groups.day.tenant[pairs.group])
        for name, pairs in groups.pairs.items()
    }


def _sort_keys(tally: Tally) -> Keys:
    return np.sort(decode_keys(tally.column(0)))


def _read_times(notes: Sequence[Note]) -> Iterator[tuple[str, str, int]]:
    for organisation, account, time in notes:
        yield str(organisation), str(account), int(time)
