"""Attacks: what ties cases together, what does not, and what an attack costs of the budget."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.detection.incidents.alert_budget import (
    LEAST_SCORE,
    decide,
    find_case_attacks,
    select_within_budget,
)
from seawall.detection.incidents.attacks import ATTACK_DAYS, LEAST_TIED, MOST_MEMBERS, find_attacks
from seawall.detection.incidents.cases import SHARED_BY, group
from seawall.detection.incidents.story.act import StoryAct
from seawall.detection.incidents.story.handovers import Handover, list_handovers
from seawall.detection.ranking.candidates import ScoredCandidate
from seawall.detection.ranking.patterns import REFUSED
from tests.detection.feedback.making import fact
from tests.detection.incidents.test_group import candidate

NEW = {"values": {"network.is_new": 1.0}}


def act(name: str, **texts: Any) -> StoryAct:
    return StoryAct(name, 0, 0, "u1@x.example", **texts)


def tied(*found: ScoredCandidate) -> list[set[str]]:
    """The accounts of each attack."""
    cases = group(found)
    attacks: dict[int, set[str]] = {}
    for case, attack in zip(cases, find_case_attacks(cases), strict=True):
        if attack is not None:
            attacks.setdefault(attack.lead, set()).add(case.top.account.partition("@")[0])
    return list(attacks.values())


CONSENT = (act("consent", object="Rnicrosoft_Office"),)
SECRET = (act("credential", object="rnicrosoft_office"),)
ROLE = (act("role", whom="u2", object="Global Administrator"),)


def test_an_application_that_two_accounts_let_in_ties_them() -> None:
    one, other = candidate(1, 0, 3.0, story=CONSENT), candidate(2, 9, 1.0, story=SECRET)
    assert tied(one, other, candidate(3, 0, 2.0)) == [{"u1", "u2"}]
    assert tied(one, candidate(2, ATTACK_DAYS, 1.0, story=SECRET)) == [{"u1", "u2"}]
    assert tied(one, candidate(2, ATTACK_DAYS + 1, 1.0, story=SECRET)) == []
    assert tied(one, replace(other, tenant="other")) == []
    assert tied(one, replace(other, story=(act("credential", object="another"),))) == []
    assert tied(one, candidate(1, 28, 1.0, story=SECRET)) == [{"u1"}], "days of one account too"


def test_who_was_given_something_is_tied_to_the_giver_from_then_on() -> None:
    giver = candidate(1, 5, 3.0, story=ROLE)
    assert tied(giver, candidate(2, 5, 1.0)) == [{"u1", "u2"}]
    assert tied(giver, candidate(2, 20, 1.0)) == [{"u1", "u2"}]
    assert tied(giver, candidate(2, 4, 1.0)) == [], "before it, nothing was handed over"
    assert tied(giver, candidate(3, 5, 1.0)) == []
    assert tied(giver) == []


def test_of_several_givers_the_last_before_counts() -> None:
    cases = group([candidate(1, 0, 3.0, story=ROLE), candidate(3, 8, 2.0, story=ROLE), candidate(2, 9, 1.0)])
    attacks = find_case_attacks(cases)
    assert [{tie.other for tie in attack.ties} for attack in attacks if attack] == [{1}, {0, 2}, {1}]


def in_block(
    number: int, day: int, score: float, block: str = "192.0.2.0/24", **changes: Any
) -> ScoredCandidate:
    return candidate(number, day, score, **{**NEW, "facts": (fact("prefix", block),), **changes})


def test_a_new_address_block_ties_cases_that_are_likely_by_themselves() -> None:
    assert tied(in_block(1, 0, 3.0), in_block(2, 1, LEAST_TIED)) == [{"u1", "u2"}]
    assert tied(in_block(1, 0, 3.0), in_block(2, 1, LEAST_TIED - 0.1)) == []
    assert tied(in_block(1, 0, 3.0), in_block(2, 1, 2.0, values={})) == [], "an old network for it"
    assert tied(in_block(1, 0, 3.0, ""), in_block(2, 1, 2.0, "")) == []
    assert tied(in_block(1, 0, 3.0), in_block(2, 1, 2.0, "198.51.100.0/24")) == []


def test_an_application_that_is_only_let_in_ties_cases_that_are_likely_by_themselves() -> None:
    one = candidate(1, 0, 3.0, story=CONSENT)
    assert tied(one, candidate(2, 1, LEAST_TIED, story=CONSENT)) == [{"u1", "u2"}]
    assert tied(one, candidate(2, 1, LEAST_TIED - 0.1, story=CONSENT)) == []
    assert tied(one, candidate(2, 1, LEAST_TIED - 0.1, story=SECRET)) == [{"u1", "u2"}], (
        "who holds a secret of it rules it"
    )


@pytest.mark.parametrize("story", [CONSENT, SECRET, ()])
def test_what_very_many_share_ties_nothing(story: tuple[StoryAct, ...]) -> None:
    def found(accounts: int) -> list[ScoredCandidate]:
        return [in_block(n, 0, 3.0, story=story) for n in range(accounts)]

    assert [len(one) for one in tied(*found(SHARED_BY))] == [SHARED_BY]
    assert tied(*found(SHARED_BY + 1)) == []


def test_attempts_that_gained_nothing_belong_to_no_attack() -> None:
    refused = candidate(2, 5, 1.0, pattern=REFUSED, story=CONSENT)
    assert tied(candidate(1, 5, 3.0, story=(*CONSENT, *ROLE)), refused) == []


def test_groups_that_only_follow_tie_nothing() -> None:
    late = candidate(1, 3, -12.0, story=CONSENT, is_follow_up=True, follows=(0,))
    assert tied(candidate(1, 0, 3.0), late, candidate(2, 3, 1.0, story=CONSENT)) == []


def test_an_attack_takes_one_place_of_the_budget() -> None:
    found = [
        candidate(1, 0, 5.0, story=CONSENT),
        candidate(2, 0, 4.0, story=CONSENT),
        candidate(3, 0, 3.0),
        candidate(4, 0, 2.0),
        candidate(5, 0, -0.1, story=SECRET),
        candidate(6, 0, 0.1, story=SECRET),
    ]
    cases = group(found)
    ids = {case.top.account[:2]: case.id for case in cases}
    attacks = find_case_attacks(cases)
    raised = select_within_budget(cases, {"org": 2}, LEAST_SCORE, attacks=attacks)
    assert raised == {ids[name] for name in ("u1", "u2", "u3", "u6")}
    decision = decide(found, (), {"org": 1}, 1, 2.0)
    assert {one.id for one in decision.incidents if one.raised} == raised
    assert dict(decision.spent) == {"org": 2}
    assert decision.thresholds["org"] == pytest.approx(3.0, abs=0.01), "members say nothing about it"
    assert [one.attack for one in decision.incidents] == [ids["u1"], ids["u1"], "", "", ids["u1"], ids["u1"]]
    first = decision.incidents[0]
    assert [(one.account, one.kind, one.name) for one in first.attack_links] == [
        ("u2@x.example", "application", "rnicrosoft_office")
    ]


def test_an_attack_is_not_raised_before_one_of_its_cases_is() -> None:
    cases = group(
        [candidate(1, 0, 5.0), candidate(2, 0, 4.0, story=CONSENT), candidate(3, 0, 3.0, story=CONSENT)]
    )
    attacks = find_case_attacks(cases)
    assert select_within_budget(cases, {"org": 1}, LEAST_SCORE, attacks=attacks) == {cases[0].id}
    assert select_within_budget(cases, {"org": 0}, LEAST_SCORE, attacks=attacks) == set()


@given(
    st.lists(
        st.tuples(st.integers(1, 60), st.integers(0, 40), st.integers(0, 4), st.floats(-8, 8)), max_size=80
    )
)
def test_attacks_are_bounded_and_ties_go_both_ways(rows: list[tuple[int, int, int, float]]) -> None:
    stories = [
        [
            candidate(
                number,
                day,
                score,
                network=f"AS{shared}",
                story=(act("consent", object=f"app{shared}"),),
                **NEW,
            )
        ]
        for number, day, shared, score in sorted(rows, key=lambda row: -row[3])
    ]
    scores = [story[0].score for story in stories]
    attacks = find_attacks(stories, scores)
    for place, attack in enumerate(attacks):
        if attack is None:
            continue
        assert attack.lead <= place
        assert attacks[attack.lead] is not None
        assert sum(1 for one in attacks if one and one.lead == attack.lead) <= MOST_MEMBERS
        for tie in attack.ties:
            other = attacks[tie.other]
            assert other is not None
            assert other.lead == attack.lead


@pytest.mark.parametrize(
    ("story", "expected"),
    [
        (act("role", whom="U2@X.example"), [Handover("account", "u2")]),
        (act("mailbox_access", whom="itself", place="Henrietta"), [Handover("account", "henrietta")]),
        (act("mailbox_access", whom="u2", place="u1@x.example"), [Handover("account", "u2")]),
        (act("forwarding", whom="box@mail.example"), [Handover("address", "box@mail.example")]),
        (act("app_permission", whom="Mail Tool", object="Mail.Read"), [Handover("application", "mail tool")]),
        (act("consent", object="Mail Tool"), [Handover("application", "mail tool", is_weak=True)]),
        (act("inbox_rule", object="."), []),
        (act("consent"), []),
    ],
)  # fmt: skip
def test_acts_name_what_they_hand_over(story: StoryAct, expected: list[Handover]) -> None:
    assert list(list_handovers([story, story], "u1@x.example")) == expected
