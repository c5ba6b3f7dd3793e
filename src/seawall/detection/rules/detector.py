"""Run the built-in rules, and weigh each by how rarely it fires in the tenant, so that a noisy rule loses its weight."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from seawall.detection.rules import directory, mailbox, resets, signing_in
from seawall.detection.rules.rule import BuiltinRule
from seawall.events.array_state import RestoredState, State, copy_arrays, nest_states
from seawall.events.coded_batch import MISSING, CodedBatch, Codes, Floats

RULES: tuple[BuiltinRule, ...] = (*mailbox.RULES, *directory.RULES, *signing_in.RULES, *resets.RULES)
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


class RuleDetector:
    """Count by tenant the account-days on which each rule fired, and all account-days."""

    def __init__(self) -> None:
        self._fired = np.zeros((0, len(RULES)))
        self._days = np.zeros(0)
        self._memories = {rule.name: rule.memory() for rule in RULES if rule.memory is not None}

    def observe(self, batch: CodedBatch) -> BuiltinHits:
        """Return the hits of a day, with the rates from before that day, then learn the day."""
        self._reserve(int(batch.codes["org_uid"].max(initial=-1)) + 1)
        person = (batch.actor != MISSING) & ~batch.one_of("account_type", ("system",))
        rows, rules = [], []
        for index, rule in enumerate(RULES):
            matches = rule.matches if rule.memory is None else self._memories[rule.name].observe
            found = np.flatnonzero(matches(batch) & person)
            rows.append(found)
            rules.append(np.full(len(found), index, np.int32))
        row, rule_index = np.concatenate(rows), np.concatenate(rules)
        tenant = batch.codes["org_uid"][row]
        rate = (self._fired[tenant, rule_index] + PRIOR_RATE * PRIOR_DAYS) / (self._days[tenant] + PRIOR_DAYS)
        self._learn(batch, row, rule_index, person)
        return BuiltinHits(row, rule_index, np.asarray(-np.log(np.clip(rate, 1e-6, 1.0))))

    def _learn(self, batch: CodedBatch, row: np.ndarray, rule: Codes, person: np.ndarray) -> None:
        tenant, actor = batch.codes["org_uid"], batch.actor
        fired = (
            np.unique(np.stack([tenant[row], rule, actor[row]], axis=1), axis=0)
            if len(row)
            else np.empty((0, 3), np.int32)
        )
        np.add.at(self._fired, (fired[:, 0], fired[:, 1]), 1.0)
        active = np.unique((tenant[person].astype(np.int64) << 32) | actor[person])
        np.add.at(self._days, (active >> 32).astype(np.int64), 1.0)

    def state(self) -> State:
        """Return the state as arrays, for `restore`."""
        memories = {name.replace("-", "_"): memory.state() for name, memory in self._memories.items()}
        return {**copy_arrays(self, {"_fired": np.float64, "_days": np.float64}), **nest_states(**memories)}

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
