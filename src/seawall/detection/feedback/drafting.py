"""Check a draft answer before it is saved: list what an incident teaches and which values can be expected, or refuse it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from seawall.detection.feedback.columns import USUAL_DAYS, is_protected
from seawall.detection.feedback.expected import DAY, WIDE_DAYS
from seawall.detection.feedback.units import RULE, RULE_GROUP, TELLING, WIDE
from seawall.detection.feedback_values import FeedbackDraft, FeedbackLesson, FeedbackValue, ShownValue
from seawall.detection.ranking.aspects import weights
from seawall.detection.ranking.candidates import ScoredCandidate
from seawall_base.errors import UsageError

LESSONS_KEPT = 40
VALUES_MOST = 40
LONGEST_DAYS = 365
"""Longest validity in days of an answer about one account, if it names its end."""

MOST_PEERS = 0.5
"""If more than this share of the peers shows a value, the value is common and cannot be expected."""

_NEVER_WORDS = {
    "lineage.foreign": "a token that another tenant issued was accepted",
    "lineage.outlived": "the account was used after its sessions were revoked",
}


def list_lessons(candidates: Iterable[ScoredCandidate]) -> tuple[FeedbackLesson, ...]:
    """Return what an incident's groups teach, the highest score first. `candidates` have their original scores."""
    ordered = sorted(candidates, key=lambda one: (-one.score, one.first, one.network))
    return tuple(_lesson(candidate) for candidate in ordered[:LESSONS_KEPT])


def _lesson(candidate: ScoredCandidate) -> FeedbackLesson:
    shown = (
        ShownValue(fact.field, fact.now, fact.seen, fact.accounts, fact.peers, fact.cohort)
        for fact in candidate.facts
    )
    known = {
        name: round(weight, 6) for name, weight in sorted(weights(candidate).items()) if round(weight, 6)
    }
    return FeedbackLesson(
        candidate.day, candidate.network, round(candidate.score, 6), tuple(shown), candidate.rules, known
    )


def list_choices(learnt: Sequence[FeedbackLesson], reach: str) -> tuple[FeedbackValue, ...]:
    """Return the unusual values of an incident that can be expected of an account, its peers or the tenant (`reach`)."""
    shown = {
        FeedbackValue(one.aspect, one.value)
        for lesson in learnt
        for one in lesson.shown
        if one.seen < USUAL_DAYS
    }
    if reach == "account":
        rules = {
            FeedbackValue(RULE, name) for lesson in learnt for name in lesson.rules if name in RULE_GROUP
        }
        return tuple(sorted(shown | rules))
    common = {
        FeedbackValue(one.aspect, one.value)
        for lesson in learnt
        for one in lesson.shown
        if one.accounts > MOST_PEERS * one.peers
    }
    return tuple(sorted(one for one in shown - common if one.aspect in WIDE and one.value.strip()))


def check_draft(draft: FeedbackDraft, learnt: Sequence[FeedbackLesson], now: int) -> FeedbackDraft:
    """Return the draft in the form in which it is saved, with its values and its end. `now` is in microseconds since 1970.

    An answer `compromised` or `safe` concerns the account alone. Values that cannot be expected for this reach are left out
    (`list_left_out`). Raises UsageError if no value is left, if the incident lacks a value, or if the answer would be valid
    too long.
    """
    if draft.answer == "compromised":
        return FeedbackDraft("compromised")
    if draft.answer == "safe":
        return FeedbackDraft("safe", "account", _check_values(draft, learnt), _end(draft, now))
    possible = list_choices(learnt, draft.reach)
    values = (
        tuple(one for one in _check_values(draft, learnt) if one in possible) if draft.values else possible
    )
    if len(values) > VALUES_MOST:
        raise UsageError(
            f"more than {VALUES_MOST} values", fix="name only the values that the change explains"
        )
    if not values:
        raise UsageError(
            f"none of these values can be expected of the {draft.reach}", fix=_list_allowed(possible)
        )
    if draft.reach != "account" and not any(value.aspect in TELLING for value in values):
        raise UsageError(
            "a country or sign-in method alone would match too many events",
            fix=f"name one of {', '.join(TELLING)} too",
        )
    return FeedbackDraft(draft.answer, draft.reach, values, _end(draft, now))


def list_left_out(draft: FeedbackDraft, kept: FeedbackDraft) -> tuple[FeedbackValue, ...]:
    """Return the requested values that are not part of the saved draft."""
    if kept.answer == "compromised":
        return ()
    return tuple(sorted(set(draft.values) - set(kept.values)))


def _check_values(draft: FeedbackDraft, learnt: Sequence[FeedbackLesson]) -> tuple[FeedbackValue, ...]:
    shown = {FeedbackValue(one.aspect, one.value) for lesson in learnt for one in lesson.shown}
    shown |= {FeedbackValue(RULE, name) for lesson in learnt for name in lesson.rules}
    for value in draft.values:
        if value not in shown:
            raise UsageError(
                f"the incident shows no such {value.aspect}", fix="name values that the incident shows"
            )
    return tuple(sorted(set(draft.values)))


def _end(draft: FeedbackDraft, now: int) -> int | None:
    """Return when the answer ends. A named day includes its whole length, cut to the longest validity."""
    longest = WIDE_DAYS if draft.answer == "safe" or draft.reach != "account" else LONGEST_DAYS
    if draft.expires_at is None:
        return now + WIDE_DAYS * DAY
    if draft.expires_at <= now:
        raise UsageError("the expiry time lies in the past", fix="choose a later time")
    if draft.expires_at > now + (longest + 1) * DAY:
        raise UsageError(
            f"the answer would be valid for more than {longest} days", fix="choose an earlier time"
        )
    return min(draft.expires_at, now + longest * DAY)


def _list_allowed(possible: Sequence[FeedbackValue]) -> str:
    if not possible:
        return "nothing new in this incident can be; answer about the account, or that it was safe"
    return "one of: " + "; ".join(f"{value.aspect} {value.value}" for value in possible[:12])


def list_never_hidden(candidates: Iterable[ScoredCandidate]) -> tuple[str, ...]:
    """Return the reasons, as texts, for which no answer may lower these candidates."""
    found = {
        words
        for candidate in candidates
        if is_protected(candidate)
        for name, words in _NEVER_WORDS.items()
        if candidate.values.get(name, 0.0) > 0
    }
    return tuple(sorted(found))
