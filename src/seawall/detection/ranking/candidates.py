"""Describe a candidate: one group that may become (part of) an incident, with the numbers of its explanation.

Knowledge of the account changes every day. So the numbers are recorded when the group is scored, before the day is learnt.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from seawall.detection.behaviour.detector import BehaviourDetector, BehaviourGroups
from seawall.detection.behaviour.fields import FIELDS, BehaviourField
from seawall.detection.feedback_values import ScoreAdjustment
from seawall.detection.incidents.session_beginnings import Beginnings, beginnings
from seawall.detection.lineage.detector import LineageEvidence
from seawall.detection.ranking.features import FEATURES, FeatureTable
from seawall.detection.ranking.patterns import PATTERNS, Pattern, name_best_pattern
from seawall.detection.ranking.rule_hits import RuleHit
from seawall.detection.rules.detector import RULES, BuiltinHits
from seawall.events.coded_batch import MISSING, CodedBatch, Floats
from seawall.events.grouping import Rows

USUAL_SHOWN = 4
EVENTS_KEPT = 2_000
"""Number of record ids kept for a group; the number of the others is kept too."""


@dataclass(frozen=True, slots=True)
class FieldEvidence:
    """Hold the value of one field (`now`) and how usual it is.

    - `seen`: days on which the account showed it before, of its `active_days`; older days weigh less.
    - `accounts`: other accounts that showed it before, of `peers` in the tenant. `cohort`: others that meet it today.
    - `surprise` is in nats. `usual` lists the account's most frequent values as (value, share of active days).
    """

    field: str
    now: str
    seen: float
    active_days: float
    accounts: int
    peers: int
    cohort: int
    surprise: float
    usual: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class ScoredCandidate:
    """Hold one scored group.

    Times are in microseconds since 1970, `score` is in log-odds, and `p` belongs to the pattern that names the group.
    `score` is `base` plus all `parts`, plus all `adjustments` by analysts' answers. `network` is "" if there was none. All
    values are texts and not codes, so that a candidate does not depend on the numbering of codes.
    """

    tenant: str
    account: str
    account_type: str
    day: int
    network: str
    score: float
    base: float
    parts: dict[str, float]
    unsupervised: float
    pattern: Pattern
    p: float
    first: int
    last: int
    facts: tuple[FieldEvidence, ...]
    rules: tuple[str, ...]
    values: dict[str, float]
    events: tuple[str, ...]
    more_events: int
    mailboxes: tuple[str, ...]
    proved: int
    possible: int
    throttled: bool
    unlinked: bool
    curve: tuple[tuple[int, float], ...] = ()
    points: tuple[tuple[int, str, int, bool], ...] = field(default=())
    adjustments: tuple[ScoreAdjustment, ...] = ()
    sigma: tuple[RuleHit, ...] = ()
    beginnings: Beginnings = ()

    def with_curve(self, curve: tuple[tuple[int, float], ...]) -> ScoredCandidate:
        """Return the candidate with its curve: (time, score from then on)."""
        return replace(self, curve=curve)


def describe(
    behaviour: BehaviourDetector,
    groups: BehaviourGroups,
    table: FeatureTable,
    p: Floats,
    row: int,
    members: Rows,
    lineage: LineageEvidence,
    hits: BuiltinHits,
    scored: tuple[float, float, dict[str, float], float],
    sigma: tuple[RuleHit, ...] = (),
) -> ScoredCandidate:
    """Describe one group. `members` are its rows, `scored` is (score, base, parts, unsupervised evidence)."""
    day, batch = groups.day, groups.day.batch
    score, base, parts, unsupervised = scored
    pattern = name_best_pattern(table, row, p[row])
    intruder = intruder_rows(groups, hits, lineage, row, members)
    fired = tuple(dict.fromkeys(RULES[rule].name for rule in hits.rule[day.group[hits.row] == row].tolist()))
    at = int(members[0])
    proved, possible = messages(batch, intruder)
    ids = batch.texts["metadata_uid"].take(intruder[:EVENTS_KEPT].astype(np.int64)).to_pylist()
    values = {name: float(value) for name, value in zip(FEATURES, table.values[row], strict=True)}
    return ScoredCandidate(
        tenant=batch.value("org_uid", at),
        account=batch.value("account", at),
        account_type=batch.value("account_type", at),
        day=day.number,
        network=batch.vocabularies["network"].text(int(day.network[row])),
        score=score,
        base=base,
        parts=parts,
        unsupervised=unsupervised,
        pattern=pattern,
        p=float(p[row][PATTERNS.index(pattern)]),
        first=int(batch.time[intruder[0]]),
        last=int(batch.time[intruder[-1]]),
        facts=tuple(_facts(behaviour, groups, row)),
        rules=fired,
        values=values,
        events=tuple(ids),
        more_events=max(len(intruder) - EVENTS_KEPT, 0),
        mailboxes=_mailboxes(batch, intruder),
        proved=proved,
        possible=possible,
        throttled=bool((batch.numbers["is_throttled"][intruder] == 1).any()),
        unlinked=bool(lineage.unknown[intruder].any()),
        points=_points(groups, int(day.actor[row]), intruder),
        sigma=sigma,
        beginnings=beginnings(batch, intruder),
    )


def intruder_rows(
    groups: BehaviourGroups, hits: BuiltinHits, lineage: LineageEvidence, row: int, members: np.ndarray
) -> np.ndarray:
    """Return the group's rows that are attributed to the attacker.

    On a network that is new to the account, these are all rows. On its own network, they are the rows with a new value, a
    rule hit or lineage evidence, or all rows if there are none. New values count for client, application, mailbox, address
    block, device and key.
    """
    if groups.features["network_days"][row] < np.log1p(2.5):
        return members
    chosen = np.isin(members, hits.row)
    chosen |= (lineage.orphan[members] > 2) | (lineage.reused[members] > 2)
    chosen |= (lineage.outlived[members] > 0) | (lineage.foreign[members] > 0)
    for name, column in (
        ("client", "client"),
        ("app", "app_uid"),
        ("mailbox", "foreign_mailbox"),
        ("prefix", "src_prefix"),
        ("device", "device_uid"),
        ("key", "key_uid"),
    ):
        surprise = groups.fields[name]
        if surprise.is_new[row]:
            chosen |= groups.day.columns[column][members] == surprise.value[row]
    mine = members[chosen]
    return mine if len(mine) else members


def messages(batch: CodedBatch, rows: np.ndarray) -> tuple[int, int]:
    """Return the number of messages proved read (Bind) and possibly read (Sync, throttled), a lower bound."""
    items = np.maximum(batch.numbers["item_count"][rows], 0)
    access = batch.one_of("kind", ("mail_access",))[rows]
    sync = batch.one_of("access_type", ("sync",))[rows]
    throttled = batch.numbers["is_throttled"][rows] == 1
    proved = int(items[access & ~sync].sum())
    possible = int(np.maximum(items, 1)[access & (sync | throttled)].sum())
    return proved, possible


def _mailboxes(batch: CodedBatch, rows: np.ndarray) -> tuple[str, ...]:
    mail = rows[batch.one_of("kind", ("mail_access", "mail_action", "mail_rule"))[rows]]
    names = {batch.value("mailbox", int(row)) or batch.value("account", int(row)) for row in mail[:20_000]}
    return tuple(sorted(name for name in names if "@" in name))


def _points(
    groups: BehaviourGroups, actor: int, intruder: np.ndarray
) -> tuple[tuple[int, str, int, bool], ...]:
    """Return the account's day as (time, network, events, whether the attacker's) for each half hour and network."""
    day, batch = groups.day, groups.day.batch
    rows = np.flatnonzero((batch.actor == actor) & (day.group != MISSING))
    hostile = np.zeros(len(batch), bool)
    hostile[intruder] = True
    slots: dict[tuple[int, str, bool], int] = {}
    for row in rows[:5_000].tolist():
        slot = int(batch.time[row]) // 1_800_000_000 * 1_800_000_000
        lane = batch.vocabularies["network"].text(int(day.columns["network"][row]))
        key = (slot, lane, bool(hostile[row]))
        slots[key] = slots.get(key, 0) + 1
    return tuple((slot, lane, count, mine) for (slot, lane, mine), count in sorted(slots.items()))


def _facts(behaviour: BehaviourDetector, groups: BehaviourGroups, row: int) -> list[FieldEvidence]:
    day, facts = groups.day, []
    actor = int(day.actor[row])
    peers = max(behaviour.tenant_accounts(int(day.tenant[row])) - 1, 0)
    for field_ in FIELDS:
        surprise = groups.fields[field_.name]
        value = int(surprise.value[row])
        if value == MISSING:
            continue
        pairs = groups.pairs[field_.name]
        low, high = np.searchsorted(pairs.group, (row, row + 1)).tolist()
        at = low + int(np.flatnonzero(pairs.value[low:high] == value)[0])
        active = behaviour.active_days(actor)
        usual = _usual(behaviour, groups, field_, row)
        facts.append(
            FieldEvidence(
                field_.name,
                _text_of(behaviour, groups, field_, value, row),
                round(float(pairs.looked.seen[at]), 1),
                active,
                int(pairs.looked.accounts[at]),
                peers,
                int(pairs.looked.cohort[at]),
                float(surprise.backed_off[row]),
                tuple((text, min(days / max(active, 1.0), 1.0)) for text, days in usual),
            )
        )
    return facts


def _usual(
    behaviour: BehaviourDetector, groups: BehaviourGroups, field_: BehaviourField, row: int
) -> list[tuple[str, float]]:
    """Return the values that the account shows on most days, with these days; ties are in alphabetical order."""
    known = behaviour.counts[field_.name].values_of(int(groups.day.actor[row]), groups.day.number)
    if not known:
        return []
    least = known[min(USUAL_SHOWN, len(known)) - 1][1]
    codes = np.array([code for code, days in known if days >= least], np.int32)
    texts = behaviour.derived.texts(field_, codes, groups.day.batch.vocabularies)
    ranked = sorted((-known[place][1], said, int(codes[place])) for place, said in enumerate(texts))
    return [(_text_of(behaviour, groups, field_, code, row), -days) for days, _, code in ranked[:USUAL_SHOWN]]


def _text_of(
    behaviour: BehaviourDetector, groups: BehaviourGroups, field_: BehaviourField, code: int, row: int
) -> str:
    """Return a field's value as text, with names as the organisation's logs state them."""
    tenant = int(groups.day.tenant[row])
    vocabularies = groups.day.batch.vocabularies
    columns: tuple[str, ...] = field_.name_columns
    codes: tuple[int, ...] = (code,)
    if len(columns) == 2:
        codes = behaviour.derived.parts(field_.name, code)
    texts = [
        _with_name(
            vocabularies[column].text(part),
            behaviour.derived.app_name(tenant, part) if column == "app_uid" else None,
        )
        for column, part in zip(columns, codes, strict=True)
    ]
    return " + ".join(text for text in texts if text)


def _with_name(text: str, name: str | None) -> str:
    return f"{name} ({text})" if name and name.lower() != text.lower() else text
