"""An organisation that is cut into parts has the candidates and the state of the whole one, to the byte."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from seawall.detection.parts.rounds import (
    ROUNDS,
    ScoredPart,
    list_candidates,
    merge_packed,
    place_accounts,
    run_parts,
    score_part,
)
from seawall.detection.parts.states import is_own, join_states, separate
from seawall.detection.ranking.engine import DetectionEngine
from seawall.detection.ranking.ranker import load
from seawall.detection.rules.sigma.load import load_builtin_rules
from seawall.events.array_state import State, StateInvalid
from seawall.events.coded_batch import CodedBatch
from seawall.events.networks import Networks, enrich
from seawall.events.readers import read
from seawall.storage import Coder, Spool, pack, unpack
from tests.logs import recorded, world
from tests.sample_events import event, sign_in, table
from tests.thoroughness import examples

RULES, RANKER = load_builtin_rules(), load()
Days = list[tuple[int, CodedBatch]]


def engine() -> DetectionEngine:
    return DetectionEngine(RANKER, RULES)


def days_of(tables: Iterable[pa.Table]) -> Days:
    """The events as one batch a day."""
    with TemporaryDirectory() as folder:
        coder, spool = Coder(marks=RULES.mark), Spool(Path(folder))
        for one in tables:
            spool.add(coder.encode(one))
        spool.settle(*coder.settle())
        return [(day, spool.load(day)[0]) for day in spool.days()]


def read_days(logs: Path) -> Days:
    networks = Networks.load()
    return days_of(enrich(one.events, networks) for one in read([logs]) if one.events.num_rows)


def described(parts: list[ScoredPart]) -> str:
    return repr([one.describe() for one in list_candidates(parts)])


def assert_equal(days: Days, *counts: int) -> int:
    """Score days whole and in each number of parts; the number of candidates."""
    whole, cut = engine(), {count: [engine() for _ in range(count)] for count in counts}
    found = 0
    for day, batch in days:
        wanted = whole.observe(batch, day).candidates
        found += len(wanted)
        for count, engines in cut.items():
            assert described(run_parts(engines, batch, day)) == repr(list(wanted)), (count, day)
        state = pack(whole.state())
        for engines in cut.values():
            assert pack(join_states([one.state() for one in engines])) == state
    return found


LOGS: dict[str, tuple[Callable[[Path], Path], tuple[int, ...]]] = {
    "one": (world(31, days=8), (1, 2, 8)),
    "mixed": (world(33, systems="mixed", accounts=30, tenants=2), (3, 8)),
    "recorded": (recorded, (1, 2, 8)),
}


@pytest.mark.parametrize(
    "name", ["one", *(pytest.param(name, marks=pytest.mark.soak) for name in ("mixed", "recorded"))]
)
def test_in_any_number_of_parts_it_finds_what_the_whole_finds(tmp_path: Path, name: str) -> None:
    logs, counts = LOGS[name]
    assert assert_equal(read_days(logs(tmp_path / "world")), *counts)


AWAY: dict[str, Any] = {
    "src_prefix": "198.51.100.0/24", "src_asn": 64999, "src_asn_name": "Far", "src_location": "RO",
}  # fmt: skip
PEOPLE = tuple(f"{name}@x.example" for name in ("ann", "bob", "cy", "dee", "eve", "fay", "gus"))
DOINGS: dict[str, dict[str, Any]] = {
    "read": {"session_uid": "s1", "token_uid": "t1"},
    "read away": {"session_uid": "s3", "client": "python/rest", "token_uid": "t3", **AWAY},
    "use token": {"token_uid": "t2"},
    "use token away": {"token_uid": "t2", "app_uid": "odd", "app_name": "Odd", **AWAY},
    "use other token": {"token_uid": "t4", "app_name": "Other"},
    "sign in": {"session_uid": "s1", "token_uid": "t1"},
    "sign in for token": {"token_uid": "t2", "auth_protocol": "legacy"},
    "sign in away": {"session_uid": "s2", "token_uid": "t3", **AWAY},
    "fail": {"status": "failure", "status_code": "50126"},
    "fail away": {"status": "failure", "status_code": "50053", "app_uid": "mail", **AWAY},
    "revoke": {"kind": "directory", "activity_name": "Reset user password.", "resource_uid": "ann@x.example"},
    "reset": {"kind": "directory", "activity_name": "user.mfa.factor.reset_all", "resource_uid": "bob@x.example"},
    "consent": {
        "kind": "directory", "activity_name": "Consent to application.", "resource_uid": "b0000000-app",
    },
    "use": {"app_uid": "b0000000-app"},
    "rule": {"kind": "mail_rule", "activity_name": "New-InboxRule", "mailbox": "bob@x.example"},
    "nobody": {"account": None, "mailbox": None},
}  # fmt: skip
ACTS = st.tuples(
    st.integers(0, 20),
    st.integers(0, 700),
    st.sampled_from(PEOPLE),
    st.sampled_from(sorted(DOINGS)),
)


def rows_of(acts: Iterable[tuple[int, int, str, str]]) -> list[dict[str, Any]]:
    rows = []
    for number, (day, minute, who, doing) in enumerate(acts):
        make = sign_in if doing.startswith(("sign in", "fail")) else event
        rows.append(make(f"e{number}", day, minute, **{"account": who, "mailbox": who, **DOINGS[doing]}))
    return rows


@settings(
    max_examples=examples(40),
    phases=[Phase.generate, Phase.explicit],
    suppress_health_check=[HealthCheck.too_slow],
    deadline=None,
)
@given(st.lists(ACTS, min_size=1, max_size=40), st.integers(2, 4))
def test_whatever_accounts_share_the_parts_find_what_the_whole_finds(
    acts: list[tuple[int, int, str, str]], count: int
) -> None:
    assert_equal(days_of([table(rows_of(acts))]), count)


def test_a_token_of_one_account_is_used_by_others() -> None:
    acts = [(0, 60, "ann@x.example", "sign in for token")]
    acts += [(0, 70 + place, who, "use token") for place, who in enumerate(PEOPLE)]
    acts += [
        (day, place, who, "use other token")
        for day in (1, 2, 15, 16)
        for place, who in enumerate(PEOPLE[day % 3 :])
    ]
    days = days_of([table(rows_of(acts))])
    assert len(set(place_accounts(days[0][1], 4).tolist())) > 2
    assert_equal(days, 2, 4)


def test_a_spray_is_seen_by_the_account_that_it_opens() -> None:
    acts = [(day, place, who, "read") for day in range(3) for place, who in enumerate(PEOPLE)]
    acts += [(3, 10 + place, who, "fail away") for place, who in enumerate(PEOPLE)] * 3
    acts += [(3, 30, "cy@x.example", "sign in away"), (3, 31, "cy@x.example", "read away")]
    days = days_of([table(rows_of(acts))])
    assert assert_equal(days, 2, 4)
    engines = [engine() for _ in range(4)]
    results = [run_parts(engines, batch, day) for day, batch in days]
    found = [one.describe() for one in list_candidates(results[-1])]
    assert any("spray-then-success" in one.rules for one in found)


def run_over_bytes(states: list[bytes | None], batch: CodedBatch, day: int) -> list[tuple[ScoredPart, State]]:
    """Score a day by packed states and exchanges alone, each round from the beginning."""
    parts = place_accounts(batch, len(states))

    def score(place: int, told: list[bytes]) -> bytes | tuple[ScoredPart, State]:
        kept, own = states[place], np.flatnonzero(parts == place)
        before = None if kept is None else unpack(kept)
        return score_part(engine, before, batch.take(own), (day, own.astype(np.int64)), told)

    told = list[bytes]()
    for _ in range(ROUNDS):
        said = [one for place in (2, 0, 1) if isinstance(one := score(place, told), bytes)]
        told.append(merge_packed([merge_packed(said[:2]), said[2]]))
    return [one for place in range(3) if not isinstance(one := score(place, told), bytes)]


def test_rounds_over_bytes_give_the_same_however_often_they_run(tmp_path: Path) -> None:
    days = read_days(world(34, days=4, accounts=10)(tmp_path / "world"))
    whole = engine()
    states: list[bytes | None] = [None] * 3
    for day, batch in days:
        wanted = repr(list(whole.observe(batch, day).candidates))
        ends = run_over_bytes(states, batch, day)
        assert described([part for part, _ in ends]) == wanted
        assert pack(join_states([state for _, state in ends])) == pack(whole.state())
        states = [pack(state) for _, state in ends]


def test_the_part_of_an_account_depends_on_its_name_alone() -> None:
    many, few = (
        days_of([table(rows_of([(0, place, who, "read") for place, who in enumerate(people)]))])[0][1]
        for people in (PEOPLE, PEOPLE[3:])
    )
    parts = dict[str, int]()
    for batch in (many, few):
        for row, part in enumerate(place_accounts(batch, 5).tolist()):
            assert parts.setdefault(batch.value("account", row), part) == part
    assert len(parts) == len(PEOPLE)
    assert len(set(parts.values())) > 1
    nobody = days_of([table(rows_of([(0, 1, "ann@x.example", "nobody")]))])[0][1]
    assert place_accounts(nobody, 5).tolist() == [0]


def test_what_parts_have_in_common_is_kept_once() -> None:
    days = days_of([table(rows_of([(0, place, who, "read") for place, who in enumerate(PEOPLE)]))])
    engines = [engine() for _ in range(2)]
    run_parts(engines, days[0][1], days[0][0])
    (own, shared), (others, same) = (separate(one.state()) for one in engines)
    assert pack(shared) == pack(same)
    assert pack(own) != pack(others)
    assert all(is_own(name) for name in own)
    assert not any(is_own(name) for name in shared)
    engines[0].restore(own | same)
    assert pack(engines[0].state()) == pack(own | shared)


def test_parts_of_different_organisations_do_not_join() -> None:
    one, other = (
        days_of([table(rows_of([(0, place, who, "read") for place, who in enumerate(PEOPLE[:count])]))])
        for count in (3, 5)
    )
    first, second = engine(), engine()
    first.observe(one[0][1], one[0][0])
    second.observe(other[0][1], other[0][0])
    with pytest.raises(StateInvalid):
        join_states([first.state(), second.state()])
