"""One order of incidents, the numbers that follow from it, and what a person may call an incident by."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.detection.incident import SEVERITIES
from seawall.detection.incidents.incident_choice import (
    IncidentHead,
    find_number,
    find_only_number,
    list_numbers,
)
from seawall.detection.incidents.reading_order import number_incidents, order_incidents
from seawall_base.errors import UsageError

HEADS = st.lists(
    st.builds(
        IncidentHead,
        id=st.integers(0, 10**9).map(str),
        account=st.sampled_from(["ann@x.example", "bob@x.example"]),
        raised=st.booleans(),
        severity=st.sampled_from(SEVERITIES),
        attack=st.sampled_from(["", "", "a", "b", "c"]),
    ),
    max_size=30,
    unique_by=lambda one: one.id,
)


@given(HEADS)
def test_the_order_holds_what_it_promises(heads: list[IncidentHead]) -> None:
    ordered = order_incidents(heads)
    assert sorted(one.id for one in ordered) == sorted(one.id for one in heads)
    assert order_incidents(ordered) == ordered, "to order again changes nothing"
    assert [one.raised for one in ordered] == sorted((one.raised for one in heads), reverse=True)
    for is_raised in (True, False):
        part = [one for one in ordered if one.raised is is_raised]
        attacks = [one.attack or one.id for one in part]
        firsts = [one for place, one in enumerate(part) if attacks.index(attacks[place]) == place]
        runs = [attack for place, attack in enumerate(attacks) if attacks[place - 1 : place] != [attack]]
        assert len(runs) == len(set(runs)), "the incidents of an attack stand together"
        assert _gravities(firsts) == sorted(_gravities(firsts), reverse=True)
        for attack in set(attacks):
            members = [one for one in part if (one.attack or one.id) == attack]
            assert _gravities(members) == sorted(_gravities(members), reverse=True)


def _gravities(heads: list[IncidentHead]) -> list[int]:
    return [SEVERITIES.index(one.severity) for one in heads]


def test_equals_stay_in_the_order_of_their_scores_and_numbers_run_from_one() -> None:
    heads = [IncidentHead(f"i{place}", "ann@x.example", True, "high") for place in range(9)]
    assert number_incidents(heads) == list(enumerate(heads, start=1))
    shuffled = random.Random(7).sample(heads, 9)
    assert order_incidents(shuffled) == tuple(shuffled)


LISTED = (
    IncidentHead("fa01", "ann@x.example", True, "critical"),
    IncidentHead("fa02", "Bob@x.example", True, "high"),
    IncidentHead("bb03", "bob@x.example", True, "high"),
    IncidentHead("cc04", "bob@y.example", False, "low"),
    IncidentHead("dd05", "00000003-0000-0ff1-ce00-000000000000", False, "low"),
    IncidentHead("ee06", "fa", False, "low"),
)


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        ("3", (3,)),
        ("#3", (3,)),
        (" 3 ", (3,)),
        ("fa02", (2,)),
        ("cc", (4,)),
        ("ann@x.example", (1,)),
        ("ANN@X.example", (1,)),
        ("account:ann@x.example", (1,)),
        ("ann", (1,)),
        ("bob@x.example", (2, 3)),
        ("00000003-0000-0ff1-ce00-000000000000", (5,)),
    ],
)
def test_an_incident_is_called_as_people_call_it(wanted: str, numbers: tuple[int, ...]) -> None:
    assert list_numbers(LISTED, wanted) == numbers
    assert find_number(LISTED, wanted) == numbers[0]


@pytest.mark.parametrize(
    "wanted", ["", " ", "0", "7", "9" * 5_000, "nobody", "٣", "@", "account:", "x.example"]
)
def test_what_is_not_there_is_refused(wanted: str) -> None:
    with pytest.raises(UsageError, match="no incident"):
        list_numbers(LISTED, wanted)


def test_a_text_that_means_different_things_is_refused() -> None:
    with pytest.raises(UsageError, match="starts 2 ids, such as fa01, fa02"):
        list_numbers(LISTED, "fa0")
    with pytest.raises(UsageError, match=r"2 accounts: bob@x\.example, bob@y\.example"):
        list_numbers(LISTED, "bob")


def test_a_change_needs_one_incident() -> None:
    assert find_only_number(LISTED, "ann") == 1
    with pytest.raises(UsageError, match="2, 3"):
        find_only_number(LISTED, "bob@x.example")
