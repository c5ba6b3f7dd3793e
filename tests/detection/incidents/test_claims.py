"""Every sentence of an incident is true of its numbers: all templates, with none, one, two and many, and with a short history."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from math import log1p

import pytest

from seawall.detection.behaviour.fields import FIELD_NAMES
from seawall.detection.incidents.claims import claim
from seawall.detection.incidents.explain import _text, fact_text, summary
from seawall.detection.incidents.first_steps import list_first_steps
from seawall.detection.incidents.story.act import StoryAct
from seawall.detection.ranking.aspects import ATTEMPTS, VOLUME
from seawall.detection.ranking.candidates import FieldEvidence, ScoredCandidate
from seawall.detection.ranking.features import FEATURES
from seawall.detection.ranking.patterns import PATTERNS, Pattern, name_best_pattern
from seawall.detection.rules.detector import RULES
from tests.detection.feedback.making import candidate, fact

COUNTS = (0, 1, 2, 1500)
THINGS = "account|time|minute|hour|mailbox|peer|message|folder|active day|failed sign-in|other met|other that|record"
MANY = re.compile(rf"\b1 (?:{THINGS.replace('mailbox', 'mailboxe')})s\b")
ONE = re.compile(rf"\b(?!1 )[\d,]+ (?:{THINGS})\b(?!s)")
ABSOLUTE = re.compile(
    r"\b(?:n?ever|nobody|always|nowhere|belongs?|stolen|intruder|own(?:er)?s?|holders?)\b", re.IGNORECASE
)


def features(**counts: float) -> dict[str, float]:
    return {**dict.fromkeys(FEATURES, 0.0), "usual_gap": 9e9, "usual_gap_abroad": 9e9, **counts}


def candidates(pattern: Pattern) -> Iterator[ScoredCandidate]:
    """A candidate of the pattern with each kind of history, and each count in each feature that is counted."""
    for days, seen, accounts, peers in product(
        (0.0, 0.4, 1.0, 300.0), (0.0, 0.9, 1.0, 200.0), (0, 1, 900), (0, 1, 1000)
    ):
        facts = tuple(
            replace(
                fact(name, "x"),
                seen=min(seen, days),
                active_days=days,
                accounts=min(accounts, peers),
                peers=peers,
            )
            for name in FIELD_NAMES
        )
        yield replace(candidate(), pattern=pattern, facts=facts, values=features(items_z=3.5))
    for count in COUNTS:
        values = features(**{name: log1p(count) for name in (*ATTEMPTS, *VOLUME, "new_mailboxes")}) | {
            "items_z": count - 1.0
        }
        for gap in (0.0, 1.0, 61.0, 119.0, 719.0):
            yield replace(
                candidate(), pattern=pattern, values={**values, "usual_gap_abroad": gap, "usual_gap": gap}
            )


def is_plain(text: str) -> bool:
    """One is one, others are many, and nothing is said of none."""
    return not (MANY.search(text) or ONE.search(text) or "0 of 0" in text)


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda one: one.name)
def test_a_claim_says_no_more_than_its_numbers(pattern: Pattern) -> None:
    for top in candidates(pattern):
        kind, technique, words = claim(top)
        facts = {one.field: one for one in top.facts}
        assert kind
        assert technique
        assert is_plain(words), words
        assert not ABSOLUTE.search(words), words
        for phrase, names in NEW.items():
            if phrase in words:
                for name in names:
                    assert facts[name].active_days >= 1 > facts[name].seen, (words, facts[name])
        if "to its peers" in words:
            assert facts["app"].peers > 0 == facts["app"].accounts, words
        if "no earlier day" in words:
            assert max(one.active_days for one in facts.values()) < 1
        for pattern_of, feature in ((r"sign-ins to ([\d,]+) account", "spray_breadth"), (r"given ([\d,]+) time", "denials"),
                                    (r"reads ([\d,]+) mailbox", "new_mailboxes")):  # fmt: skip
            if said := re.search(pattern_of, words):
                assert log1p(int(said[1].replace(",", ""))) == pytest.approx(top.values[feature])
        if said := re.search(r"within (\d+) (minute|hour)", words):
            minutes = int(said[1]) * (60 if said[2] == "hour" else 1)
            assert (
                abs(minutes - max(top.values["usual_gap_abroad"], 1)) <= 30
                or top.values["usual_gap_abroad"] > 720
            )


@pytest.mark.parametrize("name", ["tokens-never-issued", "token-never-issued", "mail-without-sign-in"])
def test_a_token_is_not_called_forged_where_the_intruder_signed_in_first(name: str) -> None:
    pattern = next(one for one in PATTERNS if one.name == name)
    top = replace(candidate(), pattern=pattern, unlinked=False, values=features(**{"lineage.orphan": 1.0}))
    signed_in, read = StoryAct("signed_in", 5, 5, "x", "Example"), StoryAct("read", 9, 9, "x", count=3)
    assert claim(replace(top, story=(read,)))[0] == "forged-or-stolen-token"
    assert (
        claim(replace(top, story=(replace(signed_in, is_intruders=False), read)))[0]
        == "forged-or-stolen-token"
    )
    assert claim(replace(top, story=(read, replace(signed_in, time=99))))[0] == "forged-or-stolen-token"
    kind, technique, words = claim(replace(top, story=(read, signed_in)))
    assert (kind, technique) == ("account-takeover", "T1078.004 Cloud Accounts")
    assert words.startswith(pattern.words)
    assert "after a sign-in from the same network" in words


NEW = {
    "a network and by a client that are new": ("network", "client"), "a network that is new": ("network",),
    "a client that is new": ("client",), "an application that is new": ("app",), "a key that is new": ("key",),
    "network and with a key that are new": ("network", "key"), "which it did not use it before": ("app_network",),
    "that it did not use before": ("method",),
}  # fmt: skip


def test_an_organisations_own_exit_is_not_called_somebody_elses() -> None:
    """A proxy or VPN that everybody uses is new to the one who meets it first; the sentence says how many use it."""
    own = replace(fact("network", "Example proxy"), seen=0.0, active_days=20.0, accounts=300, peers=320)
    usual = replace(fact("client", "Outlook"), seen=20.0, active_days=20.0)
    pattern = next(one for one in PATTERNS if one.name == "strange-client")
    said = summary(replace(candidate(), pattern=pattern, facts=(own, usual)))
    assert "is used from a network that is new to it: " in said
    assert "300 of 320 peers use it" in said


@pytest.mark.parametrize(
    "aspect",
    [
        "attempts",
        "volume",
        "two-places",
        "pattern",
        "birth",
        "moved",
        "reused",
        "session",
        "usual-network",
        "own-consent",
        "managed-device",
    ],
)
def test_a_reason_says_one_of_one_and_many_of_many(aspect: str) -> None:
    for top in candidates(PATTERNS[0]):
        text = _text("behaviour", aspect, top, {})
        assert is_plain(text), text
        assert not re.search(r"-\d", text), text


@pytest.mark.parametrize(("days", "peers"), list(product((0.0, 0.4, 1.0, 2.0, 40.0), (0, 1, 2, 900))))
def test_a_fact_of_no_history_compares_with_nothing(days: float, peers: int) -> None:
    one: FieldEvidence = replace(fact("network", "x"), seen=0.0, active_days=days, accounts=0, peers=peers)
    text = fact_text(one)
    assert is_plain(text), text
    assert ("no earlier active day" in text) is (days < 0.5)
    assert ("no peers" in text) is (peers == 0)
    assert ("only" in text) is (0.5 < days < 1.5 or peers == 1)


@pytest.mark.parametrize(("feature", "enough"), [("spray_breadth", 5), ("denials", 3)])
@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 40])
def test_few_are_no_campaign(feature: str, enough: int, count: int) -> None:
    """One account that failed, or one prompt that was not answered, names no incident a spray or a bombing."""
    import numpy as np

    from seawall.detection.ranking.features import INDEX, FeatureTable

    values = np.zeros((1, len(FEATURES)))
    values[0, INDEX[feature]] = log1p(count)
    pattern = next(one for one in PATTERNS if one.needs == feature)
    p = np.array([0.001 if one is pattern else 0.5 for one in PATTERNS])
    assert (name_best_pattern(FeatureTable(values), 0, p) is pattern) is (count >= enough)


def test_no_rule_or_step_says_what_it_cannot_know() -> None:
    for rule in RULES:
        assert not ABSOLUTE.search(rule.words), rule.words
        steps = list_first_steps(replace(candidate(), rules=(rule.name,)))
        assert len(steps) == len(set(steps)) >= 3
