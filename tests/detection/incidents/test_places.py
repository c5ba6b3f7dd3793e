"""Places of candidates: each organisation's highest groups, and no account takes those of all others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from seawall.detection.behaviour.day import GroupedDay
from seawall.detection.ranking.calibration import COUNTED_GROUPS, weigh_groups
from seawall.detection.ranking.engine import KEPT_AT_LEAST, DetectionEngine, ScoredDay
from seawall.detection.ranking.places import FIRST_PLACES, select_highest
from seawall.detection.ranking.ranker import Ranker, load
from seawall.events.coded_batch import CodedBatch, Vocabulary
from tests.detection.incidents.test_engine import AWAY, history, takeover
from tests.sample_events import batches, event

Group = tuple[int, int, float, int]
"""Account, network, score and time of the first event."""

ORGANISATIONS = 2


def make_day(groups: list[Group], accounts: list[int], networks: list[int]) -> GroupedDay:
    """A day with one event for each group. `accounts` and `networks` are the codes of each."""
    size = len(groups)
    actor = np.array([accounts[one[0]] for one in groups], np.int32)
    network = np.array([networks[one[1]] for one in groups], np.int32)
    tenant = np.array([one[0] % ORGANISATIONS for one in groups], np.int32)
    first = np.array([one[3] for one in groups], np.int64)
    names = {
        "account": Vocabulary([f"u{accounts.index(code)}" for code in range(len(accounts))]),
        "network": Vocabulary([f"n{networks.index(code):02}" for code in range(len(networks))]),
        "org_uid": Vocabulary([f"org{number}" for number in range(ORGANISATIONS)]),
    }
    batch = CodedBatch(first, {"account": actor, "org_uid": tenant}, {}, {}, actor, names)
    numbers = np.arange(size)
    return GroupedDay(
        1, batch, {}, np.ones(size, bool), numbers.astype(np.int32), numbers, actor, tenant, network, first, first, numbers
    )  # fmt: skip


def choose_simply(groups: list[Group], limits: list[int]) -> list[Group]:
    """The same by one loop: an account's further groups wait until all accounts had their first ones."""
    ordered = sorted(groups, key=lambda one: (-one[2], one[3], f"u{one[0]}", one[1]))
    chosen: list[Group] = []
    for organisation in range(ORGANISATIONS):
        had: dict[int, int] = {}
        first: list[Group] = []
        further: list[Group] = []
        for one in ordered:
            if one[0] % ORGANISATIONS == organisation:
                had[one[0]] = had.get(one[0], 0) + 1
                (first if had[one[0]] <= FIRST_PLACES else further).append(one)
        if first:
            chosen += [*first, *further][: limits.pop(0)]
    return chosen


@given(
    groups=st.lists(
        st.tuples(
            st.integers(0, 5), st.integers(0, 11), st.sampled_from([-3.0, -1.0, 2.0]), st.integers(0, 2)
        ),
        max_size=40,
        unique_by=lambda one: one[:2],
    ),
    accounts=st.permutations(range(6)),
    networks=st.permutations(range(12)),
    limits=st.lists(st.integers(1, 12), min_size=ORGANISATIONS, max_size=ORGANISATIONS),
)
def test_the_highest_are_chosen_whatever_the_numbering_of_codes(
    groups: list[Group], accounts: list[int], networks: list[int], limits: list[int]
) -> None:
    groups.sort(key=lambda one: (accounts[one[0]], networks[one[1]]))
    day = make_day(groups, accounts, networks)
    present = len({one[0] % ORGANISATIONS for one in groups})
    limits = limits[:present]
    score = np.array([one[2] for one in groups])
    rows = select_highest(day, score, np.arange(len(groups)), np.array(limits, np.intp))
    assert [groups[row] for row in rows.tolist()] == choose_simply(groups, list(limits))


def flood(day: int, groups: int) -> list[dict[str, Any]]:
    """One account makes strange groups, each on a network, with an application and a client of its own."""
    own: dict[str, Any] = {"account": "u7@x.example", "mailbox": "u7@x.example", **AWAY}
    return [
        event(
            f"f{day}-{n}", day, 100 + n % 900,
            **{
                **own, "src_prefix": f"198.18.{n % 250}.0/24", "src_asn": 70000 + n, "src_asn_name": f"N{n}", "app_uid": f"a{n}",
                "client": f"c{n}",
            },
        )
        for n in range(groups)
    ]  # fmt: skip


def quiet_intruder(day: int) -> list[dict[str, Any]]:
    """Somebody reads one message of u3's from another network, with the usual client and application."""
    own: dict[str, Any] = {"account": "u3@x.example", "mailbox": "u3@x.example"}
    return [event(f"q{day}", day, 200, **own, src_asn=64999, src_prefix="198.51.100.0/24")]


def score_last_day(tmp_path: Path, rows: list[dict[str, Any]], ranker: Ranker | None) -> ScoredDay:
    tmp_path.mkdir(exist_ok=True)
    engine = DetectionEngine(ranker)
    return [engine.observe(batch, number) for number, batch in batches(tmp_path, rows)][-1]


def list_scores(day: ScoredDay) -> list[tuple[str, float]]:
    return [(one.account, one.score) for one in day.list_candidates()]


def test_a_flood_by_one_account_pushes_no_other_intruder_out(tmp_path: Path) -> None:
    found = score_last_day(tmp_path, [*history(25, 60), *quiet_intruder(24), *flood(24, 500)], None)
    scores = list_scores(found)
    assert [account for account, _ in scores].count("u7@x.example") == KEPT_AT_LEAST - 1
    own = dict(scores)["u3@x.example"]
    assert (found.score > own).sum() >= KEPT_AT_LEAST  # by score alone, the flood would have all places


def test_a_flood_by_one_account_makes_nobody_else_look_usual(tmp_path: Path) -> None:
    """Two hundred groups lower the score of another intruder hardly more than a dozen."""
    rows = [*history(25, 60), *quiet_intruder(24)]
    few, many = (
        dict(list_scores(score_last_day(tmp_path / str(groups), [*rows, *flood(24, groups)], load())))
        for groups in (12, 200)
    )
    assert abs(few["u3@x.example"] - many["u3@x.example"]) < 0.5


def test_an_account_still_takes_the_places_that_nobody_needs(tmp_path: Path) -> None:
    found = score_last_day(tmp_path, [*history(), *takeover(24), *flood(24, 30)], load())
    accounts = [account for account, _ in list_scores(found)]
    assert sorted(accounts) == ["u3@x.example", *["u7@x.example"] * (KEPT_AT_LEAST - 1)]


@given(st.lists(st.integers(0, 4), max_size=200))
def test_an_account_counts_for_others_as_so_many_groups_at_most(actors: list[int]) -> None:
    actor = np.array(actors, np.int32)
    weight = weigh_groups(actor)
    for one in set(actors):
        groups, counted = actors.count(one), weight[actor == one].sum()
        assert (
            counted == groups if groups <= COUNTED_GROUPS else COUNTED_GROUPS / 2 < counted <= COUNTED_GROUPS
        )
