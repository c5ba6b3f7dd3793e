"""Score a day that still grows: only accounts with new events are examined again, and the rest is kept.

Kept for each account are the features of its groups, its values with their counts of earlier days, its sessions, its failed
sign-ins, rule hits, and hours of coverage. Computed again for the whole day, from these tables, is what accounts share: cohorts
of new values, sprays, orphans together, restlessness, rates of Sigma rules and correlations, calibration, scores, and the choice
of candidates.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from seawall.detection.behaviour.attempts import WINDOW, Failures, count_sprays
from seawall.detection.behaviour.counts import PriorCounts
from seawall.detection.behaviour.day import GroupedDay, group_keys
from seawall.detection.behaviour.detector import BehaviourGroups, count_new_values
from seawall.detection.behaviour.fields import FIELD_NAMES, DerivedColumns
from seawall.detection.behaviour.surprise import FieldSurprise, GroupValuePairs, count_cohort
from seawall.detection.incidents.coverage import MOST_THROTTLED, CoverageMeter
from seawall.detection.lineage.session_uses import SessionUses, SignInCounts
from seawall.detection.ranking.calibration import evidence, weigh_groups
from seawall.detection.ranking.day_tables import (
    PRIOR,
    Examined,
    OwnedRows,
    read_sign_ins,
    sort_names,
    tabulate,
)
from seawall.detection.ranking.engine import DetectionEngine
from seawall.detection.ranking.features import INDEX, SHARED, FeatureTable, join_shared
from seawall.detection.ranking.kept_groups import KeptGroups, keep_groups
from seawall.detection.ranking.places import ChosenGroups
from seawall.detection.ranking.refusals import (
    RefusedAttempts,
    RefusedGroups,
    find_refused,
    weigh_refused,
)
from seawall.detection.rules.sigma.correlations import CorrelationHits, Correlations
from seawall.detection.rules.sigma.detector import SigmaHits
from seawall.detection.rules.sprays import (
    find_failures,
    follow_spray,
    join_sign_ins,
    list_first_failures,
    take_sign_ins,
)
from seawall.detection.tallies import Tally
from seawall.events.coded_batch import MISSING, Bools, CodedBatch, Codes, Floats, Times, Vocabulary
from seawall.events.grouping import Rows, distinct

_NEEDED = ("tenant_age", "service", "has_mail")
"""Own features that the shared ones are computed from."""


@dataclass(frozen=True, slots=True)
class Conclusion:
    """Hold the scored groups of a day, (g,) or (g, …), ordered by account and network; `chosen` are those to keep.

    `origin` is the number of the record behind each Sigma hit. `refused` are the attempts to keep that gained nothing, among
    `attempts`.
    """

    groups: BehaviourGroups
    table: FeatureTable
    p: Floats
    unsupervised: Floats
    score: Floats
    sigma: SigmaHits
    origin: Rows
    chosen: ChosenGroups
    attempts: RefusedAttempts
    refused: RefusedGroups

    @property
    def actors(self) -> Codes:
        """Return the accounts of the groups to keep, sorted."""
        return distinct(
            np.concatenate([self.groups.day.actor[self.chosen.rows], self.attempts.actor[self.refused.place]])
        )

    @property
    def keys(self) -> Times:
        """Return the numbers by which groups are ordered."""
        return group_keys(self.groups.day.actor, self.groups.day.network)


class OpenDay:
    """Hold the tables of a day. `number` is that of the day.

    Every engine that is passed in has the state before the day.
    """

    def __init__(self, engine: DetectionEngine, number: int) -> None:
        self.number = number
        self._derived: DerivedColumns = engine.behaviour.derived
        self._app_names = self._derived.all_app_names()
        self._reader = Correlations(engine.sigma.rules)
        self._tables: dict[str, OwnedRows] = {}
        self._earlier: Failures | None = None

    def examine(self, engine: DetectionEngine, batch: CodedBatch) -> Examined:
        """Examine a batch with all events of its accounts."""
        engine.behaviour.derived = self._derived  # codes of pairs stay the same throughout the day
        examined = engine.examine(batch, self.number, self._list_first_failures(batch))
        if self._earlier is None:
            self._earlier = engine.behaviour.attempts.list_failures(before=self.number * WINDOW)
        return examined

    def replace(
        self, engine: DetectionEngine, batch: CodedBatch, origin: Rows, examined: Examined, is_stale: Bools
    ) -> None:
        """Replace everything of the stale accounts by what was examined: all their events."""
        fresh = tabulate(batch, origin, examined, self._reader.read(batch), engine.behaviour)
        tables = self._tables
        self._tables = {
            name: tables[name].replace(is_stale, rows) if tables else rows for name, rows in fresh.items()
        }

    def list_outdated(self) -> Codes:
        """Return the accounts that must be examined again, sorted: others' failures make a sign-in of theirs follow a spray."""
        table = self._tables["successes"]
        failures = list_first_failures(read_sign_ins(self._tables["failures"]))
        is_other = follow_spray(read_sign_ins(table), failures) != table["follows_spray"]
        return distinct(table.owner[is_other])

    def _list_first_failures(self, batch: CodedBatch) -> Tally:
        """Return the first failures of the accounts in a batch with all their events, and of all accounts known before."""
        own = take_sign_ins(batch, np.flatnonzero(find_failures(batch)))
        if not self._tables:
            return list_first_failures(own)
        table = self._tables["failures"]
        others = read_sign_ins(table.take(np.flatnonzero(~np.isin(table.owner, batch.actor))))
        return list_first_failures(join_sign_ins(own, others))

    @property
    def is_exact(self) -> bool:
        """Return whether the tables suffice: not if the order of events without record id matters, or too many are throttled."""
        has_ids = bool((self._tables["marked"]["identity"] != 0).all())
        return has_ids and len(self._tables["throttled"]) <= MOST_THROTTLED

    def conclude(self, engine: DetectionEngine, vocabularies: Mapping[str, Vocabulary]) -> Conclusion:
        """Score all groups of the day."""
        engine.behaviour.derived = self._derived
        day, values = self._build_day(vocabularies)
        keys = group_keys(day.actor, day.network)
        pairs = {name: self._build_pairs(name, day, keys) for name in FIELD_NAMES}
        fields = engine.behaviour.select_values(day, pairs)
        features = {name: values[:, INDEX[name]] for name in _NEEDED}
        features |= {name: np.zeros(len(keys)) for name in SHARED}
        features["new_values"] = count_new_values(fields)
        blocks = self._tables["blocks"]
        group = np.searchsorted(keys, group_keys(blocks.owner, blocks["network"])).astype(np.int32)
        count_sprays(self._list_failures(), group, blocks["block"], features)
        groups = BehaviourGroups(day, fields, features, pairs, self._derived.parts)
        hits = self._tables["hits"]
        engine.recent.learn(hits["tenant"], hits["rule"], hits["evidence"], self.number)
        together = engine.orphans.observe(*self._list_sessions(), self.number)
        join_shared(values, groups, engine.recent, together)
        table = FeatureTable(values)
        p = engine.calibration.observe(table, day.tenant, weigh_groups(day.actor))
        unsupervised = evidence(p, table)
        sigma, origin, weight, refused = self._weigh_rules(engine, keys, vocabularies)
        score = engine.score(table, p, unsupervised, weight)
        chosen = engine.choose(groups, score)
        attempts = self._list_refused()
        strongest = weigh_refused(attempts, refused[0], refused[1])
        tried = engine.choose_refused(day, attempts, strongest)
        return Conclusion(groups, table, p, unsupervised, score, sigma, origin, chosen, attempts, tried)

    def _list_refused(self) -> RefusedAttempts:
        table = self._tables["refused"]
        table = table.take(np.argsort(table.owner))
        return RefusedAttempts(actor=table.owner, **table.columns)

    def keep(
        self, engine: DetectionEngine, batch: CodedBatch, origin: Rows, examined: Examined, scored: Conclusion
    ) -> list[KeptGroups]:
        """Return the chosen groups with all that candidates tell. The batch has all events of their accounts."""
        self._derived.set_app_names(self._name_apps(batch.vocabularies["app_name"]))
        sigma = _place(scored.sigma, scored.origin, origin)
        both = (
            self._keep_groups(engine, examined, sigma, scored),
            self._keep_refused(engine, examined, sigma, scored),
        )
        return [kept for kept in both if kept is not None]

    def _keep_refused(
        self, engine: DetectionEngine, examined: Examined, sigma: SigmaHits, scored: Conclusion
    ) -> KeptGroups | None:
        own, lineage, hits = examined
        attempts, chosen = scored.attempts, scored.refused
        is_refused = find_refused(own.day, engine.behaviour, attempts.actor[chosen.place])
        return engine.keep_refused(own.day, is_refused, attempts, chosen, (lineage, hits, sigma))

    def _keep_groups(
        self, engine: DetectionEngine, examined: Examined, sigma: SigmaHits, scored: Conclusion
    ) -> KeptGroups | None:
        rows = scored.chosen.rows
        if not len(rows):
            return None
        own, lineage, hits = examined
        at = np.searchsorted(scored.keys, group_keys(own.day.actor, own.day.network))
        shared, values = scored.groups, scored.table.values
        groups = BehaviourGroups(
            own.day,
            {name: _take(surprise, at) for name, surprise in shared.fields.items()},
            own.features | {name: shared.features[name][at] for name in SHARED},
            {name: _share(pairs, shared.pairs[name], at) for name, pairs in own.pairs.items()},
            own.parts,
        )
        base, parts = engine.explain(scored.table, scored.p, rows, scored.unsupervised)
        return keep_groups(
            engine.behaviour,
            engine.open,
            groups,
            FeatureTable(values[at]),
            scored.p[at],
            replace(scored.chosen, rows=np.searchsorted(at, rows)),
            lineage,
            hits,
            sigma,
            engine.sigma.rules.abouts,
            (scored.score[rows], base, parts, scored.unsupervised[rows]),
        )

    def meter(self, vocabularies: Mapping[str, Vocabulary]) -> CoverageMeter:
        """Return the coverage of the day."""
        meter, mail, throttled = CoverageMeter(), self._tables["mail"], self._tables["throttled"]
        throttled = throttled.take(np.argsort(throttled["time"], kind="stable"))
        tenants, place = np.unique(mail["tenant"], return_inverse=True)
        sums = [
            np.bincount(place.reshape(-1), mail[name], len(tenants)).astype(np.int64)
            for name in ("linked", "total")
        ]
        meter.observe_parts(
            vocabularies,
            distinct(self._tables["hours"]["hour"]),
            [throttled["tenant"], throttled.owner, throttled["account"]],
            throttled["time"],
            (tenants, sums[0], sums[1]),
        )
        return meter

    def count_events(self) -> int:
        """Return the number of events, after duplicates and twins were merged."""
        return int(self._tables["counts"]["events"].sum())

    def _build_day(self, vocabularies: Mapping[str, Vocabulary]) -> tuple[GroupedDay, Floats]:
        """Return the groups as a day with one event for each group, and their own features."""
        table = self._tables["groups"]
        table = table.take(np.argsort(group_keys(table.owner, table["network"])))
        size = len(table)
        codes = {"account": table["account"], "org_uid": table["tenant"]}
        batch = CodedBatch(table["first"], codes, {}, {}, table.owner, vocabularies)
        day = GroupedDay(
            self.number,
            batch,
            {},
            np.ones(size, bool),
            np.arange(size, dtype=np.int32),
            np.arange(size),
            table.owner,
            table["tenant"],
            table["network"],
            table["first"],
            table["last"],
            np.arange(size),
        )
        return day, table["values"]

    def _build_pairs(self, name: str, day: GroupedDay, keys: Times) -> GroupValuePairs:
        table = self._tables[f"pairs.{name}"]
        whose = np.searchsorted(keys, group_keys(table.owner, table["network"]))
        order = np.argsort((whose << 32) | table["value"])
        group = whose[order].astype(np.int32)
        looked = table["looked"][order]
        prior = {count: looked[:, place].copy() for place, count in enumerate(PRIOR)}
        counts = PriorCounts(**prior, cohort=np.zeros(len(order)))
        pairs = GroupValuePairs(group, table["value"][order], counts, np.zeros(len(order)))
        return count_cohort(pairs, day.tenant[group])

    def _list_failures(self) -> Failures:
        table, earlier = self._tables["failures"], self._earlier or _no_failures()
        return (
            np.concatenate([earlier[0], table["tenant"]]),
            np.concatenate([earlier[1], table["prefix"]]),
            np.concatenate([earlier[2], table.owner]),
        )

    def _list_sessions(self) -> tuple[SessionUses, SignInCounts]:
        uses, sign_ins = self._tables["uses"], self._tables["sign_ins"]
        return SessionUses(uses.owner, **uses.columns), SignInCounts(sign_ins.owner, **sign_ins.columns)

    def _weigh_rules(
        self, engine: DetectionEngine, keys: Times, vocabularies: Mapping[str, Vocabulary]
    ) -> tuple[SigmaHits, Rows, Floats, tuple[Codes, Floats]]:
        """Return the Sigma hits of the day, the record of each, and the weight of each group's strongest hit.

        Last come account and weight of the hits on attempts that gained nothing.
        """
        marked = self._tables["marked"]
        marked = marked.take(np.lexsort((marked["identity"], marked["time"])))
        chains, places = self._tables["chains"], np.argsort(marked["origin"])
        at = places[np.searchsorted(marked["origin"][places], chains["origin"])]
        order = np.lexsort((at, chains["correlation"]))
        chains, at = chains.take(order), at[order]
        correlations = len(engine.sigma.rules.correlations)
        ends = np.searchsorted(chains["correlation"], np.arange(correlations + 1))
        columns = (at, *(chains[name] for name in ("time", "tenant", "group", "value", "rule")))
        each = [CorrelationHits(*columns).part(ends[n], ends[n + 1]) for n in range(correlations)]
        single = np.flatnonzero(marked["rules"] != MISSING)
        row, rule = engine.sigma.list_hits(
            single,
            marked["rules"][single],
            vocabularies["rules"],
            engine.sigma.correlations.evaluate(each, self.number),
        )
        active, tenants = self._tables["persons"]["tenant"], len(vocabularies["org_uid"])
        hit = marked.take(row)
        sigma = engine.sigma.weigh(row, rule, hit["tenant"], hit.owner, hit["is_person"], active, tenants)
        weight = np.zeros(len(keys))
        placed = np.flatnonzero(hit["is_grouped"])
        group = np.searchsorted(keys, group_keys(hit.owner, hit["network"])[placed])
        np.maximum.at(weight, group, sigma.weight[placed])
        mine = np.flatnonzero(hit["is_refused"])
        return sigma, hit["origin"], weight, (hit.owner[mine], sigma.weight_before[mine])

    def _name_apps(self, vocabulary: Vocabulary) -> dict[tuple[int, int], str]:
        """Return the names of applications up to this day; of several names of one day, the alphabetically last."""
        found = sorted((vocabulary.text(name), app) for app, name in sort_names(self._tables["names"]))
        return self._app_names | {(app >> 32, app & 0xFFFFFFFF): text for text, app in found}


def _no_failures() -> Failures:
    return np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0, np.int32)


def _take(surprise: FieldSurprise, at: Rows) -> FieldSurprise:
    return FieldSurprise(*(getattr(surprise, name)[at] for name in FieldSurprise.__slots__))


def _share(own: GroupValuePairs, whole: GroupValuePairs, at: Rows) -> GroupValuePairs:
    """Return pairs of some groups with the surprise that the whole day gives them."""
    keys = (whole.group.astype(np.int64) << 32) | whole.value
    place = np.searchsorted(keys, (at[own.group].astype(np.int64) << 32) | own.value)
    prior = {name: getattr(own.looked, name) for name in PRIOR}
    looked = PriorCounts(**prior, cohort=whole.looked.cohort[place])
    return GroupValuePairs(own.group, own.value, looked, whole.surprise[place])


def _place(sigma: SigmaHits, origin: Rows, records: Rows) -> SigmaHits:
    """Return the hits at some records, with rows among these."""
    order = np.argsort(records)
    place = np.searchsorted(records[order], origin)
    place[place == len(order)] = 0
    mine = np.flatnonzero(records[order][place] == origin) if len(order) else np.empty(0, np.intp)
    return SigmaHits(
        order[place[mine]],
        sigma.rule[mine],
        sigma.evidence[mine],
        sigma.weight[mine],
        sigma.evidence_before[mine],
        sigma.weight_before[mine],
    )
