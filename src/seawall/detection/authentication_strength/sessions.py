"""Find the sign-in that began each mail session (its root), and how strongly that sign-in was authenticated."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from seawall.detection.authentication_strength.collect import MailSessions, SignIns
from seawall.detection.authentication_strength.strength import CLAIMED, LEGACY, MULTI, REFRESHED, ROPC, SINGLE
from seawall.events.coded_batch import Codes, Keys, mix
from seawall.events.grouping import group_rows

ROOTS = ("strong", "claimed", "weak", "not told", "no sign-in seen", "no session in the record")
"""What the logs show of a session's root. `claimed`: its token claims a second factor that no record shows."""
STRONG_ROOT, CLAIMED_ROOT, WEAK_ROOT, UNTOLD_ROOT, NO_ROOT, NO_SESSION = range(len(ROOTS))


@dataclass(frozen=True, slots=True)
class SessionRoots:
    """Hold the root of each mail session, an index of `ROOTS`, int32 (n,)."""

    sessions: MailSessions
    root: Codes

    def counts(self) -> dict[str, int]:
        """Return the number of sessions by root."""
        return dict(zip(ROOTS, np.bincount(self.root, minlength=len(ROOTS)).tolist(), strict=True))

    def by_actor(self) -> dict[int, dict[str, int]]:
        """Return the number of sessions by actor and root, without zeros."""
        pairs, counts = np.unique(np.stack([self.sessions.actor, self.root]), axis=1, return_counts=True)
        found: dict[int, dict[str, int]] = {}
        for (actor, root), count in zip(pairs.T.tolist(), counts.tolist(), strict=True):
            found.setdefault(actor, {})[ROOTS[root]] = count
        return found


def session_levels(signs: SignIns) -> tuple[Keys, Codes]:
    """Return the sorted keys of sessions with granted sign-ins, and the root that the strongest sign-in of each shows.

    A renewal with an earlier token never makes a session weak: it does not show the factors of the original sign-in.
    """
    rows = np.flatnonzero(signs.is_granted & (signs.session != 0))
    if not len(rows):
        return np.empty(0, np.uint64), np.empty(0, np.int32)
    flags, level = signs.flags[rows], signs.level[rows]
    was_asked = (signs.interactive[rows] != 0) & ((flags & REFRESHED) == 0)
    shown = np.full(len(rows), UNTOLD_ROOT, np.int32)
    shown[(level == SINGLE) & (was_asked | ((flags & (LEGACY | ROPC)) != 0))] = WEAK_ROOT
    shown[level >= MULTI] = np.where(flags & CLAIMED, CLAIMED_ROOT, STRONG_ROOT)[level >= MULTI]
    group = group_rows(_keys(signs.actor[rows], signs.session[rows]))
    best = np.full(len(group.first), UNTOLD_ROOT, np.int32)
    np.minimum.at(best, group.place, shown)
    return group.keys, best


def raise_to_session_level(signs: SignIns) -> SignIns:
    """Return the sign-ins, with each renewal raised to the level of the session's strongest own sign-in."""
    own = np.flatnonzero(
        signs.is_granted & (signs.session != 0) & ((signs.flags & (CLAIMED | REFRESHED)) == 0)
    )
    later = np.flatnonzero((signs.session != 0) & ((signs.flags & (CLAIMED | REFRESHED)) != 0))
    if not len(own) or not len(later):
        return signs
    group = group_rows(_keys(signs.actor[own], signs.session[own]))
    keys = _keys(signs.actor[later], signs.session[later])
    place = np.minimum(np.searchsorted(group.keys, keys), len(group.keys) - 1)
    hit = group.keys[place] == keys
    raised = {}
    for name in ("level", "aal"):
        column = getattr(signs, name)
        best = np.zeros(len(group.keys), column.dtype)
        np.maximum.at(best, group.place, column[own])
        raised[name] = column.copy()
        raised[name][later[hit]] = np.maximum(column[later[hit]], best[place[hit]])
    return replace(signs, **raised)


def find_roots(mail: MailSessions, signs: SignIns) -> SessionRoots:
    """Return the root of each mail session."""
    return SessionRoots(mail, look_up_roots(mail.actor, mail.session, signs))


def look_up_roots(actor: Codes, session: Keys, signs: SignIns) -> Codes:
    """Return the root of each of n sessions (hashes, 0 for none) of accounts, an index of `ROOTS`, int32 (n,)."""
    known, shown = session_levels(signs)
    keys = _keys(actor, session)
    root = np.full(len(keys), NO_ROOT, np.int32)
    if len(known):
        place = np.minimum(np.searchsorted(known, keys), len(known) - 1)
        hit = known[place] == keys
        root[hit] = shown[place[hit]]
    root[session == 0] = NO_SESSION
    return root


def _keys(actor: Codes, session: Keys) -> Keys:
    return mix(session, actor.astype(np.uint64))
