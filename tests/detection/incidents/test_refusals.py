"""Attempts that gained nothing are candidates of their own where a rule names them, and change nothing else."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.detection.incident import Incident
from seawall.detection.incidents.alert_budget import compute_refused_limit, decide, select_within_budget
from seawall.detection.incidents.cases import group
from seawall.detection.ranking.candidates import ScoredCandidate
from seawall.detection.ranking.engine import DetectionEngine
from seawall.detection.ranking.features import FEATURES
from seawall.detection.ranking.patterns import REFUSED
from seawall.detection.ranking.ranker import load
from seawall.detection.ranking.refusals import RefusedAttempts, choose_refused
from seawall.detection.rules.sigma.load import load_builtin_rules
from seawall.events.coded_batch import Vocabulary
from seawall.storage import Coder, Spool
from tests.detection.incidents.test_group import candidate
from tests.sample_events import event, sign_in, table
from tests.thoroughness import examples

RULES = load_builtin_rules()
ABROAD = {"src_ip": "198.51.100.9", "src_prefix": "198.51.100.0/24", "src_asn": 64999, "src_asn_name": "Far",
          "src_location": "BR", "client": "python/rest"}  # fmt: skip
WRONG = {"source": "entra_signin", "status": "failure", "status_code": "50126", "auth_method": "password"}


def candidates(rows: list[dict[str, Any]], *, learnt: bool = True) -> list[ScoredCandidate]:
    """What detection finds in the rows."""
    with TemporaryDirectory() as folder:
        coder, spool = Coder(marks=RULES.mark), Spool(Path(folder))
        engine = DetectionEngine(load() if learnt else None, RULES)
        spool.add(coder.encode(table(rows)))
        spool.settle(*coder.settle())
        return [one for day in spool.days() for one in engine.observe(spool.load(day)[0], day).candidates]


def office(days: int = 6, people: int = 8) -> list[dict[str, Any]]:
    """Ordinary days of some people."""
    names = [f"p{number}@x.example" for number in range(people)]
    return [
        event(f"{day}-{name}", day, at, account=name, mailbox=name)
        for day in range(days)
        for at, name in enumerate(names)
    ]


def guessing(
    name: str, count: int = 30, day: int = 5, minute: float = 0, **changes: Any
) -> list[dict[str, Any]]:
    """Failures in a row at an account, twenty in ten minutes."""
    own = {**WRONG, **ABROAD, "account": name, **changes}
    return [sign_in(f"f{day}-{name}-{n}", day, 60 + minute + n / 3, **own) for n in range(count)]


def refused(rows: list[dict[str, Any]], *, learnt: bool = True) -> list[ScoredCandidate]:
    return [one for one in candidates(rows, learnt=learnt) if one.is_refused]


def raised(found: list[ScoredCandidate], budget: float | None = None) -> list[Incident]:
    decision = decide(found, (), {"org": 8}, 6, budget)
    return [one for one in decision.incidents if one.raised]


def test_guessing_without_success_is_a_candidate_and_changes_no_other() -> None:
    plain, attacked = candidates(office()), candidates([*office(), *guessing("p1@x.example")])
    assert [one for one in attacked if not one.is_refused] == plain
    (one,) = [one for one in attacked if one.is_refused]
    assert (one.account, one.day, len(one.events)) == ("p1@x.example", one.day, 30)
    assert one.score == pytest.approx(one.base + sum(one.parts.values()))
    assert one.score == pytest.approx(one.curve[-1][1])
    (incident,) = raised([one])
    assert (incident.kind, incident.details["technique"]) == ("brute-force", "T1110.001")
    assert incident.severity in {"low", "medium"}
    assert "refused 30 times" in incident.summary
    assert "nothing succeeded" in incident.summary
    assert sum(reason.weight for reason in incident.reasons) == pytest.approx(incident.score - incident.base)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (
            {"src_asn": 64500, "src_asn_name": "Home"},
            "the owner's network, such as a device with an old password",
        ),
        ({"src_asn": None, "src_asn_name": None, "src_prefix": None, "src_ip": None}, "no address"),
        ({"status": "success", "status_code": "0"}, "nothing was refused"),
        ({"account": None}, "no account"),
        ({"count": 12}, "too few for any rule"),
    ],
)
def test_other_failures_are_none(change: dict[str, Any], why: str) -> None:
    assert refused([*office(), *guessing("p1@x.example", **change)]) == [], why


def test_a_network_that_is_let_in_the_same_day_is_left_to_the_act() -> None:
    success = sign_in("ok", 5, 90, account="p1@x.example", **ABROAD)
    found = candidates([*office(), *guessing("p1@x.example"), success])
    assert "AS64999 Far" in {one.network for one in found if one.account == "p1@x.example"}
    assert not [one for one in found if one.is_refused]


def test_sprays_without_success_ask_for_no_answer() -> None:
    own = {**WRONG, **ABROAD}
    sprayed = [
        sign_in(f"s{n}-{turn}", 5, 60 + n / 10 + turn * 5, account=f"s{n}@x.example", **own)
        for n in range(40)
        for turn in range(2)
    ]
    assert refused([*office(), *sprayed]) == []


def test_one_source_that_locks_many_accounts_is_one_candidate() -> None:
    rows = [
        row
        for n in range(8)
        for row in guessing(f"p{n}@x.example", 12 + n, minute=n * 4, status_code="50053")
    ]
    found = refused([*office(), *rows])
    (one,) = found
    assert {one.account, *one.others} == {f"p{n}@x.example" for n in range(8)}
    (incident,) = raised(found)
    assert set(incident.related) == set(one.others)
    assert "and 7 other accounts were refused 124 times" in incident.summary


def test_without_the_ranker_attempts_rank_by_the_same_evidence() -> None:
    (one,) = refused([*office(), *guessing("p1@x.example")], learnt=False)
    assert one.score == pytest.approx(one.base + sum(one.parts.values()))
    assert one.base < one.score < one.base + 3


def test_attempts_are_cases_of_their_own() -> None:
    act = candidate(1, 0, 3.0)
    attempt = candidate(1, 1, 2.5, pattern=REFUSED)
    cases = group([act, attempt])
    assert [case.score for case in cases] == [3.0, 2.5]
    shared = [candidate(n, n, 1.0, pattern=REFUSED, network="AS7", others=("a",)) for n in range(3)]
    assert [len(case.candidates) for case in group(shared)] == [3]


@settings(max_examples=examples(60), deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.floats(-3, 9)), max_size=12), st.integers(0, 9))
def test_attempts_take_no_place_of_acts(found: list[tuple[bool, float]], limit: int) -> None:
    cases = group(
        candidate(n, 0, score, **({"pattern": REFUSED} if is_attempt else {}))
        for n, (is_attempt, score) in enumerate(found)
    )
    acts = [case for case in cases if not case.top.is_refused]
    both = select_within_budget(cases, {"org": limit}, -12.0)
    alone = select_within_budget(acts, {"org": limit}, -12.0)
    assert {case.id for case in acts} & both == alone
    assert len(both - alone) <= compute_refused_limit(limit)
    assert compute_refused_limit(limit) <= max(1, limit // 4)
    assert bool(compute_refused_limit(limit)) == (limit > 0)


def test_thresholds_of_acts_do_not_move() -> None:
    acts = [candidate(n, 0, 9.0 - n) for n in range(3)]
    counts = dict.fromkeys(FEATURES, 0.7)
    attempt = candidate(9, 0, 0.5, pattern=REFUSED, values=counts)
    before, after = decide(acts, (), {}, 1, 3.0), decide([*acts, attempt], (), {}, 1, 3.0)
    assert (after.thresholds, after.spent) == (before.thresholds, before.spent)
    assert [one for one in after.incidents if one.account != attempt.account] == list(before.incidents)
    assert [one.raised for one in after.incidents] == [True] * 4
    assert [one.chance is None for one in after.incidents] == [False, False, False, True]


def test_a_few_refusals_of_one_account_are_no_candidate() -> None:
    codes = np.arange(3, dtype=np.int32)
    attempts = RefusedAttempts(
        actor=codes,
        tenant=np.zeros(3, np.int32),
        account=codes,
        network=codes,
        attempts=np.array([1, 2, 3]),
        here=np.array([1, 1, 2]),
        first=np.arange(3),
    )
    names = {"account": Vocabulary(["a", "b", "c"])}
    chosen = choose_refused(attempts, np.ones(3), lambda tenants: np.full(len(tenants), 9), names)
    assert chosen.place.tolist() == [2]
