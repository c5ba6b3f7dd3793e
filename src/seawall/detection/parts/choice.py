"""Choose the candidates of a day whose groups lie in several parts, and keep those of one part."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import numpy as np

from seawall.detection.behaviour.day import GroupedDay
from seawall.detection.behaviour.detector import BehaviourGroups
from seawall.detection.parts.part_day import PartDay, count_meetings
from seawall.detection.ragged import Ragged
from seawall.detection.ranking.engine import NOTHING_NEW
from seawall.detection.ranking.kept_groups import KeptGroups
from seawall.detection.ranking.places import merge_groups, name_places, select_highest
from seawall.detection.ranking.refusals import (
    RefusedAttempts,
    RefusedGroups,
    choose_refused,
    find_refused,
    list_tried_actors,
    regroup,
    summarise_refused,
    weigh_refused,
)
from seawall.detection.tallies import Exchange, Note, Tally, code_floats, count_rows, decode_floats
from seawall.events.coded_batch import MISSING, Bools, Floats
from seawall.events.grouping import Rows, distinct

REFUSED = 8
"""Number of columns of the tally of attempts that gained nothing."""


class PartChoice:
    """Choose the candidates of a part, once its groups are scored. `places` orders those that were kept among all parts'."""

    def __init__(self, part: PartDay) -> None:
        self.part = part
        self.places: list[Note] = []
        self._origins: Ragged
        self._highest: Floats
        self._rows: Rows
        self._followers: Rows
        self._named: dict[Note, int] = {}
        self._is_refused: Bools
        self._attempts: RefusedAttempts
        self._refused: RefusedGroups
        self._refused_day: GroupedDay | None = None
        self._refused_groups: BehaviourGroups | None = None
        self._refused_places: list[int] = []

    def offer_highest(self) -> Exchange:
        """Return the highest groups of the part, and its attempts that gained nothing."""
        part = self.part
        self._origins, self._highest = part.engine.open.find_origins(part.groups)
        found = np.flatnonzero(part.score > NOTHING_NEW)
        return Exchange(self._offer_refused(), {"highest": self._offer(part.score, found)})

    def _offer(self, score: Floats, found: Rows) -> tuple[Note, ...]:
        part = self.part
        limit = part.engine.limit_places(distinct(part.day.tenant[found]), part.today)
        rows = select_highest(part.day, score, found, limit)
        names = name_places(part.day, score, found, rows)
        self._named = dict(zip(names, rows.tolist(), strict=True))
        return tuple(sorted(names))

    def _take(self, offered: Sequence[Note]) -> tuple[Rows, list[Note]]:
        """Return which of the part's groups are among the first of their organisations, with their place among these."""
        part, rows, places = self.part, list[int](), list[Note]()
        texts = part.batch.vocabularies["org_uid"]
        for organisation, own in groupby(sorted(offered), key=lambda note: note[0]):
            tenant = np.array([texts.code(str(organisation))], np.int32)
            limit = int(part.engine.limit_places(tenant, part.today)[0])
            for place, note in enumerate(list(own)[:limit]):
                if note in self._named:
                    rows.append(self._named[note])
                    places.append((organisation, place))
        return np.array(rows, np.intp), places

    def offer_followers(self, told: Exchange) -> Exchange:
        """Return the groups of the part that show again what was new in earlier candidates, and new pairs of attempts."""
        self._rows, places = self._take(told.list_notes("highest"))
        self.places = [(0, organisation, 0, place) for organisation, place in places]
        is_other = self._origins.sizes > 0
        is_other[self._rows] = False
        followers = self._offer(self._highest, np.flatnonzero(is_other))
        self._choose_refused(told.tally("refused", REFUSED))
        pairs = {} if self._refused_day is None else self.part.list_pairs(self._refused_day)
        return Exchange(pairs, {"followers": followers})

    def score_refused(self, told: Exchange) -> Exchange:
        """Return by field the values that attempts show, and that are new to their accounts."""
        self._followers, places = self._take(told.list_notes("followers"))
        self.places += [(0, organisation, 1, place) for organisation, place in places]
        self.part.learn_pairs(told)
        if self._refused_day is None:
            return Exchange()
        self._refused_groups = self.part.engine.behaviour.score(self._refused_day)
        return Exchange(count_meetings(self._refused_groups))

    def keep(self, told: Exchange) -> tuple[KeptGroups | None, KeptGroups | None]:
        """Return the part's candidates, and its attempts that gained nothing, in the order of `places`."""
        part = self.part
        chosen = merge_groups(part.day, self._rows, self._followers, self._origins)
        found = part.lineage, part.hits, part.sigma
        kept = part.engine.keep(
            part.groups, part.table, part.p, (part.score, part.unsupervised), chosen, found
        )
        self.places.sort()
        self.places += [(1, place) for place in self._refused_places]
        if self._refused_groups is None:
            return kept, None
        groups = part.share_values(self._refused_groups, told)
        refused = part.engine.keep_refused(
            part.day, self._is_refused, self._attempts, self._refused, found, groups
        )
        return kept, refused

    def _offer_refused(self) -> dict[str, Tally]:
        part = self.part
        day, batch, sigma = part.day, part.batch, part.sigma
        self._is_refused = find_refused(day, part.engine.behaviour, list_tried_actors(batch))
        own = self._attempts = summarise_refused(day, self._is_refused)
        mine = self._is_refused[sigma.row]
        weight = weigh_refused(own, batch.actor[sigma.row][mine], sigma.weight_before[mine])
        columns = (own.actor, own.tenant, own.account, own.network, own.attempts, own.here, own.first)
        return {"refused": count_rows(*columns, code_floats(weight))}

    def _choose_refused(self, offered: Tally) -> None:
        """Choose among the attempts of all parts, and note those of this part that were chosen."""
        part = self.part
        actor, tenant, account, network, attempts, here, first, weight = offered.keys.T
        codes = [one.astype(np.int32) for one in (actor, tenant, account, network)]
        everybody = RefusedAttempts(codes[0], codes[1], codes[2], codes[3], attempts, here, first)
        chosen = choose_refused(
            everybody,
            decode_floats(weight),
            lambda tenants: part.engine.limit_places(tenants, part.today),
            part.batch.vocabularies,
        )
        own = np.searchsorted(self._attempts.actor, everybody.actor[chosen.place])
        own[own == len(self._attempts.actor)] = 0
        holds = np.append(self._attempts.actor, MISSING)[own] == everybody.actor[chosen.place]
        mine = np.flatnonzero(holds)
        self._refused_places = mine.tolist()
        self._refused = RefusedGroups(
            own[mine], chosen.accounts[mine], chosen.attempts[mine], chosen.others.take(mine)
        )
        if len(mine):
            self._refused_day = regroup(part.day, self._is_refused, self._attempts, own[mine])
