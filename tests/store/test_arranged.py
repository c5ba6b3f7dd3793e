"""Codes that are given day by day: earlier ones stay, a day's do not depend on the order of its tables."""

from __future__ import annotations

import numpy as np
import pytest

from seawall.errors import StateInvalid
from seawall.store import Coder, pack
from tests.events import event, table

FIRST = [event("a", app_uid="m"), event("b", app_uid="c", account="zoe@x.example")]
SECOND = [
    event("c", 1, app_uid="z", client="b"),
    event("d", 1, app_uid="a", client="a", account="ann@x.example"),
    event("e", 1, app_uid="k", account="cy@y.example", mailbox=None, org_uid=None),
]


def day_after(first: Coder, *rows: dict[str, object]) -> Coder:
    for row in rows:
        first.encode(table([row]))
    return first.arranged()[0]


def test_texts_of_a_day_are_in_order_and_behind_those_of_earlier_days() -> None:
    coder = day_after(Coder(), *FIRST)
    assert coder.vocabularies["app_uid"].values == ["c", "m"]
    assert day_after(coder, *SECOND).vocabularies["app_uid"].values == ["c", "m", "a", "k", "z"]


def test_the_order_of_tables_changes_nothing_that_the_day_leaves_behind() -> None:
    one = day_after(day_after(Coder(), *FIRST), *SECOND)
    other = day_after(day_after(Coder(), *FIRST[::-1]), *SECOND[::-1], SECOND[0])
    assert pack(one.state()) == pack(other.state())


def test_codes_of_before_are_mapped_to_the_same_texts() -> None:
    coder = day_after(Coder(), *FIRST)
    coded = coder.encode(table(SECOND))
    following, mappings = coder.arranged()
    for name in ("app_uid", "client", "account", "network"):
        before = [coder.vocabularies[name].text(code) for code in coded[name].to_pylist()]
        after = following.vocabularies[name]
        assert [after.text(int(mappings[name][code])) for code in coded[name].to_pylist()] == before


def test_what_is_missing_stays_missing() -> None:
    coder = Coder()
    coder.encode(table([event("a", device_uid=None)]))
    _, mappings = coder.arranged()
    assert all(mapping[-1] == -1 for mapping in mappings.values())


def test_a_coder_is_not_changed_by_being_arranged_and_codes_more_of_the_day() -> None:
    coder = day_after(Coder(), *FIRST)
    for row in SECOND:
        coder.encode(table([row]))
        following, _ = coder.arranged()
        following.encode(table([event("later", 2, app_uid="b")]))
    assert pack(coder.arranged()[0].state()) == pack(day_after(day_after(Coder(), *FIRST), *SECOND).state())


def test_a_domain_becomes_the_organisation_that_its_accounts_were_seen_under() -> None:
    coder = Coder()
    coder.encode(table([event("a", org_uid=None), event("b", org_uid="other", account="o@o.example")]))
    coder, mappings = coder.arranged()
    assert coder.vocabularies["org_uid"].values == ["other", "x.example"]
    coded = coder.encode(table([event("c", 1, account="bob@x.example"), event("d", 1, org_uid=None)]))
    coder, mappings = coder.arranged()
    codes = mappings["org_uid"][np.asarray(coded["org_uid"])]
    assert {coder.vocabularies["org_uid"].text(int(code)) for code in codes} == {"org"}


@pytest.mark.parametrize("count", [-1, 10**9])
def test_a_state_that_counts_more_texts_than_it_holds_is_refused(count: int) -> None:
    state = day_after(Coder(), *FIRST).state()
    state["arranged"][0] = count
    with pytest.raises(StateInvalid, match="arranged"):
        Coder().restore(state)


def test_a_state_taken_in_the_middle_of_a_day_goes_on_as_if_it_had_not_been() -> None:
    coder = day_after(Coder(), *FIRST)
    coder.encode(table(SECOND[:1]))
    other = Coder()
    other.restore(coder.state())
    assert pack(day_after(other, *SECOND[1:]).state()) == pack(day_after(coder, *SECOND[1:]).state())
