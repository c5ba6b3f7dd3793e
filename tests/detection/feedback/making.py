"""Candidates and answers made by hand, and strategies for many of them."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from seawall.detection.behaviour.fields import FIELDS
from seawall.detection.feedback.drafting import list_lessons
from seawall.detection.feedback.expected import DAY
from seawall.detection.feedback.units import PAIRS
from seawall.detection.feedback_values import FeedbackAnswer, FeedbackValue
from seawall.detection.ranking.candidates import FieldEvidence, ScoredCandidate
from seawall.detection.ranking.features import FEATURES
from seawall.detection.ranking.patterns import PATTERNS
from seawall.detection.ranking.ranker import PARTS
from seawall.detection.rules.detector import RULES

TODAY = 20_000
NOW = TODAY * DAY
SINGLES = tuple(field.name for field in FIELDS if field.name not in PAIRS)
ACCOUNTS = ("ada@x.example", "ben@x.example", "cy@y.example", "5f3c9b1e-0000-4000-8000-000000000001")


VALUES = {**dict.fromkeys(FEATURES, 0.0), "network.backed_off": 6.0, "client.backed_off": 3.0}


def fact(
    field: str, now: str, seen: float = 0.0, accounts: int = 0, peers: int = 100, cohort: int = 0
) -> FieldEvidence:
    """A fact of an account with thirty active days."""
    return FieldEvidence(field, now, seen, 30.0, accounts, peers, cohort, 6.0, ())


def candidate(
    facts: tuple[FieldEvidence, ...] = (), parts: dict[str, float] | None = None, **changes: Any
) -> ScoredCandidate:
    """A candidate whose score is what its parts say."""
    account = changes.get("account", ACCOUNTS[0])
    day = changes.get("day", TODAY - 3)
    parts = {"network.backed_off": 4.0, "client.backed_off": 2.0} if parts is None else parts
    score = -8.0 + sum(parts.values())
    base: dict[str, Any] = {
        "tenant": "org", "account": account, "account_type": "user" if "@" in account else "service",
        "day": day, "network": {f.field: f.now for f in facts}.get("network", ""), "score": score, "base": -8.0,
        "parts": parts, "unsupervised": 1.0, "pattern": PATTERNS[0], "p": 0.01,
        "first": day * DAY + 60, "last": day * DAY + 600,
        "facts": facts, "rules": (), "values": VALUES, "events": ("e",),
        "more_events": 0, "mailboxes": (), "proved": 1, "possible": 0, "throttled": False, "unlinked": False,
        "curve": ((day * DAY + 60, score),),
    }  # fmt: skip
    return ScoredCandidate(**{**base, **changes})


def answered(
    of: ScoredCandidate | tuple[ScoredCandidate, ...], answer: str, **changes: Any
) -> FeedbackAnswer:
    """An answer given today to an incident that these candidates make."""
    story = of if isinstance(of, tuple) else (of,)
    top = story[0]
    base: dict[str, Any] = {
        "id": 1, "incident": "i1", "tenant": top.tenant, "account": top.account, "account_type": top.account_type,
        "answer": answer, "reach": "account", "values": (), "given_at": NOW, "as_of": NOW, "expires_at": None,
        "lessons": list_lessons(story),
    }  # fmt: skip
    return FeedbackAnswer(**{**base, **changes})


def values(*pairs: tuple[str, str]) -> tuple[FeedbackValue, ...]:
    """Values from (aspect, value)."""
    return tuple(FeedbackValue(aspect, value) for aspect, value in pairs)


WEIGHTS = st.integers(-400, 600).map(lambda cents: cents / 100)


@st.composite
def facts(draw: st.DrawFn) -> tuple[FieldEvidence, ...]:
    """Facts of some fields, each with one of two values; pairs are mostly of the values beside them."""
    shown = {name: draw(st.sampled_from(("one", "two"))) for name in SINGLES if draw(st.integers(0, 2)) > 0}
    for name, (left, right) in PAIRS.items():
        if left in shown and right in shown:
            shown[name] = f"{shown[left]} + {draw(st.sampled_from((shown[right], 'three')))}"
    return tuple(
        fact(name, now, draw(st.sampled_from((0.0, 0.0, 5.0))), draw(st.integers(0, 60)), cohort=draw(st.integers(0, 9)))
        for name, now in shown.items()
    )  # fmt: skip


@st.composite
def candidates(draw: st.DrawFn) -> ScoredCandidate:
    """One candidate of one of a few accounts in one of two tenants."""
    names = draw(st.lists(st.sampled_from(PARTS), min_size=3, max_size=25, unique=True))
    parts = {name: draw(WEIGHTS) for name in names}
    features = draw(st.lists(st.sampled_from(FEATURES), max_size=6, unique=True))
    spread = {name: draw(st.integers(0, 8)) / 2 for name in features}
    return candidate(
        draw(facts()),
        parts,
        tenant=draw(st.sampled_from(("org", "org", "other"))),
        account=draw(st.sampled_from(ACCOUNTS)),
        day=draw(st.integers(TODAY - 40, TODAY + 40)),
        pattern=draw(st.sampled_from(PATTERNS)),
        rules=tuple(draw(st.lists(st.sampled_from([rule.name for rule in RULES]), max_size=2, unique=True))),
        values={**dict.fromkeys(FEATURES, 0.0), "network.backed_off": 3.0, **spread},
    )


@st.composite
def given_answers(
    draw: st.DrawFn, story: list[ScoredCandidate], number: int, kind: str | None = None
) -> FeedbackAnswer:
    """An answer to one of the candidates."""
    top = draw(st.sampled_from(story))
    kind = kind or draw(st.sampled_from(("compromised", "safe", "expected-change")))
    listed: tuple[FeedbackValue, ...] = ()
    if kind == "expected-change":
        listed = values(*(
            (name, value)
            for name in draw(st.lists(st.sampled_from([*SINGLES, *PAIRS]), min_size=1, max_size=6, unique=True))
            for value in draw(st.lists(st.sampled_from(("one", "two", "one + two")), max_size=2, unique=True))
        ), *(("rule", rule) for rule in top.rules))  # fmt: skip
    return answered(
        top,
        kind,
        id=number,
        incident=f"i{number}",
        reach=draw(st.sampled_from(("account", "peers", "tenant")))
        if kind == "expected-change"
        else "account",
        values=listed,
        given_at=NOW,
        as_of=draw(st.sampled_from((NOW, NOW - 30 * DAY))),
        expires_at=draw(st.sampled_from((None, NOW + 10 * DAY, NOW + 400 * DAY))),
    )


@st.composite
def worlds(draw: st.DrawFn, most: int = 4) -> tuple[list[ScoredCandidate], list[FeedbackAnswer]]:
    """Some candidates and some answers to them."""
    found = draw(st.lists(candidates(), min_size=2, max_size=6))
    count = draw(st.integers(0, most))
    return found, [draw(given_answers(found, number + 1)) for number in range(count)]
