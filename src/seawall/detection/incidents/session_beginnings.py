"""Find how strongly the sessions began in which an attacker read mail, from the sign-ins of the same day.

This is a fact for the reader, and not part of the score: many organisations ordinarily read mail in single-factor sessions.
Misses sessions that began on an earlier day, and records without a session id.
"""

from __future__ import annotations

import numpy as np

from seawall.detection.authentication_strength.collect import MAIL, DayAggregator
from seawall.detection.authentication_strength.sessions import ROOTS, find_roots, raise_to_session_level
from seawall.events.coded_batch import CodedBatch
from seawall.events.grouping import Rows

Beginnings = tuple[tuple[str, int], ...]
"""Pairs of a root (an element of `ROOTS`) and the number of sessions with it."""


def beginnings(batch: CodedBatch, intruder: Rows) -> Beginnings:
    """Count the sessions of an account's mail access by their root. `intruder` are rows of one account."""
    mail = intruder[batch.one_of("kind", MAIL)[intruder]]
    if not len(mail):
        return ()
    session = batch.hash_column("session_uid")
    wanted = np.unique(session[mail])
    is_sign_in = batch.one_of("kind", ("sign_in",)) & (batch.actor == batch.actor[mail[0]])
    sign_ins = np.flatnonzero(is_sign_in & (session != 0))
    sign_ins = sign_ins[np.isin(session[sign_ins], wanted)]
    collector = DayAggregator()
    collector.observe(batch.take(np.union1d(mail, sign_ins)), 0)
    counts = find_roots(collector.mail(), raise_to_session_level(collector.sign_ins())).counts()
    return tuple((root, counts[root]) for root in ROOTS if counts[root])


def merge_sessions(days: list[Beginnings]) -> dict[str, int]:
    """Sum the counts of several days and networks by root."""
    return {
        root: total
        for root in ROOTS
        if (total := sum(count for day in days for word, count in day if word == root))
    }
