"""How much of an organisation is new where its log begins: there one more new thing says less."""

from __future__ import annotations

import numpy as np

from seawall.detection.behaviour.detector import BehaviourGroups
from seawall.events.coded_batch import Floats

FIELDS = ("network", "app", "client")
"""A group is strange when one of these is new to its account."""

USUAL = 0.25
"""Share of accounts with something new that no day of a log that has run for a while exceeds without a reason."""

DOUBT = 10.0
"""How many usual accounts stand behind the accounts of a day, so that a few people do not make a crowd."""


YOUTH = 7.0
"""Days in which the commotion of a log's beginning comes to count half: weeks repeat, and weekends come once in one."""


def measure_restlessness(groups: BehaviourGroups) -> Floats:
    """Return ln of how many times the usual share of the tenant's other accounts show something new, (g,), at least 0.

    Where a log begins, everybody's everything is new: the odds that a new thing is an intruder's fall by as much as new
    things abound. With the age of the log that fades: in a small organisation a few accounts that show new things on
    one day may well be a few that were taken over.
    """
    day = groups.day
    strange = np.zeros(len(groups), bool)
    for name in FIELDS:
        strange |= groups.fields[name].is_new > 0
    # Groups are ordered by account, and an account has one tenant.
    _, first, account = np.unique(day.actor, return_index=True, return_inverse=True)
    account = account.reshape(-1)
    shows = np.zeros(len(first), bool)
    np.logical_or.at(shows, account, strange)
    tenant = day.tenant[first]
    size = int(tenant.max(initial=-1)) + 1
    others = np.bincount(tenant, minlength=size)[tenant] - 1
    with_new = np.bincount(tenant, shows, size)[tenant] - shows
    share = (with_new + DOUBT * USUAL) / (others + DOUBT)
    youth = np.exp2(-np.expm1(groups.features["tenant_age"]) / YOUTH)
    return np.asarray(np.maximum(np.log(share / USUAL), 0.0)[account] * youth)
