"""Remember to which applications accounts consented, and relate the use of an application to its account's own consent."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pyarrow as pa

from seawall.detection.behaviour.counts import SortedCounts
from seawall.detection.behaviour.detector import BehaviourGroups
from seawall.detection.lineage.issuance import IssuanceTable
from seawall.detection.rules.detector import RULES, BuiltinHits
from seawall.detection.tallies import Tally, count_rows, decode_keys
from seawall.events.array_state import RestoredState, State, nest_states
from seawall.events.coded_batch import MISSING, Bools, CodedBatch, Codes, Floats, Keys, hash_text, mix
from seawall.events.grouping import Rows, distinct, group_rows

CONSENT_FACTS = ("own_consent", "own_consent_age", "consent_users")
REMEMBERED_DAYS = 365
"""Days for which the accounts that consented to an application are counted after the last consent."""

NONE = -1.0
"""Value of facts about a consent, in groups without one."""

_CONSENT = next(place for place, rule in enumerate(RULES) if rule.name == "consent")
_PRINCIPALS = re.compile(r'"TargetId\.ServicePrincipalNames":"([^"]*)')
"""The member of a consent's parameters, which the readers write as compact JSON, that names the application."""

_IDENTIFIER = re.compile(r"[0-9a-z][0-9a-z.\-]{7,199}")
_MOST_NAMES = 4
_LONGEST = 4_096


@dataclass(frozen=True, slots=True)
class GivenConsents:
    """Hold n names of applications in records of consents, (n,): the record's row, and a hash of the name."""

    row: Rows
    name: Keys


_NO_CONSENTS = GivenConsents(np.empty(0, np.intp), np.empty(0, np.uint64))


class ConsentHistory:
    """Keep for each account the applications that it consented to, and for each tenant how many accounts did.

    Misses: applications that the record of the consent names otherwise than the records of their use do.
    """

    __slots__ = ("_given", "_listed", "_users")

    def __init__(self) -> None:
        self._given = IssuanceTable()
        self._users = SortedCounts(1)
        self._listed: tuple[BuiltinHits | None, GivenConsents] = (None, _NO_CONSENTS)

    def measure(self, groups: BehaviourGroups, hits: BuiltinHits) -> dict[str, Floats]:
        """Return facts about consents, float64 (g,).

        - `own_consent`: share of the group's applications to which the account itself consented before;
        - `own_consent_age`: ln(1 + minutes) from the last such consent to the group's last event;
        - `consent_users`: ln(1 + other accounts with a consent to or a use of the application on earlier days), the fewest of
          the applications that the group uses by consent, or consents to.

        The last two are -1 without a consent.
        """
        size = len(groups)
        facts = {name: np.full(size, NONE) for name in CONSENT_FACTS}
        today = self._list(groups, hits)
        self._measure_uses(groups, today, facts)
        self._measure_consents(groups, today, facts)
        return facts

    def _measure_uses(self, groups: BehaviourGroups, today: GivenConsents, facts: dict[str, Floats]) -> None:
        day, pairs = groups.day, groups.pairs["app"]
        group, size = pairs.group, len(groups)
        names = _hash_names(day.batch, pairs.value)
        known = IssuanceTable()
        time, nothing = day.batch.time[today.row], np.zeros(len(today.row), np.int32)
        actors = day.batch.actor[today.row]
        known.learn(_own_keys(today.name, actors), nothing, nothing, time, day.number)
        keys = _own_keys(names, day.actor[group])
        before, now = self._given.find(keys), known.find(keys)
        is_given = before.hit | (now.hit & (now.time <= day.last[group]))
        applications = np.bincount(group, minlength=size)
        facts["own_consent"][:] = np.bincount(group, is_given, size) / np.maximum(applications, 1)
        at = np.flatnonzero(is_given)
        if not len(at):
            return
        owner = group[at]
        when = np.where(before.hit, before.time, now.time)[at]
        last = np.full(size, np.iinfo(np.int64).min)
        np.maximum.at(last, owner, when)
        given = np.unique(owner)
        minutes = np.maximum(day.last[given] - last[given], 0) / 60_000_000
        facts["own_consent_age"][given] = np.log1p(minutes)
        users = np.maximum(
            self._count_others(names[at], day.tenant[owner], before.hit[at]), pairs.looked.accounts[at]
        )
        _keep_fewest(facts["consent_users"], owner, np.log1p(users))

    def _measure_consents(
        self, groups: BehaviourGroups, today: GivenConsents, facts: dict[str, Floats]
    ) -> None:
        day = groups.day
        placed = np.flatnonzero(day.group[today.row] != MISSING)
        row, name = today.row[placed], today.name[placed]
        if not len(row):
            return
        group = day.group[row]
        is_own = self._given.find(_own_keys(name, day.batch.actor[row])).hit
        users = self._count_others(name, day.tenant[group], is_own)
        most = np.zeros(len(day.batch))
        np.maximum.at(most, row, users)  # of the names of one application, the best known
        rows = np.unique(row)
        _keep_fewest(facts["consent_users"], day.group[rows], np.log1p(most[rows]))

    def _count_others(self, name: Keys, tenant: Codes, is_own: Bools) -> Floats:
        """Return how many accounts of the tenant consented to each application on earlier days, without the account itself."""
        places, hit = self._users.find(_own_keys(name, tenant))
        if not len(self._users.keys):
            return np.zeros(len(name))
        counted = np.where(hit, self._users.values[places, 0], 0.0)
        return np.asarray(np.maximum(counted - is_own, 0.0), np.float64)

    def count(self, groups: BehaviourGroups, hits: BuiltinHits) -> Tally:
        """Return by application and its tenant the accounts that consent for the first time. Those of parts can be added."""
        batch, today = groups.day.batch, self._list(groups, hits)
        own = group_rows(_own_keys(today.name, batch.actor[today.row]))
        first = own.first[~self._given.find(own.keys).hit]
        return count_rows(_own_keys(today.name[first], batch.codes["org_uid"][today.row[first]]))

    def learn(self, groups: BehaviourGroups, hits: BuiltinHits, counted: Tally | None = None) -> None:
        """Learn the consents of a day. `counted` is what all parts count; by default, these are all groups."""
        day = groups.day
        today = self._list(groups, hits)
        self._count(self.count(groups, hits) if counted is None else counted, day.number)
        if len(today.row):
            keys = _own_keys(today.name, day.batch.actor[today.row])
            nothing = np.zeros(len(keys), np.int32)
            self._given.learn(keys, nothing, nothing, day.batch.time[today.row], day.number)
        self._given.forget(day.number)
        self._users.forget(self._users.last >= day.number - REMEMBERED_DAYS)

    def _list(self, groups: BehaviourGroups, hits: BuiltinHits) -> GivenConsents:
        """Return the consents of a day. Cached, because a day is first measured and then learnt."""
        if self._listed[0] is not hits:
            self._listed = (hits, list_consents(groups.day.batch, hits))
        return self._listed[1]

    def _count(self, counted: Tally, number: int) -> None:
        """Add accounts for each application and its tenant."""
        if not len(counted):
            return
        keys = decode_keys(counted.column(0))
        order = np.argsort(keys)
        keys, added = keys[order], counted.counts[order].astype(np.float32)
        places, hit = self._users.find(keys)
        self._users.values[places[hit], 0] += added[hit]
        self._users.last[places[hit]] = number
        self._users.insert(keys[~hit], added[~hit, None], number)

    def state(self) -> State:
        """Return the state as arrays, for `restore`."""
        return nest_states(given=self._given.state(), users=self._users.state())

    def restore(self, saved: RestoredState) -> None:
        """Replace the state by a saved one. Raises `StateInvalid`."""
        self._given.restore(saved.part("given"))
        self._users.restore(saved.part("users"))


def list_consents(batch: CodedBatch, hits: BuiltinHits) -> GivenConsents:
    """Return the names of the applications to which the accounts of a day consent, in order of time."""
    rows = np.sort(hits.row[hits.rule == _CONSENT])
    columns = [batch.texts[name].take(pa.array(rows)).to_pylist() for name in ("parameters", "resource_uid")]
    apps = batch.vocabularies["app_uid"]
    columns.append([apps.text(code) for code in batch.codes["app_uid"][rows].tolist()])
    found = [
        (row, name)
        for row, *texts in zip(rows.tolist(), *columns, strict=True)
        for name in _name_applications(*texts)
    ]
    named = np.array([row for row, _ in found], np.intp)
    return GivenConsents(named, hash_text(pa.array([name for _, name in found], pa.string())))


@lru_cache(maxsize=1_024)
def _name_applications(parameters: str | None, resource: str | None, app: str) -> tuple[str, ...]:
    """Return what a consent calls its application: its id, its service principal and its names."""
    principals = _PRINCIPALS.search((parameters or "")[:_LONGEST])
    texts = " ".join(((resource or "")[:_LONGEST], app, principals[1] if principals else "")).lower()
    return tuple(dict.fromkeys(_IDENTIFIER.findall(texts)))[:_MOST_NAMES]


def _hash_names(batch: CodedBatch, app: Codes) -> Keys:
    """Return a hash of the id of each application, uint64 (n,)."""
    codes = distinct(app)
    hashes = hash_text(batch.vocabularies["app_uid"].array.take(pa.array(codes)))
    return hashes[np.searchsorted(codes, app)]


def _own_keys(name: Keys, owner: Codes) -> Keys:
    """Return a key for each pair of an application's name and a code, of an account or a tenant."""
    return np.maximum(mix(name, owner.astype(np.uint64)), np.uint64(1))


def _keep_fewest(values: Floats, group: Codes, numbers: Floats) -> None:
    """Lower each group's value to the least of its numbers; -1 stands for none yet."""
    fewest = np.where(values < 0, np.inf, values)
    np.minimum.at(fewest, group, numbers)
    values[:] = np.where(np.isinf(fewest), NONE, fewest)
