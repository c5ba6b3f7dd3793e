"""Remember recent credentials and consents of a tenant, which may explain later strange use of an application."""

from __future__ import annotations

import numpy as np

from seawall.detection.rules.detector import RULES, BuiltinHits
from seawall.events.array_state import RestoredState, State
from seawall.events.coded_batch import CodedBatch, Codes, Floats

REMEMBERED_DAYS = 4
"""Days after a credential or consent during which strange use of an application is related to it."""

WATCHED = ("credential", "consent_any")


class RecentEvidence:
    """Keep by tenant and watched group of rules the day and the evidence of the last hits."""

    def __init__(self) -> None:
        self._last: dict[tuple[int, str], tuple[int, float]] = {}

    def observe(self, batch: CodedBatch, hits: BuiltinHits, day: int) -> None:
        """Remember the day's hits of the watched groups."""
        self.learn(batch.codes["org_uid"][hits.row], hits.rule, hits.evidence, day)

    def learn(self, tenant: Codes, rule: Codes, evidence: Floats, day: int) -> None:
        """Do the same for h hits, given as arrays (h,)."""
        for group in WATCHED:
            wanted = np.array([rule.group == group for rule in RULES])[rule]
            tenants, place = np.unique(tenant[wanted], return_inverse=True)
            strongest = np.zeros(len(tenants))
            np.maximum.at(strongest, place, evidence[wanted])
            for owner, most in zip(tenants.tolist(), strongest.tolist(), strict=True):
                self._last[(owner, group)] = (day, most)

    def state(self) -> State:
        """Return the state as arrays: for each watched group the tenants, their last days and evidence."""
        state: State = {}
        for group in WATCHED:
            rows = sorted((tenant, *last) for (tenant, of), last in self._last.items() if of == group)
            state[f"{group}.tenant_day"] = np.array([row[:2] for row in rows], np.int64).reshape(-1, 2)
            state[f"{group}.strength"] = np.array([row[2] for row in rows], np.float64)
        return state

    def restore(self, saved: RestoredState) -> None:
        """Replace the state by a saved one. Raises `StateInvalid`."""
        self._last = {}
        for group in WATCHED:
            rows = saved.part(group).array("tenant_day", np.int64, None, 2)
            strengths = saved.part(group).array("strength", np.float64, len(rows))
            for (tenant, day), strength in zip(rows.tolist(), strengths.tolist(), strict=True):
                self._last[(tenant, group)] = (day, strength)

    def evidence(self, group: str, tenant: Codes, day: int) -> Floats:
        """Return the evidence of each row's tenant in nats, float64 (n,); 0 if it is older than `REMEMBERED_DAYS`."""
        owners, place = np.unique(tenant, return_inverse=True)
        found = np.zeros(len(owners))
        for at, owner in enumerate(owners.tolist()):
            seen, strength = self._last.get((owner, group), (day - REMEMBERED_DAYS - 1, 0.0))
            if day - seen <= REMEMBERED_DAYS:
                found[at] = strength
        return np.asarray(found[place])
