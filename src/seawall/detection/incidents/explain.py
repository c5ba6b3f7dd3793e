"""Turn cases into incidents: reasons that sum to the score, comparisons with the usual, and one sentence."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

from seawall.detection.behaviour.fields import FIELDS
from seawall.detection.coverage_note import CoverageNote
from seawall.detection.incident import AttackLink, BaselineComparison, Incident, TimelinePoint
from seawall.detection.incidents.cases import IncidentCase
from seawall.detection.incidents.claims import claim, count_nouns
from seawall.detection.incidents.count_words import describe_days, describe_peers
from seawall.detection.incidents.fact_words import (
    describe_managed_device,
    describe_own_consent,
    describe_rotation,
    describe_session,
    describe_simultaneity,
    describe_usual_network,
)
from seawall.detection.incidents.first_steps import list_first_steps
from seawall.detection.incidents.session_beginnings import merge_sessions
from seawall.detection.incidents.severity import judge_severity
from seawall.detection.incidents.story.telling import find_title, tell_story
from seawall.detection.incidents.vendor_statements import merge_statements
from seawall.detection.lineage.orphans import WINDOW_DAYS
from seawall.detection.ranking.aspects import aspect as aspect_of
from seawall.detection.ranking.aspects import weights
from seawall.detection.ranking.candidates import FieldEvidence, ScoredCandidate
from seawall.detection.ranking.chance import load_chance
from seawall.detection.ranking.patterns import INDICATOR
from seawall.detection.ranking.rule_hits import SIGMA
from seawall.detection.reason import SILENT, Layer, Reason
from seawall.detection.rules.detector import RULES
from seawall_base.plurals import plural

WORDS = {field.name: field.words for field in FIELDS}
PAIRS = frozenset(field.name for field in FIELDS if len(field.columns) == 2)
RULE_WORDS = {rule.name: rule for rule in RULES}
PLACES = ("network", "country")
TELLING = ("network", "country", "client", "app", "mailbox", "key")
"""Fields that readers understand at once. The summary names others only if none of these is unusual."""


@dataclass(frozen=True, slots=True)
class NamedAttack:
    """Name the attack of an incident by the id of its strongest incident, and say what ties the incident to others of it."""

    id: str = ""
    links: tuple[AttackLink, ...] = ()


NO_ATTACK = NamedAttack()

BESIDE_BUDGET = "Raised beside the alert budget, for the indicator alone."
"""What an incident says that the budget would not have raised."""


def incident(
    case: IncidentCase, coverage: Sequence[CoverageNote], *, raised: bool, threshold: float
) -> Incident:
    """Return the incident of a case. `threshold` is the score at which the tenant's incidents are raised."""
    return complete_incident(describe_case(case), case, coverage, raised=raised, threshold=threshold)


def complete_incident(
    described: Incident,
    case: IncidentCase,
    coverage: Sequence[CoverageNote],
    *,
    raised: bool,
    threshold: float,
    attack: NamedAttack = NO_ATTACK,
    is_beside: bool = False,
) -> Incident:
    """Return a described case with all that depends on other cases and on coverage; see `incident`.

    With `is_beside`, it is raised beside the budget for an indicator, and says so.
    """
    story = _order_by_time(case.story())
    limit = round(threshold, 4) if math.isfinite(threshold) else None
    if is_beside:
        described = replace(
            described,
            summary=f"{described.summary} {BESIDE_BUDGET}",
            details={**described.details, "beside_budget": BESIDE_BUDGET},
        )
    return replace(
        described,
        raised=raised,
        detected_at=_time_of_hit(story) if is_beside else _time_of_detection(story, threshold),
        coverage=_coverage(story, coverage),
        details={**described.details, "threshold": limit},
        attack=attack.id,
        attack_links=attack.links,
    )


def describe_case(case: IncidentCase) -> Incident:
    """Return a case as an incident that is not raised, with all that follows from the case alone."""
    found = case.story()
    top = found[0]
    story = _order_by_time(found)
    reasons = _reasons(top, case.score)
    kind, technique, _ = claim(top)
    events = tuple(dict.fromkeys(uid for candidate in story for uid in candidate.events))
    statements = merge_statements(candidate.statements for candidate in story)
    verdict = judge_severity(replace(case, candidates=tuple(found)))
    told = tell_story((candidate.story for candidate in story), top.account)
    return Incident(
        id=case.id,
        tenant=top.tenant,
        account=top.account,
        kind=kind,
        severity=verdict.severity,
        score=round(case.score, 6),
        base=round(top.base, 6),
        raised=False,
        detected_at=None,
        first_event=min(c.first for c in story),
        last_event=max(c.last for c in story),
        title=find_title(told, top.account) or f"{_sentence_case(kind)}: {top.account}",
        summary=summary(top),
        reasons=reasons,
        events=events,
        mailboxes=tuple(sorted({m for c in story for m in c.mailboxes})),
        messages_proved=sum(c.proved for c in story),
        messages_possible=sum(c.possible for c in story),
        actions=list_first_steps(top),
        usual=tuple(_usual(fact) for fact in top.facts),
        timeline=_timeline(story),
        related=case.related,
        family=case.family,
        story=told,
        details={
            "technique": technique,
            "impact": verdict.impact,
            "likelihood": verdict.likelihood,
            "severity_because": list(verdict.because),
            "p": top.p,
            "unsupervised": round(top.unsupervised, 4),
            "curve": [[time, round(score, 3)] for time, score in top.curve],
            "rules": list(top.rules),
            "sigma": [
                {
                    "id": one.rule,
                    "title": one.title,
                    "level": one.level,
                    "technique": one.technique,
                    "events": one.events,
                }
                for one in top.sigma
            ],
            "session_roots": merge_sessions([c.beginnings for c in story]),
            "events_not_listed": sum(c.more_events for c in story),
            "groups": len(story),
            "sources": sorted({source for c in story for source in c.sources}),
            "confidence_because": list(verdict.sure),
            **({"statements": statements} if statements else {}),
        },
        chance=None
        if case.top.is_refused or top.pattern is INDICATOR
        else round(load_chance().estimate(case.score), 4),
    )


def _order_by_time(found: Sequence[ScoredCandidate]) -> list[ScoredCandidate]:
    return sorted(found, key=lambda candidate: candidate.first)


def _time_of_detection(story: Sequence[ScoredCandidate], threshold: float) -> int | None:
    for candidate in story:
        for time, score in candidate.curve:
            if score >= threshold:
                return time
    return None


def _time_of_hit(story: Sequence[ScoredCandidate]) -> int | None:
    """Return when the first group that shows an indicator began."""
    return next((one.first for one in story if any(change.is_beside for change in one.adjustments)), None)


def _reasons(top: ScoredCandidate, score: float) -> tuple[Reason, ...]:
    """Sum the ranker's contributions by aspect. Together with the base they give the score."""
    sums: dict[tuple[Layer, str], float] = defaultdict(float)
    said: dict[tuple[Layer, str], list[str]] = defaultdict(list)
    for feature, weight in weights(top).items():
        sums[aspect_of(feature)] += weight
    more = score - top.base - sum(top.parts.values())
    for adjustment in top.adjustments:
        sums[(adjustment.layer, adjustment.aspect)] += adjustment.weight
        said[(adjustment.layer, adjustment.aspect)].append(adjustment.text)
        more -= adjustment.weight
    if abs(more) > 1e-9:
        sums[("behaviour", "other-days")] += more
    facts = {fact.field: fact for fact in top.facts}
    ordered = sorted(sums.items(), key=lambda item: -item[1])
    return tuple(
        [
            Reason(
                layer,
                aspect,
                _with_answers(_text(layer, aspect, top, facts), said[(layer, aspect)])
                if said
                else _text(layer, aspect, top, facts),
                round(weight, 6),
                *_value_and_counts(facts.get(aspect)),
            )
            for (layer, aspect), weight in ordered
        ]
    )


def _with_answers(text: str, said: Sequence[str]) -> str:
    """Append the texts of answers to a reason, or replace a reason without evidence by them."""
    if said and text.endswith(SILENT):
        return "; ".join(said)
    return "; ".join((text, *said))


def _text(layer: Layer, aspect: str, top: ScoredCandidate, facts: Mapping[str, FieldEvidence]) -> str:
    if aspect in facts:
        return fact_text(facts[aspect])
    if aspect == SIGMA:
        return "; ".join(fired.text() for fired in top.sigma if fired.weight > 0) or f"no rule {SILENT}"
    if layer == "rules" and top.rules:
        fired = [rule for rule in map(RULE_WORDS.__getitem__, top.rules) if rule.group == aspect]
        if fired:
            return "; ".join(f"{rule.words} ({rule.technique})" for rule in fired)
    say = _TEXTS.get(aspect)
    return _describe_silence(aspect) if say is None else say(top)


@cache
def _describe_silence(aspect: str) -> str:
    return f"no {aspect.replace('_', ' ')} {SILENT}"


def _describe_attempts(top: ScoredCandidate) -> str:
    values = top.values
    return (
        f"{count_nouns(values, 'failures', 'failed sign-in')} before; a second factor was asked for and not given "
        f"{count_nouns(values, 'denials', 'time')}; sign-ins to {count_nouns(values, 'spray_breadth', 'account')} failed from "
        "the same address block that day or the day before"
    )


def _describe_volume(top: ScoredCandidate) -> str:
    values = top.values
    return (
        f"{count_nouns(values, 'items', 'message')} read, {count_nouns(values, 'syncs', 'folder')} synchronised, "
        f"{abs(values['items_z']):.1f} deviations {'below' if values['items_z'] < 0 else 'above'} usual"
    )


def _describe_issuance(top: ScoredCandidate) -> str:
    if top.values.get("lineage.orphan"):
        return "no sign-in that could have issued this session was found where sign-ins normally are"
    share = 1 - math.exp(-top.values.get("lineage.birthless", 0.0))
    text = f"no sign-in to the account from this network is known; here {share:.0%} of new networks begin with a sign-in"
    if not top.unlinked:
        return text
    return f"{text}; the records name no session or token, so whether one was issued is unknown"


def _describe_orphans(top: ScoredCandidate) -> str:
    orphans, begun = round(top.values["orphan_sessions"]), round(top.values["new_sessions"])
    if begun < 1:
        return f"no session or token of the account began in the {WINDOW_DAYS} days before"
    found = f"{orphans:,} of {begun:,} sessions or tokens" if begun > 1 else "the only session or token"
    without = "without" if begun > 1 or orphans else "with"
    return f"{found} in {WINDOW_DAYS} days {without} a sign-in; {top.values['expected_orphans']:.1f} expected"


_TEXTS: Mapping[str, Callable[[ScoredCandidate], str]] = {
    "pattern": lambda top: f"taken together ({top.pattern.name}): {_describe_p_value(top.p)} as unusual",
    "birth": _describe_issuance,
    "unissued-sessions": _describe_orphans,
    "moved": lambda _: "the session began on another network",
    "reused": lambda _: "the session continues with another client on another network",
    "outlived": lambda _: "used after the account's sessions were revoked",
    "foreign": lambda _: "the token was issued by another tenant",
    "credential": lambda _: "a credential was added to an application in the days before",
    "consent_any": lambda _: "an application was let in by consent in the days before",
    "attempts": _describe_attempts,
    "volume": _describe_volume,
    "two-places": describe_simultaneity,
    "rotation": describe_rotation,
    "session": describe_session,
    "usual-network": describe_usual_network,
    "own-consent": describe_own_consent,
    "managed-device": describe_managed_device,
    "hour": lambda _: "active at hours that are unusual for this account",
    "context": lambda _: "the account's history and kind, and the kind of network",
    "other-days": lambda _: "further unusual activity of the account on other days",
}
"""Functions that say the evidence of an aspect without a value or a rule."""


def fact_text(fact: FieldEvidence) -> str:
    """Return a fact as text: the value, on how many active days it was seen, and how many peers use it."""
    seen, peers = describe_days(fact.seen, fact.active_days), describe_peers(fact.accounts, fact.peers)
    cohort = f", {plural(fact.cohort, 'other')} met it the same day" if fact.cohort else ""
    return f"{WORDS[fact.field]} {fact.now}: {seen}; {peers}{cohort}"


def summary(top: ScoredCandidate) -> str:
    """Return the one-sentence summary, with up to two unusual facts."""
    who = top.account if top.account_type != "service" else f"Application {top.account}"
    weight: dict[str, float] = defaultdict(float)
    for part, share in top.parts.items():
        weight[aspect_of(part)[1]] += share
    unusual = [f for f in top.facts if f.seen < 1 and f.field not in PAIRS]
    unusual.sort(key=lambda f: (f.field not in TELLING, -round(weight[f.field], 3), -f.surprise))
    place = [fact for fact in unusual if fact.field in PLACES]
    thing = [fact for fact in unusual if fact.field in TELLING and fact.field not in PLACES]
    chosen = [*place[:1], *thing[:1]] if place and thing else unusual[:2]
    because = " and ".join(fact_text(fact) for fact in chosen)
    return f"{who} {claim(top)[2]}" + (f": {because}." if because else ".")


def _usual(fact: FieldEvidence) -> BaselineComparison:
    others = ", ".join(value for value, _ in fact.usual[:2])
    normal = f"{WORDS[fact.field]} {others}" if others else f"any earlier day with this {WORDS[fact.field]}"
    unusual = fact.seen < 1
    return BaselineComparison(
        fact.field,
        fact.now,
        fact.usual,
        fact.seen,
        fact.active_days,
        fact.accounts,
        fact.peers,
        unusual,
        normal if unusual else "",
    )


def _coverage(story: Sequence[ScoredCandidate], notes: Sequence[CoverageNote]) -> tuple[str, ...]:
    tenant, account = story[0].tenant, story[0].account
    first, last = min(c.first for c in story), max(c.last for c in story)
    texts = [
        n.text
        for n in notes
        if n.tenant in ("", tenant) and n.account in ("", account) and n.start <= last and n.end >= first
    ]
    if any(c.throttled for c in story):
        texts.append("Mail access records were throttled: presume that everything in the mailbox was read.")
    if any(c.unlinked for c in story):
        texts.append(
            "Some records carry no session or token identifier: their sign-in cannot be proved or excluded."
        )
    return tuple(dict.fromkeys(texts))


def _timeline(story: Sequence[ScoredCandidate]) -> tuple[TimelinePoint, ...]:
    points: dict[tuple[int, str, bool], int] = {}
    for candidate in story:
        for time, lane, count, hostile in candidate.points:
            key = (time, lane, hostile)
            points[key] = max(points.get(key, 0), count)
    return tuple(
        TimelinePoint(time, lane, count, hostile, plural(count, "event"))
        for (time, lane, hostile), count in sorted(points.items())
    )


_NO_COUNTS: dict[str, float] = {}
"""The counts of most reasons: one dictionary for all, which nothing changes."""


def _value_and_counts(fact: FieldEvidence | None) -> tuple[str, dict[str, float]]:
    if fact is None:
        return "", _NO_COUNTS
    return fact.now, {
        "seen_days": fact.seen,
        "active_days": fact.active_days,
        "peers_with": float(fact.accounts),
        "peers": float(fact.peers),
        "day_cohort": float(fact.cohort),
    }


def _describe_p_value(p: float) -> str:
    often = round(1 / max(p, 1e-9))
    return (
        f"1 in {often:,} of comparable account-days are"
        if often > 1
        else "comparable account-days are mostly"
    )


def _sentence_case(kind: str) -> str:
    return kind.replace("-", " ").capitalize()
