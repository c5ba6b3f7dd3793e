"""What each answer does, and what it does not."""

from __future__ import annotations

import msgspec
import pytest

from seawall.detection.feedback.applying import apply_feedback
from seawall.detection.feedback.expected import BELOW_BASE, DAY
from seawall.detection.feedback.hostile import ATTENTION, MOST, STRONG, WEAK
from seawall.detection.feedback.refit import GREATEST, LEAST, fit_weights
from seawall.detection.feedback.units import GROUPS
from seawall.detection.feedback_values import FeedbackAnswer
from seawall.detection.ranking.candidates import ScoredCandidate
from tests.detection.feedback.making import ACCOUNTS, NOW, TODAY, answered, candidate, fact, values

ADA, BEN, CY, APP = ACCOUNTS
VPN = (fact("network", "AS1 VPN"), fact("client", "outlook/mapi", seen=20.0))
OTHER = candidate((fact("network", "AS9 Elsewhere"),), account=BEN)
"""An incident to answer on that has nothing to do with the candidates that are looked at."""


def expected(
    *pairs: tuple[str, str], reach: str = "account", of: ScoredCandidate | None = None, **more: object
) -> FeedbackAnswer:
    return answered(of or OTHER, "expected-change", reach=reach, values=values(*pairs), **more)


def test_an_expected_network_is_taken_off_and_the_client_is_not() -> None:
    (one,) = apply_feedback([candidate(VPN, account=BEN)], [expected(("network", "AS1 VPN"))], NOW)
    network = next(change for change in one.adjustments if change.aspect == "network")
    assert network.weight == pytest.approx(-4.0, abs=0.02)
    assert "expected since 2024-10-04 by answer 1: 4.00 taken off" in network.text
    assert not any(change.aspect == "client" for change in one.adjustments)


def test_another_value_is_not_expected() -> None:
    (one,) = apply_feedback(
        [candidate((fact("network", "AS2 Other"),), account=BEN)], [expected(("network", "AS1 VPN"))], NOW
    )
    assert not [change for change in one.adjustments if change.aspect == "network"]


@pytest.mark.parametrize(
    ("reach", "account", "is_reached"),
    [
        ("account", BEN, True), ("account", ADA, False),
        ("peers", ADA, True), ("peers", CY, False), ("peers", APP, False),
        ("tenant", CY, True), ("tenant", APP, True),
    ],
)  # fmt: skip
def test_reach(reach: str, account: str, is_reached: bool) -> None:
    (one,) = apply_feedback(
        [candidate(VPN, account=account)], [expected(("network", "AS1 VPN"), reach=reach)], NOW
    )
    assert any(change.aspect == "network" for change in one.adjustments) == is_reached


@pytest.mark.parametrize("reach", ["peers", "tenant"])
@pytest.mark.parametrize(
    "pair",
    [("network", ""), ("network", " "), ("country", "US"), ("method", "password"), ("key", "k1"), ("device", "d1"),
     ("mailbox", "ceo@x.example"), ("activity", "New-InboxRule"), ("rule", "forwarding")],
    ids=lambda pair: "-".join(pair),
)  # fmt: skip
def test_what_no_answer_can_expect_of_many(reach: str, pair: tuple[str, str]) -> None:
    shown = candidate((fact(*pair),), {"network.backed_off": 3.0, f"{pair[0]}.backed_off": 2.0, "rules.persistence": 2.0},
                      rules=("forwarding",))  # fmt: skip
    (one,) = apply_feedback([shown], [expected(pair, reach=reach)], NOW)
    assert all(change.aspect == "answers" and abs(change.weight) < 0.2 for change in one.adjustments)


def test_an_answer_about_many_ends_after_ninety_days_whatever_it_says() -> None:
    for end in (None, NOW + 1000 * DAY):
        wide = expected(("network", "AS1 VPN"), reach="tenant", expires_at=end)
        soon, late = candidate(VPN, day=TODAY + 89), candidate(VPN, day=TODAY + 90)
        found = apply_feedback([soon, late], [wide], NOW + 100 * DAY)
        assert any(change.aspect == "network" for change in found[0].adjustments)
        assert not any(change.aspect == "network" for change in found[1].adjustments)


def test_what_happened_before_the_end_stays_expected_and_what_comes_after_is_not() -> None:
    ends = expected(("network", "AS1 VPN"), expires_at=NOW - 5 * DAY)
    before, after = candidate(VPN, day=TODAY - 6, account=BEN), candidate(VPN, day=TODAY - 5, account=BEN)
    found = apply_feedback([before, after], [ends], NOW)
    assert found[0].score < before.score
    assert not [change for change in found[1].adjustments if change.aspect == "network"]


def test_a_pair_is_expected_with_its_halves_only_where_it_is_made_of_them() -> None:
    pair = fact("client_network", "outlook/mapi + AS1 VPN")
    odd = fact("client_network", "python/rest + AS2 Other")
    parts = {"client_network.backed_off": 3.0}
    found = apply_feedback(
        [candidate((*VPN, pair), parts, account=BEN), candidate((*VPN, odd), parts, account=BEN)],
        [expected(("network", "AS1 VPN"))],
        NOW,
    )
    assert [any(c.aspect == "client_network" for c in one.adjustments) for one in found] == [True, False]


def test_the_groups_that_were_answered_stay_as_they_were_judged() -> None:
    own = candidate(VPN)
    later = candidate(VPN, day=TODAY)
    found = apply_feedback([own, later], [expected(("network", "AS1 VPN"), of=own)], NOW)
    assert not [change for change in found[0].adjustments if change.aspect == "network"]
    assert [change for change in found[1].adjustments if change.aspect == "network"]


def test_where_all_that_is_new_is_expected_no_budget_is_spent() -> None:
    parts = {"network.backed_off": 4.0, "hour": 1.5}
    found = apply_feedback([candidate(VPN, parts, account=BEN)], [expected(("network", "AS1 VPN"))], NOW)
    assert found[0].score == pytest.approx(found[0].base - BELOW_BASE, abs=0.05)
    loud = candidate(VPN, parts, account=BEN, values={"denials": 2.0})
    assert apply_feedback([loud], [expected(("network", "AS1 VPN"))], NOW)[0].score > loud.base + 1
    large = candidate(VPN, {"network.backed_off": 4.0, "items_z": 5.0}, account=BEN)
    assert apply_feedback([large], [expected(("network", "AS1 VPN"))], NOW)[0].score > large.base + 4.5


def test_an_application_goes_by_its_id_whatever_it_is_called() -> None:
    id_ = "5f3c9b1e-0000-4000-8000-00000000000a"
    parts = {"app.backed_off": 3.0}
    shown = [candidate((fact("app", text),), parts, account=BEN) for text in (id_, f"Tidy Mail ({id_})")]
    shown.append(
        candidate(
            (fact("app", f"Tidy Mail ({id_}) (5f3c9b1e-0000-4000-8000-00000000000b)"),), parts, account=BEN
        )
    )
    found = apply_feedback(shown, [expected(("app", f"Tidy Mail ({id_})"))], NOW)
    assert [any(change.aspect == "app" for change in one.adjustments) for one in found] == [True, True, False]


def test_a_false_alarm_fades_over_ninety_days() -> None:
    own = candidate(VPN)
    days = (TODAY + 1, TODAY + 45, TODAY + 89, TODAY + 95)
    found = apply_feedback([candidate(VPN, day=day) for day in days], [answered(own, "safe")], NOW)
    off = [-sum(change.weight for change in one.adjustments if change.aspect == "network") for one in found]
    assert off == sorted(off, reverse=True)
    assert off[1] == pytest.approx(2.0, abs=0.1)
    assert off[3] == 0


def test_a_false_alarm_says_nothing_of_others() -> None:
    (one,) = apply_feedback([candidate(VPN, account=BEN)], [answered(candidate(VPN), "safe")], NOW)
    assert not [change for change in one.adjustments if change.aspect != "answers"]


INTRUDER = (
    fact("prefix", "203.0.113.0/24"),
    fact("client", "python/rest"),
    fact("device", "d-1"),
    fact("network", "AS7"),
)


def test_what_an_intruder_brought_is_looked_for_elsewhere() -> None:
    taken = candidate(INTRUDER)
    (one,) = apply_feedback([candidate(INTRUDER[:2], account=BEN)], [answered(taken, "compromised")], NOW)
    change = next(change for change in one.adjustments if change.aspect == "hostile-value")
    assert change.weight == STRONG + WEAK
    assert "client python/rest and prefix 203.0.113.0/24" in change.text
    (most,) = apply_feedback([candidate(INTRUDER, account=CY)], [answered(taken, "compromised")], NOW)
    assert [c.weight for c in most.adjustments if c.aspect == "hostile-value"] == [MOST]


@pytest.mark.parametrize(
    "shown",
    [fact("prefix", "203.0.113.0/24", accounts=30), fact("prefix", "203.0.113.0/24", cohort=30),
     fact("prefix", "203.0.113.0/24", seen=9.0), fact("prefix", "198.51.100.0/24"), fact("network", "AS7")],
    ids=["many use it", "many met it that day", "it is the account's own", "another", "a whole network"],
)  # fmt: skip
def test_what_many_use_marks_nobody(shown: object) -> None:
    hit = candidate((shown,), account=BEN)  # type: ignore[arg-type]
    (one,) = apply_feedback([hit], [answered(candidate(INTRUDER), "compromised")], NOW)
    assert not [change for change in one.adjustments if change.aspect == "hostile-value"]


def test_an_account_that_was_taken_over_is_watched_for_thirty_days() -> None:
    taken = candidate(INTRUDER)
    days = (TODAY - 10, TODAY + 1, TODAY + 29, TODAY + 31)
    found = apply_feedback([candidate(VPN, day=day) for day in days], [answered(taken, "compromised")], NOW)
    more = [sum(change.weight for change in one.adjustments if change.aspect == "attention") for one in found]
    assert more == [0, ATTENTION, ATTENTION, 0]


def test_what_an_intruder_brought_cannot_be_expected_of_many() -> None:
    wide = expected(("prefix", "203.0.113.0/24"), reach="tenant", id=2, incident="i2")
    shown = candidate(INTRUDER[:1], {"prefix.backed_off": 3.0}, account=CY)
    assert any(change.aspect == "prefix" for change in apply_feedback([shown], [wide], NOW)[0].adjustments)
    both = apply_feedback([shown], [wide, answered(candidate(INTRUDER), "compromised")], NOW)
    assert not any(change.aspect == "prefix" for change in both[0].adjustments)


def test_of_answers_that_contradict_each_other_the_last_ones_side_counts() -> None:
    own, later = candidate(VPN), candidate(VPN, day=TODAY + 1)
    safe, taken = answered(own, "safe", id=1), answered(own, "compromised", id=2)
    assert apply_feedback([later], [safe, taken], NOW) == apply_feedback([later], [taken], NOW)
    safe = answered(own, "safe", id=3)
    assert apply_feedback([later], [safe, taken], NOW) == apply_feedback([later], [safe], NOW)


def _cases(kind: str, count: int, parts: dict[str, float], start: int = 0) -> list[FeedbackAnswer]:
    story = candidate(VPN, {**parts, "network.backed_off": 3.0})
    return [answered(story, kind, id=start + n, incident=f"i{start + n}") for n in range(1, count + 1)]


def test_few_answers_barely_move_the_weights_and_many_move_them_within_bounds() -> None:
    client = GROUPS.index("client")
    few = fit_weights(_cases("safe", 5, {"client.backed_off": 3.0}), NOW)["org"].values[client]
    many = fit_weights(_cases("safe", 300, {"client.backed_off": 3.0}), NOW)["org"].values[client]
    assert 0.95 <= few < 1.0
    assert LEAST <= many < 0.85
    upward = fit_weights(_cases("compromised", 300, {"client.backed_off": 3.0}), NOW)["org"].values
    assert 1.0 < upward[client] <= GREATEST
    assert upward[GROUPS.index("attempts")] == 1.0


def test_weights_tell_groups_apart() -> None:
    mixed = [*_cases("safe", 20, {"items_z": 3.0, "client.backed_off": 0.0}),
             *_cases("compromised", 20, {"client.backed_off": 3.0}, start=50)]  # fmt: skip
    found = fit_weights(mixed, NOW)["org"].values
    assert found[GROUPS.index("use")] < 1.0 < found[GROUPS.index("client")]


def test_answers_are_forgotten_after_half_a_year() -> None:
    assert fit_weights(_cases("safe", 9, {}), NOW + 181 * DAY) == {}


def test_answers_and_candidates_survive_being_kept_as_json() -> None:
    answer = answered((candidate(INTRUDER), candidate(VPN, day=TODAY)), "compromised", expires_at=NOW)
    assert msgspec.convert(msgspec.to_builtins(answer), FeedbackAnswer) == answer
    changed = apply_feedback([candidate(INTRUDER, account=BEN)], [answer], NOW)
    assert changed[0].adjustments
    assert msgspec.json.decode(msgspec.json.encode(changed), type=list[ScoredCandidate]) == changed
