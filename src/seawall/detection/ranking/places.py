"""Choose which groups of a day become candidates: each organisation's highest, with places for every account.

Places are few, so that memory stays bounded. Without places by account, somebody who makes hundreds of strange groups with
one account could keep another intruder's groups out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from seawall.detection.behaviour.day import GroupedDay
from seawall.detection.ragged import Ragged, collect
from seawall.detection.tallies import Note
from seawall.events.coded_batch import MISSING, Bools, Codes, Floats
from seawall.events.grouping import Rows, distinct, starts

FIRST_PLACES = 3
"""Groups of an account that come before the other groups of all accounts. Evidence of most intrusions needs no more a day."""


@dataclass(frozen=True, slots=True)
class ChosenGroups:
    """Hold the k groups of a day that are kept, (k,): each organisation's candidates, then those that only follow from earlier
    ones.

    `origins` are the days from which each follows, as lists.
    """

    rows: Rows
    is_follow_up: Bools
    origins: Ragged

    @property
    def candidates(self) -> Rows:
        """Return the groups that are candidates by themselves."""
        return self.rows[~self.is_follow_up]

    def attribute(self, is_intruder: Bools, members: Ragged, shows: Bools) -> Bools:
        """Return which events of the groups are attributed to the attacker, (m,), from the m values of `members`.

        Of a group that only follows, these are the events that show an indicator again.
        """
        return np.where(self.is_follow_up[members.owners], shows, is_intruder)

    def find_owners(self, events: int, members: Ragged, is_intruder: Bools) -> Codes:
        """Return which of the groups each event of the day tells something about, int32 (n,); MISSING if none.

        Of a group that only follows, other events than the attacker's are none of its business.
        """
        owners = np.full(events, MISSING, np.int32)
        told = is_intruder | ~self.is_follow_up[members.owners]
        owners[members.values[told]] = members.owners[told]
        return owners


def select_highest(day: GroupedDay, score: Floats, found: Rows, limit: Rows) -> Rows:
    """Return which of the groups `found` become candidates: at most `limit` of each organisation, the highest first.

    `limit` (organisations,) has the places of each organisation among the groups, in order of codes. Each account's further
    groups come after the `FIRST_PLACES` groups of all accounts. The order does not depend on the numbering of codes.
    """
    tenants = distinct(day.tenant[found])
    rank = _rank_organisations(day, tenants)
    limit = limit[np.argsort(rank)]
    # Twice the organisation, and one more for an account's further groups.
    turn = 2 * rank[np.searchsorted(tenants, day.tenant[found])] + _is_further(day, score, found)
    order = np.lexsort((day.first[found], -score[found], turn))
    found, turn = found[order], turn[order]
    # Rows at or above the last kept group of the organisation; ties go by account and network.
    ordered = collect(turn >> 1, found, len(tenants))
    last = (ordered.bounds[:-1] + np.minimum(limit, ordered.sizes) - 1)[turn >> 1]
    is_contending = (turn < turn[last]) | ((turn == turn[last]) & (score[found] >= score[found][last]))
    turn, rows = turn[is_contending], found[is_contending]
    rows = _order_ties(day, score, rows, turn)
    return collect(turn >> 1, rows, len(tenants)).first(limit).values


def name_places(day: GroupedDay, score: Floats, found: Rows, rows: Rows) -> list[Note]:
    """Return what orders some groups `rows`, chosen among `found`, before and after those of other parts.

    These are the organisation, whether the group is a further one of its account, its score (negative), its first event, account
    and network. Two groups never have all of these in common.
    """
    is_further = np.isin(rows, found[_is_further(day, score, found)]).tolist()
    organisations, networks = day.batch.vocabularies["org_uid"], day.batch.vocabularies["network"]
    return [
        (
            organisations.text(int(day.tenant[row])),
            int(further),
            -float(score[row]),
            int(day.first[row]),
            day.batch.value("account", int(day.row[row])),
            networks.text(int(day.network[row])),
        )
        for row, further in zip(rows.tolist(), is_further, strict=True)
    ]


def merge_groups(day: GroupedDay, candidates: Rows, followers: Rows, origins: Ragged) -> ChosenGroups:
    """Return the groups that are kept, organisation by organisation. `origins` are those of all groups of the day.

    So what is kept of several organisations is in the same order as if each were alone.
    """
    rows = np.concatenate([candidates, followers])
    tenants = distinct(day.tenant[rows])
    place = _rank_organisations(day, tenants)[np.searchsorted(tenants, day.tenant[rows])]
    order = np.argsort(place, kind="stable")
    return ChosenGroups(rows[order], order >= len(candidates), origins.take(rows[order]))


def _rank_organisations(day: GroupedDay, tenants: Codes) -> Rows:
    """Return the place of each organisation in alphabetical order, (organisations,)."""
    texts = day.batch.vocabularies["org_uid"]
    rank = np.zeros(len(tenants), np.intp)
    rank[sorted(range(len(tenants)), key=lambda at: texts.text(int(tenants[at])))] = np.arange(len(tenants))
    return rank


def _is_further(day: GroupedDay, score: Floats, found: Rows) -> Bools:
    """Return which groups come after the first ones of their account, bool (n,)."""
    actor = day.actor[found]
    counts = np.bincount(actor)[actor] if len(actor) else np.empty(0, np.intp)
    result = np.zeros(len(found), bool)
    many = np.flatnonzero(counts > FIRST_PLACES)
    if not len(many):
        return result
    many = many[np.lexsort((day.first[found[many]], -score[found[many]], actor[many]))]
    owner = actor[many].astype(np.intp)
    rows = _order_ties(day, score, found[many], owner)
    begins = np.flatnonzero(starts(owner))
    place = np.arange(len(owner)) - begins[np.cumsum(starts(owner)) - 1]
    return np.asarray(np.isin(found, rows[place >= FIRST_PLACES]))


def _order_ties(day: GroupedDay, score: Floats, rows: Rows, owner: Rows) -> Rows:
    """Return rows, which are ordered by owner, score and first event, with equal ones in order of account and network."""
    is_equal = (np.diff(owner) == 0) & (np.diff(score[rows]) == 0) & (np.diff(day.first[rows]) == 0)
    if not is_equal.any():
        return rows
    networks = day.batch.vocabularies["network"]

    def names(row: int) -> tuple[str, str]:
        return day.batch.value("account", int(day.row[row])), networks.text(int(day.network[row]))

    edges = np.flatnonzero(np.diff(np.concatenate([[False], is_equal, [False]]).astype(np.int8)))
    rows = rows.copy()
    for begin, end in edges.reshape(-1, 2).tolist():
        rows[begin : end + 1] = sorted(rows[begin : end + 1].tolist(), key=names)
    return rows
