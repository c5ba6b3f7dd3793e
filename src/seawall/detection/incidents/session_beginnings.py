"""Find how strongly the sessions began in which an attacker read mail, from the sign-ins of the same day.

This is a fact for the reader, and not part of the score: many organisations ordinarily read mail in single-factor sessions.
Misses sessions that began on an earlier day, and records without a session id.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from seawall.detection.authentication_strength.collect import MAIL, DayAggregator, SignIns
from seawall.detection.authentication_strength.sessions import ROOTS, look_up_roots, raise_to_session_level
from seawall.detection.ragged import Ragged
from seawall.events.coded_batch import MISSING, Bools, CodedBatch, Keys, mix
from seawall.events.grouping import Rows, distinct

Beginnings = tuple[tuple[str, int], ...]
"""Pairs of a root (an element of `ROOTS`) and the number of sessions with it."""


def beginnings(batch: CodedBatch, intruder: Rows) -> Beginnings:
    """Count the sessions of an account's mail access by their root. `intruder` are rows of one account."""
    return list_roots(count_roots(batch, Ragged(np.array([0, len(intruder)]), intruder))[0])


def list_roots(counts: npt.NDArray[np.int64]) -> Beginnings:
    """Return the roots with sessions, from counts in the order of `ROOTS`."""
    return tuple((root, count) for root, count in zip(ROOTS, counts.tolist(), strict=True) if count)


def count_roots(batch: CodedBatch, intruder: Ragged) -> npt.NDArray[np.int64]:
    """Count sessions of mail access by their root, int64 (k, len(ROOTS)), for k lists of rows of one account each."""
    counts = np.zeros((len(intruder), len(ROOTS)), np.int64)
    is_person = batch.one_of("account_type", ("user",)) & (batch.actor != MISSING)
    mail = intruder.select((batch.one_of("kind", MAIL) & is_person)[intruder.values])
    if not len(mail.values):
        return counts
    keys, owners = _session_keys(batch, mail.values), mail.owners
    order = np.lexsort((keys, owners))
    is_first = np.ones(len(order), bool)
    is_first[1:] = (keys[order][1:] != keys[order][:-1]) | (owners[order][1:] != owners[order][:-1])
    order = order[is_first]
    rows = mail.values[order]
    signs = _sign_ins(batch, is_person, distinct(keys))
    roots = look_up_roots(batch.actor[rows], batch.hash_column("session_uid")[rows], signs)
    np.add.at(counts, (owners[order], roots), 1)
    return counts


def _sign_ins(batch: CodedBatch, is_person: Bools, wanted: Keys) -> SignIns:
    """Return the sign-ins of people in the wanted sessions, sorted keys."""
    is_sign_in = batch.one_of("kind", ("sign_in",)) & is_person
    rows = np.flatnonzero(is_sign_in & (batch.hash_column("session_uid") != 0))
    keys = _session_keys(batch, rows)
    places = np.minimum(np.searchsorted(wanted, keys), len(wanted) - 1)
    collector = DayAggregator()
    collector.observe(batch.take(rows[wanted[places] == keys]), 0)
    return raise_to_session_level(collector.sign_ins())


def _session_keys(batch: CodedBatch, rows: Rows) -> Keys:
    return mix(batch.hash_column("session_uid")[rows], batch.actor[rows].astype(np.uint64))


def merge_sessions(days: list[Beginnings]) -> dict[str, int]:
    """Sum the counts of several days and networks by root."""
    return {
        root: total
        for root in ROOTS
        if (total := sum(count for day in days for word, count in day if word == root))
    }
