"""Make candidates of attempts that gained nothing, where a Sigma rule names them: guessing that locks an account, for example.

Failures are context of the next success and never behaviour. So they form no groups, and nothing is learnt from them here.
Without a success there is no group that could show them. Attempts on one account from networks that are new to it are one
candidate a day. If the same network is refused at several accounts, they are one candidate together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from seawall.detection.behaviour.day import GroupedDay, group_keys
from seawall.detection.behaviour.detector import BehaviourDetector, BehaviourGroups
from seawall.detection.lineage.detector import LineageEvidence
from seawall.detection.ragged import Ragged, collect
from seawall.detection.ranking.features import FEATURES, INDEX, FeatureTable
from seawall.detection.ranking.kept_groups import KeptGroups, keep_groups
from seawall.detection.ranking.open_indicators import OpenIndicators
from seawall.detection.ranking.patterns import PATTERNS
from seawall.detection.ranking.places import ChosenGroups
from seawall.detection.ranking.ranker import NO_EVIDENCE, PARTS
from seawall.detection.rules.detector import BuiltinHits
from seawall.detection.rules.sigma.detector import SigmaHits
from seawall.detection.rules.sigma.model import RuleDescription
from seawall.events.coded_batch import MISSING, Bools, CodedBatch, Codes, Floats, Times, Vocabulary
from seawall.events.grouping import Rows, distinct, group_rows

RULE_FACTOR = 7.5
"""Nats of evidence for each log-odd that the strongest rule adds to a group with access."""

MOST_EVIDENCE = 2.75
"""Evidence is clipped to this many nats: whatever the rule, nothing was gained, and the severity stays `low` or `medium`."""

SHARED_SOURCE = 3
"""Number of accounts refused from one network on a day from which on they are one candidate."""

LEAST_ATTEMPTS = 3
"""Attempts on a day from which on an account is a candidate of its own, or joins a shared one without a hit of its own."""

MOST_OTHERS = 100
"""Number of further accounts that a candidate names."""


@dataclass(frozen=True, slots=True)
class RefusedAttempts:
    """Hold the attempts on a accounts, (a,), ordered by account.

    `network` is the one with the most attempts, `here` of all `attempts`. `first` is in microseconds since 1970.
    """

    actor: Codes
    tenant: Codes
    account: Codes
    network: Codes
    attempts: Times
    here: Times
    first: Times


@dataclass(frozen=True, slots=True)
class RefusedGroups:
    """Hold k groups of attempts, (k,), ordered by account. `place` is each one's index in `RefusedAttempts`.

    `others` are codes of further accounts, at most `MOST_OTHERS`; `accounts` and `attempts` count all.
    """

    place: Rows
    accounts: Times
    attempts: Times
    others: Ragged


def list_tried_actors(batch: CodedBatch) -> Codes:
    """Return the account of each record that a rule matches, alone or as part of a correlation, int32 (m,)."""
    is_part = np.asarray(batch.texts["rule_keys"].is_valid(), bool)
    is_matched = np.asarray(batch.codes["rules"] != MISSING, bool)
    return np.asarray(batch.actor[is_matched | is_part], np.int32)


def find_refused(day: GroupedDay, behaviour: BehaviourDetector, actors: Codes) -> Bools:
    """Return which events of some accounts are attempts that gained nothing, from a network that is new to them, bool (n,).

    From such a network the account was never used before, and is not used today.
    """
    batch, network = day.batch, day.columns["network"]
    is_wanted = np.zeros(int(batch.actor.max(initial=-1)) + 2, bool)
    is_wanted[actors[actors < len(is_wanted) - 1]] = True
    is_wanted[MISSING] = False
    failed = batch.are_acts() & batch.one_of("status", ("failure",))
    result = failed & is_wanted[batch.actor] & (network != MISSING)
    rows = np.flatnonzero(result)
    found = group_rows(group_keys(batch.actor[rows], network[rows]))
    at = rows[found.first]
    tenant = batch.codes["org_uid"][at].astype(np.int32)
    looked = behaviour.counts["network"].look_up(batch.actor[at], tenant, network[at], day.number)
    is_used = np.isin(found.keys, group_keys(day.actor, day.network))
    result[rows] = ((looked.seen == 0) & ~is_used)[found.place]
    return np.asarray(result)


def summarise_refused(day: GroupedDay, is_refused: Bools) -> RefusedAttempts:
    """Return the attempts by account. Of equally frequent networks, the one that came first counts."""
    batch, rows = day.batch, np.flatnonzero(is_refused)
    actor, network = batch.actor[rows], day.columns["network"][rows]
    pairs = group_rows(group_keys(actor, network))
    counts = np.bincount(pairs.place, minlength=len(pairs.keys))
    owner = actor[pairs.first]
    order = np.lexsort((pairs.first, -counts, owner))
    _, begins = np.unique(owner[order], return_index=True)
    most = order[begins]
    accounts = group_rows(actor)
    at = rows[accounts.first]
    return RefusedAttempts(
        actor=accounts.keys.astype(np.int32),
        tenant=batch.codes["org_uid"][at].astype(np.int32),
        account=batch.codes["account"][at].astype(np.int32),
        network=network[pairs.first][most].astype(np.int32),
        attempts=np.bincount(accounts.place, minlength=len(at)),
        here=counts[most],
        first=batch.time[at],
    )


def weigh_refused(attempts: RefusedAttempts, actor: Codes, weight: Floats) -> Floats:
    """Return the weight of each account's strongest hit, float64 (a,), from the account and the weight of h hits."""
    result = np.zeros(len(attempts.actor))
    if len(result):
        place = np.minimum(np.searchsorted(attempts.actor, actor), len(result) - 1)
        mine = attempts.actor[place] == actor
        np.maximum.at(result, place[mine], weight[mine])
    return result


def choose_refused(
    attempts: RefusedAttempts,
    weight: Floats,
    limit: Callable[[Codes], Rows],
    vocabularies: Mapping[str, Vocabulary],
) -> RefusedGroups:
    """Return the groups that become candidates, the strongest of each organisation; `weight` (a,) is 0 for none.

    `limit` returns how many candidates each of some organisations may have. This loop runs over accounts with hits on failures.
    """
    names = vocabularies["account"]
    rows = np.flatnonzero(weight > 0).tolist()
    more = np.flatnonzero((weight <= 0) & (attempts.attempts >= LEAST_ATTEMPTS)).tolist()
    columns = (weight, attempts.attempts, attempts.first, attempts.account, attempts.tenant, attempts.network)
    weights, counts, first, account, tenant, network = (column.tolist() for column in columns)
    rows.sort(key=lambda at: (-weights[at], -counts[at], first[at], names.text(account[at])))
    sources: dict[tuple[int, int], list[int]] = defaultdict(list)
    for at in rows:
        sources[tenant[at], network[at]].append(at)
    beside: dict[tuple[int, int], list[int]] = defaultdict(list)
    for at in more:
        beside[tenant[at], network[at]].append(at)
    tenants = distinct(attempts.tenant[rows]) if rows else attempts.tenant[:0]
    left = dict(zip(tenants.tolist(), limit(tenants).tolist(), strict=True)) if rows else {}
    chosen: list[tuple[int, list[int]]] = []
    for at in rows:
        mine = sources[tenant[at], network[at]]
        is_shared = len(mine) >= SHARED_SOURCE
        is_wanted = at == mine[0] if is_shared else counts[at] >= LEAST_ATTEMPTS
        if left[tenant[at]] > 0 and is_wanted:
            left[tenant[at]] -= 1
            others = [one for one in mine if one != at] + beside[tenant[at], network[at]]
            others.sort(key=lambda one: names.text(account[one]))
            chosen.append((at, others if is_shared else []))
    chosen.sort()
    lists = [np.array([account[one] for one in others[:MOST_OTHERS]], np.int32) for _, others in chosen]
    owners = np.repeat(np.arange(len(chosen)), [len(found) for found in lists])
    return RefusedGroups(
        np.array([at for at, _ in chosen], np.intp),
        np.array([1 + len(others) for _, others in chosen], np.int64),
        np.array([counts[at] + sum(counts[one] for one in others) for at, others in chosen], np.int64),
        collect(owners, np.concatenate([np.empty(0, np.int32), *lists]), len(chosen)),
    )


def keep_refused(
    behaviour: BehaviourDetector,
    groups: BehaviourGroups,
    attempts: RefusedAttempts,
    chosen: RefusedGroups,
    evidence: tuple[LineageEvidence, BuiltinHits, SigmaHits],
    abouts: tuple[RuleDescription, ...],
    scale: tuple[float, float],
) -> KeptGroups | None:
    """Keep the chosen groups, None if there are none. `groups` are what `regroup` returns for them, scored.

    `scale` is (base, log-odds for each nat of evidence).
    """
    if not len(chosen.place):
        return None
    lineage, hits, sigma = evidence
    own = groups.day
    weighed = _weigh_hits(sigma, own.group[sigma.row] != MISSING, scale[1])
    values = np.zeros((len(groups), len(FEATURES)))
    counts = {
        "failures": attempts.attempts[chosen.place],
        "failures_here": attempts.here[chosen.place],
        "spray_breadth": chosen.accounts,
        "spray_failures": chosen.attempts,
    }
    for name, count in counts.items():
        values[:, INDEX[name]] = np.log1p(count)
    strongest = np.zeros(len(groups))
    np.maximum.at(strongest, own.group[weighed.row], weighed.weight)
    scored = (
        scale[0] + strongest,
        scale[0],
        np.zeros((len(groups), len(PARTS))),
        np.full(len(groups), NO_EVIDENCE),
    )
    rows, p = np.arange(len(groups)), np.ones((len(groups), len(PATTERNS)))
    kept = ChosenGroups(rows, np.zeros(len(rows), bool), collect(rows[:0], np.empty(0, np.int32), len(rows)))
    return keep_groups(
        behaviour,
        OpenIndicators(),
        groups,
        FeatureTable(values),
        p,
        kept,
        lineage,
        hits,
        weighed,
        abouts,
        scored,
        chosen.others,
    )


def regroup(day: GroupedDay, is_refused: Bools, attempts: RefusedAttempts, place: Rows) -> GroupedDay:
    """Return the day with the attempts of chosen accounts as its only groups. Its batch has all events of these accounts."""
    batch, actor = day.batch, attempts.actor[place]
    rows = np.flatnonzero(is_refused)
    at = np.minimum(np.searchsorted(actor, batch.actor[rows]), len(actor) - 1)
    is_mine = actor[at] == batch.actor[rows]
    rows, at = rows[is_mine], at[is_mine]
    group = np.full(len(batch), MISSING, np.int32)
    group[rows] = at
    last = np.zeros(len(actor), np.int64)
    np.maximum.at(last, at, batch.time[rows])
    first_row = np.zeros(len(actor), np.intp)
    first_row[at[::-1]] = rows[::-1]  # NumPy keeps the last write to a repeated index
    return replace(
        day,
        gained=np.zeros(len(batch), bool),
        group=group,
        row=first_row,
        actor=actor,
        tenant=attempts.tenant[place],
        network=attempts.network[place],
        first=batch.time[first_row],
        last=last,
        evidence_row=np.arange(len(batch)),
    )


def _weigh_hits(sigma: SigmaHits, is_mine: Bools, per_nat: float) -> SigmaHits:
    """Return the hits on the attempts, with weights in log-odds by the rates of earlier days."""
    row, rule, evidence = sigma.row[is_mine], sigma.rule[is_mine], sigma.evidence_before[is_mine]
    weight = per_nat * np.minimum(RULE_FACTOR * sigma.weight_before[is_mine], MOST_EVIDENCE)
    return SigmaHits(row, rule, evidence, weight, evidence, weight)
