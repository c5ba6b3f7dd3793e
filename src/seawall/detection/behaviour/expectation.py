"""Surprise in nats: how improbable a value is for this account, backed off to its tenant and the world."""

from __future__ import annotations

import numpy as np

from seawall.detection.behaviour.counts import PriorCounts
from seawall.events.coded_batch import Floats

DISCOUNT = 0.5
CONCENTRATION_TENANT = 10.0
CONCENTRATION_ACCOUNT = 3.0
UNSEEN_IN_WORLD = 0.02
"""Share of all unseen values lumped together; over an open vocabulary a uniform base only adds a constant."""


def back_off_surprise(looked: PriorCounts) -> Floats:
    """Return the Pitman-Yor surprise −ln P(value | account) as float64 (n,), in nats.

    The account backs off to its tenant, where a value counts once per account that ever showed it and once
    per account that meets it today, so that a roll-out explains itself on its first day.
    """
    accounts = looked.accounts + looked.cohort
    tenant = (
        np.maximum(accounts - DISCOUNT, 0)
        + (CONCENTRATION_TENANT + DISCOUNT * looked.tenant_distinct) * UNSEEN_IN_WORLD
    ) / (looked.tenant_total + looked.cohort + CONCENTRATION_TENANT)
    tenant = np.minimum(tenant, 1.0)
    account = (
        np.maximum(looked.seen - DISCOUNT, 0) + (CONCENTRATION_ACCOUNT + DISCOUNT * looked.distinct) * tenant
    ) / (looked.total + CONCENTRATION_ACCOUNT)
    return np.asarray(-np.log(np.clip(account, 1e-12, 1.0)))


def own_surprise(looked: PriorCounts, active_days: Floats) -> Floats:
    """Return the surprise against the account's own days alone: −ln (days seen + ½) / (active days + 1)."""
    return np.asarray(-np.log(np.clip((looked.seen + 0.5) / (active_days + 1.0), 1e-9, 1.0)))


def rarity(looked: PriorCounts, accounts: Floats) -> Floats:
    """Return how rare the value is among the tenant's other accounts: −ln (accounts with it + ½) / (accounts + 1)."""
    with_it = looked.accounts + looked.cohort
    return np.asarray(-np.log(np.clip((with_it + 0.5) / (np.maximum(accounts, with_it) + 1.0), 1e-9, 1.0)))
