"""Weigh indicators that others sent or analysts saved: what candidates show of them, and accounts without a candidate.

What others say is a lead and no proof. A value that more accounts of the organisation use than an intruder plausibly has, or
that the account itself used before, counts for nothing, so that a list with a provider's own addresses raises nobody.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from seawall.detection.feedback.hostile import MOST, STRONG, WEAK, rare_value_limit
from seawall.detection.feedback_values import INDICATOR_ASPECT, ScoreAdjustment
from seawall.detection.ranking.candidates import ScoredCandidate
from seawall.detection.ranking.features import FEATURES
from seawall.detection.ranking.kept_groups import KeptCandidate
from seawall.detection.ranking.patterns import INDICATOR
from seawall.detection.ranking.ranker import load
from seawall_base.plurals import plural

WEIGHTS: Final[Mapping[str, float]] = {
    "address": STRONG,
    "session": STRONG,
    "token": STRONG,
    "device": STRONG,
    "key": STRONG,
    "app": STRONG,
    "network": WEAK,
    "user_agent": WEAK,
}
"""Log-odds that an indicator of each kind adds. Many people share a network or a client, so these raise nothing by themselves."""

LOW, HIGH = 30, 70
"""Confidence from which STIX calls an indicator medium, and high. One of low confidence raises nothing by itself."""

MOST_HITS_OF_TENANT: Final = 200
"""Most hits of one organisation that count, the surest first: a list of a million values proves no million intruders."""

MOST_SAID: Final = 5
_DAY: Final = 86_400_000_000

Candidate = ScoredCandidate | KeptCandidate
_Place = tuple[str, str, int, str]


@dataclass(frozen=True, slots=True)
class IndicatorHit:
    """Say that an account showed an indicator on one day and network, while the indicator was valid.

    `source` names who says it, "" for the organisation's own analysts. `confidence` is 0 to 100, None if unstated. Times are
    microseconds since 1970. `events` are record ids, of `records`. `has_success` is false if all records are refused attempts.
    `others` of `peers` other accounts showed the value in the days that were searched. With `is_usual`, the account itself
    used it before. `prefix` is the length of the indicator's block, 0 if it is none; its validity
    ends at `end`, None for never. With `is_provider`, it is an address of the cloud provider itself.
    """

    tenant: str
    account: str
    account_type: str
    day: int
    network: str
    kind: str
    value: str
    source: str
    confidence: int | None
    first: int
    last: int
    records: int
    events: tuple[str, ...]
    has_success: bool
    others: int
    peers: int
    is_usual: bool
    prefix: int = 0
    end: int | None = None
    is_provider: bool = False

    @property
    def is_rare(self) -> bool:
        """Return whether the value distinguishes an intruder in this organisation, and is not the account's own."""
        return not self.is_usual and self.others <= rare_value_limit(self.peers)

    @property
    def weight(self) -> float:
        """Return the log-odds that it adds: all of its kind's with high confidence, a third with low."""
        if not self.is_rare:
            return 0.0
        sure = LOW if self.confidence is None else self.confidence
        share = 1 / 3 if self.is_provider else 1.0 if sure >= HIGH else 2 / 3 if sure >= LOW else 1 / 3
        return WEIGHTS.get(self.kind, 0.0) * share

    @property
    def can_raise(self) -> bool:
        """Return whether it may raise an incident by itself: something succeeded, with a strong value of enough confidence."""
        is_strong = WEIGHTS.get(self.kind, 0.0) >= STRONG and not 0 < self.prefix < _least_prefix(self.value)
        is_sure = self.confidence is None or self.confidence >= LOW
        return self.is_rare and self.has_success and is_strong and is_sure and not self.is_provider

    def describe(self) -> str:
        """Return the sentence that pages show."""
        speaker = f"{self.source} names" if self.source else "your analysts named"
        sure = "" if not self.source else ", confidence unstated"
        if self.confidence is not None:
            sure = f", confidence {self.confidence} of 100"
        shown = f"{plural(self.records, 'record')} {'shows' if self.records == 1 else 'show'} it"
        others = f"{self.others:,} of {plural(self.peers, 'other account')} {'uses' if self.others == 1 else 'use'} it"
        words = self.kind.replace("_", " ")
        return f"{speaker} the {words} {self.value} as an intruder's{sure}: {shown}; {others}"


def apply_hits(
    candidates: Sequence[Candidate], hits: Iterable[IndicatorHit], *, tenants: Collection[str] | None = None
) -> list[Candidate]:
    """Return the candidates with what indicators add, in order, and then a candidate for each hit without one.

    A hit counts at the account's highest candidate of that day and network. Only a hit that may raise an incident by itself
    makes a candidate. `tenants` are the organisations whose hits count, None for all. The order of the hits does not matter.
    """
    by_place: dict[_Place, list[IndicatorHit]] = defaultdict(list)
    for hit in choose_hits(hits, tenants):
        by_place[hit.tenant, hit.account, hit.day, hit.network].append(hit)
    best: dict[_Place, int] = {}
    for number, one in enumerate(candidates):
        place = one.tenant, one.account, one.day, one.network
        if place not in by_place or one.is_follow_up or one.is_refused:
            continue
        if place not in best or candidates[best[place]].score < one.score:
            best[place] = number
    found = list(candidates)
    for place, number in best.items():
        found[number] = _adjust(found[number], by_place[place])
    rest = (by_place[place] for place in sorted(by_place.keys() - best.keys()))
    base = next((one.base for one in candidates if not one.is_refused), None)
    made = (_make_candidate(own, base) for own in rest if any(one.can_raise for one in own))
    return [*found, *(_adjust(one, by_place[one.tenant, one.account, one.day, one.network]) for one in made)]


def choose_hits(hits: Iterable[IndicatorHit], tenants: Collection[str] | None = None) -> list[IndicatorHit]:
    """Return the hits that count, at most `MOST_HITS_OF_TENANT` of each organisation."""
    by_tenant: dict[str, list[IndicatorHit]] = defaultdict(list)
    for hit in hits:
        if hit.weight > 0 and (tenants is None or hit.tenant in tenants):
            by_tenant[hit.tenant].append(hit)
    return [
        hit
        for own in by_tenant.values()
        for hit in sorted(
            own,
            key=lambda one: (
                not one.can_raise, -one.weight, -(one.confidence or 0), one.first, one.account, one.kind, one.value,
                one.source,
            ),
        )[:MOST_HITS_OF_TENANT]
    ]  # fmt: skip


def _adjust(candidate: Candidate, hits: Sequence[IndicatorHit]) -> Candidate:
    """Return a candidate with the weight of hits, and with their sentences among the statements of others."""
    ordered = sorted(hits, key=lambda one: (-one.weight, one.kind, one.value, one.source))
    # several lists that name one value say it once
    by_value = {(one.kind, one.value): one.weight for one in reversed(ordered)}
    weight = min(sum(by_value.values()), MOST)
    said = "; ".join(one.describe() for one in ordered[:MOST_SAID])
    if len(ordered) > MOST_SAID:
        said += f"; and {len(ordered) - MOST_SAID} more"
    change = ScoreAdjustment(
        "rules", INDICATOR_ASPECT, weight, said, is_beside=any(one.can_raise for one in hits)
    )
    adjustments = (*candidate.adjustments, change)
    score = candidate.score + weight
    statements = tuple((one.first, one.describe()) for one in ordered[:MOST_SAID])
    if isinstance(candidate, KeptCandidate):
        return replace(candidate, score=score, adjustments=adjustments, statements=statements)
    curve = tuple((time, one + weight) for time, one in candidate.curve)
    return replace(
        candidate,
        score=score,
        curve=curve,
        adjustments=adjustments,
        statements=tuple(sorted({*candidate.statements, *statements})),
    )


def _make_candidate(hits: Sequence[IndicatorHit], base: float | None) -> ScoredCandidate:
    """Return a candidate of nothing but the records that show the indicators; `base` is the score without evidence."""
    base = load().base if base is None else base
    one = min(hits, key=lambda hit: (hit.first, hit.kind, hit.value, hit.source))
    first, last = one.first, max(hit.last for hit in hits)
    events = tuple(dict.fromkeys(id_ for hit in hits for id_ in hit.events))
    return ScoredCandidate(
        tenant=one.tenant,
        account=one.account,
        account_type=one.account_type,
        day=one.day,
        network=one.network,
        score=base,
        base=base,
        parts={},
        unsupervised=0.0,
        pattern=INDICATOR,
        p=1.0,
        first=first,
        last=last,
        facts=(),
        rules=(),
        values=dict.fromkeys(FEATURES, 0.0),
        events=events,
        more_events=max(max(hit.records for hit in hits) - len(events), 0),
        mailboxes=(),
        proved=0,
        possible=0,
        throttled=False,
        unlinked=False,
        curve=((first, base),),
        points=tuple(
            (time, one.network, count, True)
            for time, count in sorted({(hit.first, hit.records) for hit in hits})[:1]
        ),
    )


def _least_prefix(value: str) -> int:
    """Return the length from which a block is as small as those that events carry."""
    return 48 if ":" in value else 24
