"""Answers before they are given: what an incident teaches, which values can be expected, and what is refused."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from seawall.errors import UsageError
from seawall.incidents.answers.columns import is_protected
from seawall.incidents.answers.expected import DAY, USUAL_DAYS, WIDE_DAYS
from seawall.incidents.answers.units import RULE, RULE_GROUP, TELLING, WIDE
from seawall.incidents.aspects import weights
from seawall.incidents.candidates import Candidate
from seawall.schema.answers import Draft, Lesson, Shown, Value

LESSONS_KEPT = 40
VALUES_MOST = 40
LONGEST_DAYS = 365
"""An answer about one account may stand so long, where it says when it ends."""

MOST_PEERS = 0.5
"""A value that more than this share of the peers shows means everybody: there is nothing to expect."""

_NEVER_WORDS = {
    "lineage.foreign": "a token that another tenant issued was accepted",
    "lineage.outlived": "the account was used after its sessions were revoked",
}


def lessons(candidates: Iterable[Candidate]) -> tuple[Lesson, ...]:
    """Return what an incident's groups teach, the strongest first; `candidates` are as they were scored."""
    ordered = sorted(candidates, key=lambda one: (-one.score, one.first, one.network))
    return tuple(_lesson(candidate) for candidate in ordered[:LESSONS_KEPT])


def _lesson(candidate: Candidate) -> Lesson:
    shown = (
        Shown(fact.field, fact.now, fact.seen, fact.accounts, fact.peers, fact.cohort)
        for fact in candidate.facts
    )
    known = {
        name: round(weight, 6) for name, weight in sorted(weights(candidate).items()) if round(weight, 6)
    }
    return Lesson(
        candidate.day, candidate.network, round(candidate.score, 6), tuple(shown), candidate.rules, known
    )


def choices(learnt: Sequence[Lesson], reach: str) -> tuple[Value, ...]:
    """Return the values of an incident that can be expected of an account, its peers or the tenant: all unusual ones."""
    shown = {
        Value(one.aspect, one.value) for lesson in learnt for one in lesson.shown if one.seen < USUAL_DAYS
    }
    if reach == "account":
        rules = {Value(RULE, name) for lesson in learnt for name in lesson.rules if name in RULE_GROUP}
        return tuple(sorted(shown | rules))
    common = {
        Value(one.aspect, one.value)
        for lesson in learnt
        for one in lesson.shown
        if one.accounts > MOST_PEERS * one.peers
    }
    return tuple(sorted(one for one in shown - common if one.aspect in WIDE and one.value.strip()))


def checked(draft: Draft, learnt: Sequence[Lesson], now: int) -> Draft:
    """Return the draft as it can be kept: its values named, its end set. `now` is the time at which it is given.

    Raises UsageError where it would cover more than it may.
    """
    if draft.answer != "expected-change":
        if draft.reach != "account" or draft.values:
            raise UsageError(
                f"the answer {draft.answer} is about the account alone and names no values",
                fix="leave reach and values out, or answer expected-change",
            )
        return draft
    possible = choices(learnt, draft.reach)
    values = tuple(sorted(set(draft.values))) if draft.values else possible
    for value in values:
        if value not in possible:
            raise UsageError(
                f"{value.aspect} cannot be expected of the {draft.reach} with this value",
                fix=_allowed(possible),
            )
    if len(values) > VALUES_MOST:
        raise UsageError(f"more than {VALUES_MOST} values", fix="name those that the change explains")
    if not values:
        raise UsageError(
            "this incident shows no value that can be expected", fix="answer safe, or of the account"
        )
    return Draft(draft.answer, draft.reach, values, _end(draft, values, now))


def _end(draft: Draft, values: Sequence[Value], now: int) -> int | None:
    if draft.reach == "account":
        longest, default = LONGEST_DAYS, WIDE_DAYS
    else:
        longest, default = WIDE_DAYS, WIDE_DAYS
        if not any(value.aspect in TELLING for value in values):
            raise UsageError(
                "a country or a way of signing in alone would cover half the world",
                fix=f"name one of {', '.join(TELLING)} too",
            )
    if draft.expires_at is None:
        return now + default * DAY
    if draft.expires_at <= now:
        raise UsageError("the answer would expire before it is given", fix="choose a later time")
    if draft.expires_at > now + longest * DAY:
        raise UsageError(f"the answer would stand for more than {longest} days", fix="choose an earlier time")
    return draft.expires_at


def _allowed(possible: Sequence[Value]) -> str:
    if not possible:
        return "nothing of this incident can be; answer about the account"
    return "one of: " + "; ".join(f"{value.aspect} {value.value}" for value in possible[:12])


def never_hidden(candidates: Iterable[Candidate]) -> tuple[str, ...]:
    """Return the reasons of candidates that no answer mutes, in words."""
    found = {
        words
        for candidate in candidates
        if is_protected(candidate)
        for name, words in _NEVER_WORDS.items()
        if candidate.values.get(name, 0.0) > 0
    }
    return tuple(sorted(found))
