"""How the sessions began in which an intruder read mail: what the sign-ins of the same day say of their strength.

It is a fact beside the reasons, and no part of the score: mail that is read in a session of a single factor is ordinary in many
organisations. Misses sessions that began on an earlier day, and records without a session id.
"""

from __future__ import annotations

import numpy as np

from seawall.detection.authentication_strength.collect import MAIL, DayAggregator
from seawall.detection.authentication_strength.sessions import ROOTS, find_roots, raise_to_session_level
from seawall.events.coded_batch import CodedBatch
from seawall.events.grouping import Rows

Beginnings = tuple[tuple[str, int], ...]
"""Sessions by what they go back to, in words of `ROOTS`."""


def beginnings(batch: CodedBatch, intruder: Rows) -> Beginnings:
    """Count the sessions of an account's mail access by what they go back to. `intruder` are rows of one account."""
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
    """Sessions of several days and networks together."""
    return {
        root: total
        for root in ROOTS
        if (total := sum(count for day in days for word, count in day if word == root))
    }
