"""Run the built-in rules, and weigh each by how rarely it fires in the tenant, so that a noisy rule loses its weight."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from seawall.detection.rules import directory, mailbox, resets, signing_in, sprays
from seawall.detection.rules.rule import BuiltinRule
from seawall.detection.tallies import Tally, count_rows
from seawall.events.array_state import RestoredState, State, copy_arrays, nest_states, trim_rows
from seawall.events.coded_batch import MISSING, Bools, CodedBatch, Codes, Floats
from seawall.events.grouping import distinct

RULES: tuple[BuiltinRule, ...] = (*mailbox.RULES, *directory.RULES, *signing_in.RULES, *resets.RULES)
SPRAY_RULE = next(index for index, rule in enumerate(RULES) if rule.name == sprays.SPRAY)
RULE_GROUPS = tuple(dict.fromkeys(rule.group for rule in RULES))

PRIOR_RATE = 1.0 / 200.0
"""Firing rate per account-day assumed before the tenant has its own statistics."""

PRIOR_DAYS = 400.0
"""Weight of this prior rate, in account-days."""


@dataclass(frozen=True, slots=True)
class BuiltinHits:
    """Hold h rule hits: `row` of the batch, `rule` index into `RULES`, `evidence` in nats (−ln of the firing rate)."""

    row: np.ndarray
    rule: Codes
    evidence: Floats


@dataclass(frozen=True, slots=True)
class OthersResets:
    """Hold the resets of factors in all parts, of `resets.name_resets`, and the time of the day's last event."""

    named: Sequence[resets.NamedReset]
    last: int


class RuleDetector:
    """Count by tenant the account-days on which each rule fired, and all account-days."""

    def __init__(self) -> None:
        self._fired = np.zeros((0, len(RULES)))
        self._days = np.zeros(0)
        self._memories = {rule.name: rule.memory() for rule in RULES if rule.memory is not None}

    def observe(self, batch: CodedBatch, failures: Tally | None = None) -> BuiltinHits:
        """Return the hits of a day, with the rates from before that day, then learn the day. See `match` for `failures`."""
        hits = self.match(batch, failures)
        self.learn(*self.count(batch, hits))
        return hits

    def match(
        self, batch: CodedBatch, failures: Tally | None = None, others: OthersResets | None = None
    ) -> BuiltinHits:
        """Return the hits of a day, with the rates from before that day. Resets of factors are remembered, rates are not learnt.

        `failures` are those of all accounts, of `sprays.list_first_failures`, and `others` the resets that all parts tell; by
        default those of this batch.
        """
        self._reserve(int(batch.codes["org_uid"].max(initial=-1)) + 1)
        person = _find_persons(batch)
        rows, rules = [], []
        for index, rule in enumerate(RULES):
            found = np.flatnonzero(self._matches(rule, batch, failures, others) & person)
            rows.append(found)
            rules.append(np.full(len(found), index, np.int32))
        row, rule_index = np.concatenate(rows), np.concatenate(rules)
        tenant = batch.codes["org_uid"][row]
        rate = (self._fired[tenant, rule_index] + PRIOR_RATE * PRIOR_DAYS) / (self._days[tenant] + PRIOR_DAYS)
        return BuiltinHits(row, rule_index, np.asarray(-np.log(np.clip(rate, 1e-6, 1.0))))

    def _matches(
        self, rule: BuiltinRule, batch: CodedBatch, failures: Tally | None, others: OthersResets | None
    ) -> Bools:
        if rule.memory is not None:
            memory = self._memories[rule.name]
            if others is not None and isinstance(memory, resets.FactorResets):
                return memory.observe_resets(batch, others.named, others.last)
            return memory.observe(batch)
        if failures is not None and rule.name == sprays.SPRAY:
            return sprays.match_sprayed(batch, failures)
        return rule.matches(batch)

    @staticmethod
    def count(batch: CodedBatch, hits: BuiltinHits) -> tuple[Tally, Tally]:
        """Return by (tenant, rule) the accounts with a hit, and by tenant all accounts. Those of parts can be added."""
        tenant, actor = batch.codes["org_uid"].astype(np.int64), batch.actor
        fired = count_rows(tenant[hits.row], hits.rule, actor[hits.row])
        fired = Tally(fired.keys, np.ones(len(fired), np.int64)).take_columns(0, 1)
        person = _find_persons(batch)
        active = distinct((tenant[person] << 32) | actor[person])
        return fired, count_rows(active >> 32)

    def learn(self, fired: Tally, days: Tally) -> None:
        """Learn the account-days of a day, as `count` returns them."""
        self._reserve(int(days.column(0).max(initial=-1)) + 1)
        self._fired[fired.column(0), fired.column(1)] += fired.counts
        self._days[days.column(0)] += days.counts

    def state(self) -> State:
        """Return the state as arrays, for `restore`."""
        memories = {name.replace("-", "_"): memory.state() for name, memory in self._memories.items()}
        own = trim_rows(
            copy_arrays(self, {"_fired": np.float64, "_days": np.float64}), {"fired": 0, "days": 0}
        )
        return {**own, **nest_states(**memories)}

    def restore(self, saved: RestoredState) -> None:
        """Replace the state by a saved one. Raises `StateInvalid`."""
        self._days = saved.array("days", np.float64, None)
        self._fired = saved.array("fired", np.float64, len(self._days), len(RULES))
        for name, memory in self._memories.items():
            memory.restore(saved.part(name.replace("-", "_")))

    def _reserve(self, tenants: int) -> None:
        if tenants > len(self._days):
            extra = tenants - len(self._days)
            self._fired = np.concatenate([self._fired, np.zeros((extra, len(RULES)))])
            self._days = np.concatenate([self._days, np.zeros(extra)])


def _find_persons(batch: CodedBatch) -> Bools:
    return np.asarray((batch.actor != MISSING) & ~batch.one_of("account_type", ("system",)), bool)
