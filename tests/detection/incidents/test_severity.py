"""The severity is a table: each row counts as it says, more never means less, and what did not succeed was not done."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.detection.incident import SEVERITIES
from seawall.detection.incidents.cases import IncidentCase, group
from seawall.detection.incidents.impact_rows import ACTS, MEASURED, ImpactRow, find_row
from seawall.detection.incidents.severity import (
    IMPACTS,
    LIKELIHOODS,
    MATRIX,
    MOST_MAIL,
    MUCH_MAIL,
    SCORES,
    SEVERAL_MAILBOXES,
    SeverityVerdict,
    judge_severity,
)
from seawall.detection.ranking.candidates import ScoredCandidate
from seawall.detection.ranking.engine import DetectionEngine
from seawall.detection.ranking.recorded_acts import RecordedAct
from seawall.detection.ranking.rule_hits import RuleHit
from seawall.detection.rules.detector import RULES
from tests.detection.incidents.test_group import candidate
from tests.detection.rules.test_sigma import coded, rule, rules
from tests.sample_events import batches, event, sign_in

PAGE = Path(__file__).parents[3] / "docs/explanation/severity.md"
HARMLESS = {
    "legacy-sign-in", "device-code", "spray-then-success", "provider-warning", "prompt-bombing", "sign-in-after-reset",
}  # fmt: skip
"""Built-in rules that say how somebody came in, and not what was done."""


def act(rule: str, technique: str, level: str = "", *, is_own: bool = True) -> RecordedAct:
    """An act as a rule names it."""
    return RecordedAct(rule, f"title of {rule}", level, (technique,), is_own)


def hit(rule: str, technique: str, level: str = "high", weight: float = 0.4) -> RuleHit:
    """A Sigma rule that matched."""
    return RuleHit(rule, f"title of {rule}", level, technique, 5.0, weight, 1)


def case_of(score: float = -9.0, **changes: Any) -> IncidentCase:
    """A case of one candidate that read nothing, unless `changes` say so."""
    return IncidentCase((candidate(1, 0, score, **{"proved": 0, **changes}),), score)


def judge(score: float = -9.0, **changes: Any) -> SeverityVerdict:
    """The verdict on such a case."""
    return judge_severity(case_of(score, **changes))


def every_act() -> list[tuple[ImpactRow, RecordedAct]]:
    """Each row with an act for each rule and each technique of it."""
    built_in = [(row, act(rule, "T0000")) for row in ACTS for rule in row.rules]
    return built_in + [(row, act("sigma", one, "medium")) for row in ACTS for one in row.techniques]


@pytest.mark.parametrize(("row", "done"), every_act(), ids=lambda value: getattr(value, "name", ""))
def test_each_act_counts_as_its_row_says(row: ImpactRow, done: RecordedAct) -> None:
    found = judge(acts=(done,))
    assert found.impact == IMPACTS[row.level]
    told = f"{row.what} (\u201c{done.title}\u201d): {row.why}." if done.level else f"{row.what}: {row.why}."
    assert told in found.because
    assert found.severity == MATRIX[row.level][0]


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("messages", {"proved": 1}),
        ("messages", {"possible": MUCH_MAIL - 1}),
        ("many-messages", {"proved": MUCH_MAIL - 1, "possible": 1}),
        ("mailbox-emptied", {"proved": MOST_MAIL}),
        ("others-mailbox", {"mailboxes": ("ann@x.example", "u1@x.example")}),
        ("many-mailboxes", {"mailboxes": tuple(f"m{n}@x.example" for n in range(SEVERAL_MAILBOXES))}),
    ],
)
def test_what_is_read_counts_as_its_row_says(name: str, changes: dict[str, Any]) -> None:
    (row,) = [row for row in MEASURED if row.name == name]
    found = judge(**changes)
    assert found.impact == IMPACTS[row.level]
    assert any(reason.startswith(row.what) for reason in found.because)


def test_a_case_without_acts_says_that_nothing_was_seen() -> None:
    found = judge()
    assert (found.severity, found.impact, found.likelihood) == ("low", "none", "unlikely")
    assert found.because == (
        "Impact none and takeover unlikely make it low.",
        "Nothing was seen to be read or changed.",
        "The score alone makes a takeover unlikely.",
    )


@pytest.mark.parametrize("name", sorted(HARMLESS))
def test_signing_in_is_no_act(name: str) -> None:
    assert judge(rules=(name,)).impact == "none"


def test_the_rules_of_a_stored_candidate_of_an_earlier_version_count() -> None:
    assert judge(rules=("role-grant",)).impact == "grave"


def test_an_account_that_was_given_a_role_by_a_higher_case_is_a_second_way_in() -> None:
    giver = candidate(1, 3, 2.0, grantees=("u2@x.example", "u3@x.example"))
    cases = group(
        [giver, candidate(2, 3, 1.0), candidate(3, 3, 5.0), candidate(2, 40, 0.0), candidate(4, 3, 0.0)]
    )
    given = {(case.top.account, case.top.day): case.granted_by for case in cases}
    assert given.pop(("u2@x.example", 3)) == ("u1@x.example",)
    assert len(given) == 4
    assert not any(given.values()), "a higher case, another month and others are given nothing"
    found = judge_severity(next(case for case in cases if case.granted_by))
    assert found.impact == "extreme"
    assert any("(by u1@x.example)" in reason for reason in found.because)


def test_an_administrator_counts_higher() -> None:
    assert judge(rules=("hiding-rule",)).impact == "serious"
    assert judge(rules=("hiding-rule",), is_administrator=True).impact == "grave"
    assert judge(is_administrator=True).impact == "small"


def test_kinds_that_come_together_count_higher_and_reading_is_one_kind() -> None:
    assert judge(rules=("hiding-rule", "forwarding")).impact == "grave"
    assert judge(rules=("hiding-rule",), proved=MUCH_MAIL).impact == "grave"
    reading: dict[str, Any] = {
        "proved": MUCH_MAIL,
        "mailboxes": ("ann@x.example",),
        "acts": (act("s", "T1114.002", "high"),),
    }
    assert judge(**reading).impact == "serious"


@pytest.mark.parametrize(("least", "level"), [(least, level) for least, level, _ in SCORES])
def test_the_score_gives_the_likelihood(least: float, level: int) -> None:
    assert judge(max(least, -30.0)).likelihood == LIKELIHOODS[level]
    assert judge(max(least, -30.0) - 1e-6).likelihood == LIKELIHOODS[max(level - 1, 0)]


def test_rules_and_related_cases_raise_the_likelihood_by_one_step_each() -> None:
    assert judge(sigma=(hit("a", "T1528"),)).likelihood == "possible"
    assert judge(sigma=(hit("a", "T1528", "medium"),)).likelihood == "unlikely"
    assert judge(sigma=(hit("a", "T1528", weight=0.0),)).likelihood == "unlikely", "ordinary use silences it"
    many = tuple(hit(name, name, "medium") for name in ("T1528", "T1114.003", "T1564.008"))
    assert judge(sigma=many).likelihood == "possible"
    related = replace(case_of(sigma=many), related=("bo@x.example",))
    assert judge_severity(related).likelihood == "likely"


def test_one_reason_alone_makes_nothing_very_likely() -> None:
    assert judge(-0.5, sigma=(hit("a", "T1528"),)).likelihood == "likely"
    related = replace(case_of(-0.5, sigma=(hit("a", "T1528"),)), related=("bo@x.example",))
    assert judge_severity(related).likelihood == "very likely"


def test_sub_techniques_of_one_and_signing_in_are_not_several_techniques() -> None:
    names = ("T1098.001", "T1098.002", "T1098.003", "T1078.004", "T1528")
    assert judge(sigma=tuple(hit(name, name, "medium") for name in names)).likelihood == "unlikely"


def test_the_table_never_falls() -> None:
    ranks = [[SEVERITIES.index(one) for one in row] for row in MATRIX]
    assert len(ranks) == len(IMPACTS)
    assert {len(row) for row in ranks} == {len(LIKELIHOODS)}
    assert all(a <= b for row in ranks for a, b in pairwise(row))
    assert all(a <= b for above, below in pairwise(ranks) for a, b in zip(above, below, strict=True))


def test_each_rule_is_in_one_row_or_named_harmless_and_each_row_is_on_the_page() -> None:
    rules = [rule for row in ACTS for rule in row.rules]
    techniques = [technique for row in ACTS for technique in row.techniques]
    assert sorted(rules) == sorted({rule.name for rule in RULES} - HARMLESS)
    assert len(techniques) == len(set(techniques))
    assert all(re.fullmatch(r"T\d{4}(\.\d{3})?", one) for one in techniques)
    assert find_row("no-such-rule", ("T9999",)) is None
    page = PAGE.read_text("utf-8")
    for row in (*ACTS, *MEASURED):
        names = [", ".join(f"`{one}`" for one in given) for given in (row.rules, row.techniques)]
        cells = "".join(f" {name} |" if name else " |" for name in names)
        assert f"| `{row.name}` | {IMPACTS[row.level]} | {row.what} | {row.why} |{cells}\n" in page
    for name, severities in zip(IMPACTS, MATRIX, strict=True):
        assert f"| {name} | {' | '.join(severities)} |\n" in page


acts = st.sampled_from([done for _, done in every_act()])
hits = st.builds(hit, st.text("ab", min_size=1, max_size=2), st.sampled_from(["T1528", "T1114.003", "T1078", "T1564.008"]),
                 st.sampled_from(["low", "medium", "high"]), st.sampled_from([0.0, 0.4]))  # fmt: skip
candidates = st.builds(
    lambda day, score, **changes: candidate(1, day, score, **changes),
    st.integers(0, 9), st.floats(-9, 3), proved=st.integers(0, 600), acts=st.lists(acts, max_size=4).map(tuple),
    sigma=st.lists(hits, max_size=3).map(tuple), is_administrator=st.booleans(),
    rules=st.lists(st.sampled_from([rule.name for rule in RULES]), max_size=3, unique=True).map(tuple),
)  # fmt: skip


def rank(verdict: SeverityVerdict) -> tuple[int, int, int]:
    """The ranks of a verdict's severity, impact and likelihood."""
    return (
        SEVERITIES.index(verdict.severity),
        IMPACTS.index(verdict.impact),
        LIKELIHOODS.index(verdict.likelihood),
    )


@given(
    st.lists(candidates, min_size=1, max_size=4),
    acts | hits | st.just("administrator") | st.just("related"),
    st.data(),
)
def test_one_more_act_never_lowers_it(story: list[ScoredCandidate], more: Any, data: st.DataObject) -> None:
    before = IncidentCase(tuple(story), story[0].score)
    place = data.draw(st.integers(0, len(story) - 1))
    one = story[place]
    if isinstance(more, RecordedAct):
        one = replace(one, acts=(*one.acts, more))
    elif isinstance(more, RuleHit):
        one = replace(one, sigma=(*one.sigma, more))
    elif more == "administrator":
        one = replace(one, is_administrator=True)
    related = ("bo@x.example",) if more == "related" else ()
    after = replace(before, candidates=(*story[:place], one, *story[place + 1 :]), related=related)
    assert all(a <= b for a, b in zip(rank(judge_severity(before)), rank(judge_severity(after)), strict=True))


@given(st.lists(candidates, min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_the_order_of_acts_and_groups_changes_nothing(story: list[ScoredCandidate], dice: Any) -> None:
    def shuffled(values: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(dice.sample(values, len(values)))

    turned = [
        replace(one, acts=shuffled(one.acts), sigma=shuffled(one.sigma), rules=shuffled(one.rules))
        for one in story
    ]
    cases = [IncidentCase(tuple(found), story[0].score) for found in (story, list(shuffled(tuple(turned))))]
    assert judge_severity(cases[0]) == judge_severity(cases[1])


def test_sentences_are_few_and_end_with_a_full_stop() -> None:
    found = judge(acts=tuple(done for _, done in every_act()), is_administrator=True, proved=900)
    assert len(found.because) < 12
    assert all(reason.endswith(".") and not reason[0].islower() for reason in found.because)


LOUD, QUIET = "0f6c1f3e-6c53-4c8e-9a0e-3d1c6f3f0b12", "0f6c1f3e-6c53-4c8e-9a0e-3d1c6f3f0b13"
AWAY: dict[str, Any] = {"src_prefix": "198.51.100.0/24", "src_asn": 64999, "src_location": "RO"}
PROVIDER: dict[str, Any] = {
    "src_prefix": "192.0.2.0/24", "src_asn": 8075, "src_asn_name": "Microsoft", "src_network_class": "microsoft",
}  # fmt: skip


def directory(uid: str, day: int, activity: str = "Add member to role.", **columns: Any) -> dict[str, Any]:
    """A record of the directory by Ann, from her home network, changed by `columns`."""
    own = {
        "kind": "directory",
        "activity_name": activity,
        "mailbox": None,
        "item_count": None,
        "access_type": None,
    }
    return event(uid, day, 300, **{**own, "resource_uid": "Bo@x.example", **columns})


def last_day(tmp_path: Path, *rows: dict[str, Any]) -> dict[str, ScoredCandidate]:
    """Ann's candidates of the last of ten days, by network: she is there from afar, and has done `rows`."""
    quiet = [sign_in(f"s{day}", day) for day in range(9)]
    found = {}
    engine = DetectionEngine(None)
    for number, batch in batches(tmp_path, [*quiet, sign_in("away", 9, **AWAY), *rows]):
        found = {one.network: one for one in engine.observe(batch, number).candidates}
    return found


def of_intruder(found: dict[str, ScoredCandidate]) -> ScoredCandidate:
    """The candidate from the network that is new."""
    (name,) = [name for name in found if "64999" in name]
    return found[name]


def test_an_act_of_the_intruder_s_group_is_its_own(tmp_path: Path) -> None:
    found = of_intruder(last_day(tmp_path, directory("r", 9, **AWAY)))
    assert [(one.rule, one.is_own) for one in found.acts] == [("role-grant", True)]
    assert (found.grantees, found.is_administrator) == (("bo@x.example",), True)


def test_an_act_with_the_provider_s_address_counts_for_every_group_of_the_day(tmp_path: Path) -> None:
    found = of_intruder(last_day(tmp_path, directory("r", 9, **PROVIDER)))
    assert [(one.rule, one.is_own) for one in found.acts] == [("role-grant", False)]
    assert found.grantees == ("bo@x.example",)


def test_an_act_from_the_account_s_own_network_is_not_the_intruder_s(tmp_path: Path) -> None:
    found = of_intruder(last_day(tmp_path, directory("r", 9)))
    assert (found.acts, found.grantees) == ((), ())
    assert found.is_administrator, "the account is an administrator's all the same"


@pytest.mark.parametrize(("status", "place"), list(product(("failure", "interrupted"), (AWAY, PROVIDER))))
def test_what_failed_was_not_done(tmp_path: Path, status: str, place: dict[str, Any]) -> None:
    found = of_intruder(last_day(tmp_path, directory("r", 9, status=status, **place)))
    assert (found.acts, found.grantees, found.is_administrator) == ((), (), False)


def test_an_administrator_of_an_earlier_day_is_one_still(tmp_path: Path) -> None:
    assert of_intruder(last_day(tmp_path, directory("r", 4))).is_administrator
    other = directory("r", 4, account="bo@x.example")
    (tmp_path / "other").mkdir()
    assert not of_intruder(last_day(tmp_path / "other", other)).is_administrator


@pytest.mark.parametrize(
    ("columns", "expected"),
    [({}, [LOUD, "role-grant"]), ({"status": "failure"}, []), ({"kind": "sign_in"}, [])],
    ids=["done", "failed", "a sign-in"],
)
def test_a_sigma_rule_names_an_act_that_succeeded(
    tmp_path: Path, columns: dict[str, Any], expected: list[str]
) -> None:
    matches = {"selection": {"Operation": "Add member to role."}, "condition": "selection"}
    loud = rule(matches, id=LOUD, level="medium", tags=["attack.t1098.003"])
    found = rules(loud, rule(matches, id=QUIET, level="low", tags=["attack.t1098.003"]))
    rows = [*(sign_in(f"s{day}", day) for day in range(9)), sign_in("away", 9, **AWAY)]
    rows.append(directory("r", 9, **{**AWAY, **columns}))
    assert not found.skipped
    engine = DetectionEngine(None, found)
    last = [engine.observe(batch, number).candidates for number, batch in coded(tmp_path, found, rows)][-1]
    assert sorted(one.rule for one in of_intruder({one.network: one for one in last}).acts) == expected


def test_to_give_oneself_a_role_is_to_give_it_to_nobody_else(tmp_path: Path) -> None:
    found = of_intruder(last_day(tmp_path, directory("r", 9, resource_uid="ANN@x.example", **AWAY)))
    assert found.grantees == ()
    assert [one.rule for one in found.acts] == ["role-grant"]
