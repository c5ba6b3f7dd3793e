"""Weigh the hits of Sigma rules by how rarely each fires in the tenant; a noisy rule is silenced, and the report says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from seawall.detection.rules.sigma.correlations import Correlations
from seawall.detection.rules.sigma.run import SEPARATOR, RuleSet
from seawall.detection.tallies import Tally, count_rows
from seawall.events.array_state import RestoredState, State, copy_arrays, nest_states, trim_rows
from seawall.events.coded_batch import MISSING, Bools, CodedBatch, Codes, Floats, Vocabulary
from seawall.events.grouping import Rows, distinct

PRIOR_RATE = 1.0 / 200.0
"""Share of account-days on which a rule fires, assumed before the tenant has its own statistics."""

PRIOR_DAYS = 400.0
"""Weight of this prior rate, in account-days."""

SILENT_RATE = 0.05
"""A rule that fires on more than this share of account-days is silenced."""

CEILING = 8.0
"""Evidence is clipped to this many nats: rarer rates cannot be distinguished."""

SPRAY = "T1110.003"
"""Technique of rules on password spraying. Sprays without a success reach every organisation every day and ask for no answer."""

WEIGHTS = {"informational": 0.0, "low": 0.02, "medium": 0.05, "high": 0.1, "critical": 0.25}
"""Log-odds that a nat of evidence adds to a score, by the rule's level."""


@dataclass(frozen=True, slots=True)
class SigmaHits:
    """Hold h hits of rules.

    `row` is of the batch, `rule` the number in the set, `evidence` in nats (−ln of the firing rate), `weight` in log-odds.
    `weight` is 0 for silenced rules, and for records without an account. `evidence_before` and `weight_before` are for
    attempts that gained nothing. They do not count the other accounts of the same day, because guessing at many accounts must not
    silence itself, and sprays weigh 0.
    """

    row: Rows
    rule: Codes
    evidence: Floats
    weight: Floats
    evidence_before: Floats
    weight_before: Floats

    def move(self, rows: Rows) -> SigmaHits:
        """Return the hits at other events: `rows` (n,) names the event at which a hit on each event counts."""
        return replace(self, row=rows[self.row])


class SigmaDetector:
    """Count by tenant the account-days on which each rule fired, and all account-days.

    Misses: everything that no loaded rule describes, and techniques of a rule that ordinary use silences.
    """

    def __init__(self, rules: RuleSet) -> None:
        self.rules = rules
        self._fired = np.zeros((0, len(rules)))
        self._days = np.zeros(0)
        self.correlations = Correlations(rules)
        self._silent = np.array(
            [*(rule.is_silent for rule in rules.rules), *(False for _ in rules.correlations)], bool
        )
        self._weights = np.array([WEIGHTS[about.level] for about in rules.abouts])
        self._is_spray = np.array([about.techniques[:1] == (SPRAY,) for about in rules.abouts], bool)
        self._numbers = {about.id: number for number, about in enumerate(rules.abouts)}
        self._meaning: tuple[Vocabulary | None, int, list[list[int]]] = (None, 0, [])

    def observe(self, batch: CodedBatch, number: int) -> SigmaHits:
        """Return the hits of a day, then learn them.

        Rates include earlier days and the other accounts of the same day, because a hit on every account at once
        distinguishes none.
        """
        correlated = self.correlations.observe(batch, number)
        return self._weigh_batch(batch, correlated, None)

    def count(self, batch: CodedBatch, correlated: Sequence[Rows]) -> tuple[Tally, Tally]:
        """Return by (tenant, rule) the accounts of a batch with a hit, and by tenant all accounts. Those of parts can be added.

        `correlated` are the rows of each correlation.
        """
        found = self._list_batch(batch, correlated)
        fired, _ = _account_days(*found[2:4], found[1], found[4])
        return count_rows(fired[:, 0], fired[:, 1]), count_rows(found[5])

    def weigh_part(
        self, batch: CodedBatch, correlated: Sequence[Rows], counted: tuple[Tally, Tally]
    ) -> SigmaHits:
        """Return the hits of a part of a day, then learn the whole day: `counted` is what `count` returns for all parts."""
        return self._weigh_batch(batch, correlated, counted)

    def _weigh_batch(
        self, batch: CodedBatch, correlated: Sequence[Rows], counted: tuple[Tally, Tally] | None
    ) -> SigmaHits:
        row, rule, tenant, actor, person, active = self._list_batch(batch, correlated)
        tenants = int(batch.codes["org_uid"].max(initial=-1)) + 1
        return self.weigh(row, rule, tenant, actor, person, active, tenants, counted)

    def _list_batch(
        self, batch: CodedBatch, correlated: Sequence[Rows]
    ) -> tuple[Rows, Rows, Rows, Codes, Bools, Rows]:
        """Return row, rule, organisation, account and whether it is a person of each hit, and the tenant of each account."""
        codes = batch.codes["rules"]
        marked = np.flatnonzero(codes != MISSING)
        row, rule = self.list_hits(marked, codes[marked], batch.vocabularies["rules"], correlated)
        person = (batch.actor != MISSING) & ~batch.one_of("account_type", ("system",))
        tenant = batch.codes["org_uid"].astype(np.int64)
        active = distinct((tenant[person] << 32) | batch.actor[person].astype(np.int64)) >> 32
        return row, rule, tenant[row], batch.actor[row], person[row], active

    def weigh(
        self,
        row: Rows,
        rule: Rows,
        tenant: Rows,
        actor: Codes,
        person: Bools,
        active: Rows,
        tenants: int,
        counted: tuple[Tally, Tally] | None = None,
    ) -> SigmaHits:
        """Weigh h hits of a day, then learn them. All arrays are (h,), except `active`: the tenant of each active account.

        `counted` is what all parts count; by default, these are all hits.
        """
        owner = tenant.astype(np.int64)
        fired, place = _account_days(owner, actor, rule, person)
        everybody = (count_rows(fired[:, 0], fired[:, 1]), count_rows(active)) if counted is None else counted
        self._reserve(max(tenants, int(everybody[1].column(0).max(initial=-1)) + 1))
        accounts, today = np.zeros(len(self._days)), np.zeros_like(self._fired)
        accounts[everybody[1].column(0)] = everybody[1].counts
        today[everybody[0].column(0), everybody[0].column(1)] = everybody[0].counts
        mine = (place != MISSING).astype(np.float64)
        others = today[owner, rule] - mine
        rate = (self._fired[owner, rule] + others + PRIOR_RATE * PRIOR_DAYS) / (
            self._days[owner] + np.maximum(accounts[owner] - 1.0, 0.0) + PRIOR_DAYS
        )
        before = (self._fired[owner, rule] + PRIOR_RATE * PRIOR_DAYS) / (self._days[owner] + PRIOR_DAYS)
        by_account = place != MISSING
        self._fired += today
        self._days += accounts
        is_attempt = by_account & ~self._is_spray[rule]
        weighed = (*self._weigh_rates(rule, rate, by_account), *self._weigh_rates(rule, before, is_attempt))
        return SigmaHits(row, rule.astype(np.int32), *weighed)

    def _weigh_rates(self, rule: Rows, rate: Floats, by_account: Bools) -> tuple[Floats, Floats]:
        """Return the evidence in nats and the weight in log-odds of h hits, from the rates of their rules."""
        evidence = np.asarray(-np.log(np.clip(rate, 1e-6, 1.0)))
        is_audible = (rate <= SILENT_RATE) & by_account
        weight = np.where(is_audible, self._weights[rule] * np.minimum(evidence, CEILING), 0.0)
        return evidence, np.asarray(weight)

    def rates(self) -> Floats:
        """Return the learnt share of account-days on which each rule fires, over all tenants, float64 (rules,)."""
        fired, days = self._fired.sum(axis=0), self._days.sum()
        return np.asarray((fired + PRIOR_RATE * PRIOR_DAYS) / (days + PRIOR_DAYS))

    def count_silenced(self) -> Codes:
        """Return in how many tenants each rule is silenced, int64 (rules,)."""
        rate = (self._fired + PRIOR_RATE * PRIOR_DAYS) / (self._days[:, None] + PRIOR_DAYS)
        return np.asarray((rate > SILENT_RATE).sum(axis=0))

    def state(self) -> State:
        """Return the state as arrays, for `restore`."""
        own = trim_rows(
            copy_arrays(self, {"_fired": np.float64, "_days": np.float64}), {"fired": 0, "days": 0}
        )
        return {**own, **nest_states(correlations=self.correlations.state())}

    def restore(self, saved: RestoredState) -> None:
        """Replace the state by a saved one. Raises `StateInvalid`."""
        self._days = saved.array("days", np.float64, None)
        self._fired = saved.array("fired", np.float64, len(self._days), len(self.rules))
        self.correlations.restore(saved.part("correlations"))

    def list_hits(
        self, marked: Rows, codes: Codes, vocabulary: Vocabulary, correlated: Sequence[Rows]
    ) -> tuple[Rows, Rows]:
        """Return (row, rule) of the hits of single rules and correlations, ordered by rule and row.

        `codes` are those of the rules that hit each of the rows `marked`, `correlated` the rows of each correlation.
        """
        rows: list[Rows] = [marked[:0]]
        rules: list[Rows] = [np.zeros(0, np.int64)]
        if len(marked):
            meaning = self._meanings(vocabulary)
            for code in np.unique(codes).tolist():
                mine = marked[codes == code]
                for one in meaning[code]:
                    rows.append(mine)
                    rules.append(np.full(len(mine), one))
        first = len(self.rules.rules)
        for place, held in enumerate(correlated):
            rows.append(held)
            rules.append(np.full(len(held), first + place))
        row, rule = np.concatenate(rows), np.concatenate(rules)
        is_audible = ~self._silent[rule] if len(rule) else np.zeros(0, bool)
        order = np.lexsort((row[is_audible], rule[is_audible]))
        return row[is_audible][order], rule[is_audible][order]

    def _meanings(self, vocabulary: Vocabulary) -> list[list[int]]:
        """Return for each code the numbers of its rules, without rules that are no longer loaded."""
        if self._meaning[:2] != (vocabulary, len(vocabulary)):
            found = [
                [self._numbers[name] for name in text.split(SEPARATOR) if name in self._numbers]
                for text in vocabulary.values
            ]
            self._meaning = (vocabulary, len(vocabulary), found)
        return self._meaning[2]

    def _reserve(self, tenants: int) -> None:
        if tenants > len(self._days):
            extra = tenants - len(self._days)
            self._fired = np.concatenate([self._fired, np.zeros((extra, len(self.rules)))])
            self._days = np.concatenate([self._days, np.zeros(extra)])


def _account_days(tenant: Rows, actor: Codes, rule: Rows, person: Bools) -> tuple[np.ndarray, Rows]:
    """Return the distinct (tenant, rule, account) of hits by accounts, and each hit's index among them, else MISSING."""
    place = np.full(len(rule), MISSING, np.int64)
    mine = np.flatnonzero(person)
    if not len(mine):
        return np.zeros((0, 3), np.int64), place
    triples = np.stack([tenant[mine], rule[mine].astype(np.int64), actor[mine].astype(np.int64)], axis=1)
    fired, inverse = np.unique(triples, axis=0, return_inverse=True)
    place[mine] = inverse.reshape(-1)
    return fired, place
