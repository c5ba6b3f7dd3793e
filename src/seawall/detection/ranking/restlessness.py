"""Measure how much is new in an organisation on a day; at the beginning of a log, one more new value says less."""

from __future__ import annotations

import numpy as np

from seawall.detection.behaviour.detector import BehaviourGroups
from seawall.detection.tallies import Tally, count_rows
from seawall.events.coded_batch import Bools, Codes, Floats
from seawall.events.grouping import Rows

FIELDS = ("network", "app", "client")
"""A group counts as strange if one of these fields has a value that is new to its account."""

USUAL = 0.25
"""Share of accounts with something new that an ordinary day of an established log does not exceed."""

DOUBT = 10.0
"""Pseudo-count of usual accounts added to those of the day, so that a few people do not count as a crowd."""


YOUTH = 7.0
"""Age of a log in days at which restlessness counts half. Weekly habits, such as weekends, are then known."""


def measure_restlessness(groups: BehaviourGroups, everybody: Tally | None = None) -> Floats:
    """Return ln of the ratio of the tenant's other accounts that show something new to the usual share, (g,), at least 0.

    At the beginning of a log, everything is new to everybody. The odds that a new value comes from an attacker fall in
    proportion. The effect fades with the age of the log: later, a few accounts with new values on one day may have been
    taken over.

    `everybody` is what `count_strange` returns for all parts; by default, these are all groups.
    """
    counted = count_strange(groups) if everybody is None else everybody
    tenant, shows, account = _find_strange(groups)
    with_new = counted.find(tenant, np.ones(len(tenant), np.int64))
    others = with_new + counted.find(tenant, np.zeros(len(tenant), np.int64)) - 1
    with_new = with_new - shows
    share = (with_new + DOUBT * USUAL) / (others + DOUBT)
    youth = np.exp2(-np.expm1(groups.features["tenant_age"]) / YOUTH)
    return np.asarray(np.maximum(np.log(share / USUAL), 0.0)[account] * youth)


def count_strange(groups: BehaviourGroups) -> Tally:
    """Return the accounts by (tenant, whether they show something new). Those of parts can be added."""
    tenant, shows, _ = _find_strange(groups)
    return count_rows(tenant, shows)


def _find_strange(groups: BehaviourGroups) -> tuple[Codes, Bools, Rows]:
    """Return the tenant of each account and whether it shows something new, (a,), and the account of each group, (g,)."""
    day = groups.day
    strange = np.zeros(len(groups), bool)
    for name in FIELDS:
        strange |= groups.fields[name].is_new > 0
    # Groups are ordered by account, and an account has one tenant.
    _, first, account = np.unique(day.actor, return_index=True, return_inverse=True)
    account = account.reshape(-1)
    shows = np.zeros(len(first), bool)
    np.logical_or.at(shows, account, strange)
    return day.tenant[first], shows, account
