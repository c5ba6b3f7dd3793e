"""Say what sign-ins state about the device."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from seawall.detection.behaviour.day import GroupedDay
from seawall.events.coded_batch import MISSING, Bools, Floats

_MANAGED = '"(?:managed|compliant)":"true"|"trust":"'
_STATED = '"(?:managed|compliant|trust)":"'
"""Patterns in the parameters of a sign-in, which the readers write as compact JSON."""


def measure_managed_devices(day: GroupedDay, is_asked: Bools) -> Floats:
    """Return the share of each group's sign-ins from a device that the directory knows, float64 (g,).

    It manages the device, finds it compliant or has registered it. Sign-ins that state nothing about a device do not count;
    the share is -1 if none does, and for groups that are not asked, bool (g,): the texts of all sign-ins are many.
    """
    batch, size = day.batch, len(day.actor)
    rows = np.flatnonzero(np.append(is_asked, False)[day.group] & batch.one_of("kind", ("sign_in",)))
    group = day.group[rows]
    encoded = batch.texts["parameters"].take(pa.array(rows)).dictionary_encode()
    place = np.asarray(encoded.indices.fill_null(MISSING))
    stated, managed = (
        np.bincount(group, np.append(_matches(encoded.dictionary, pattern), False)[place], size)
        for pattern in (_STATED, _MANAGED)
    )
    return np.where(stated > 0, managed / np.maximum(stated, 1), -1.0)


def _matches(texts: pa.Array, pattern: str) -> np.ndarray:
    return np.asarray(pc.match_substring_regex(texts, pattern), bool)
