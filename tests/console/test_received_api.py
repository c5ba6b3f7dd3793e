"""Indicators of other organisations, as the console lists them: in pages, with look-ups, to nobody who is limited."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from seawall.response.look_up import parse_subject
from seawall.storage.database.received_indicators import ReceivedIndicator
from tests.console.consoles import Console, console

PATH = "/api/indicators/received"
APP = "0f3a8f2e-0000-4000-8000-000000000001"


@pytest.fixture
def team(tmp_path: Path) -> Iterator[Console]:
    values = [
        (("address", "198.51.100.7"), ("address", "198.51.100.0/24"), ("network", "AS64500")),
        (("app", APP), ("key", "a" * 40), ("user_agent", "curl/8 <b>"), ("odd", "x")),
        (("address", "ab" * 32),),
    ]
    with console(tmp_path) as made:
        with made.context.database.writing() as work:
            work.received_indicators.put(
                ReceivedIndicator(
                    "https://hub.example/c/",
                    f"indicator--{n}",
                    values[n],
                    0,
                    n,
                    5,
                    is_hashed=n == 2,
                    name="<b>",
                    confidence=n,
                )
                for n in range(3)
            )
        yield made


def test_they_come_in_pages_with_the_values_that_can_be_looked_up(team: Console) -> None:
    browser = team.signed_in("viewer")
    first = browser.get(f"{PATH}?limit=2").json()
    assert (len(first["items"]), first["total"]) == (2, 3)
    rest = browser.get(f"{PATH}?limit=2&cursor={first['next_cursor']}").json()
    assert rest["next_cursor"] is None
    found = [*first["items"], *rest["items"]]
    assert [one["id"] for one in found] == ["indicator--2", "indicator--1", "indicator--0"]
    assert [one["subjects"] for one in found] == [
        [],
        [f"app:{APP}", f"key:{'a' * 40}", "agent:curl/8 <b>"],
        ["ip:198.51.100.7", "cidr:198.51.100.0/24", "network:AS64500"],
    ]
    assert found[0]["is_hashed"]
    for one in found:
        for subject in one["subjects"]:
            assert str(parse_subject(subject)) == subject
    for wrong in ("?cursor=x", "?limit=0", "?limit=1000"):
        assert browser.get(PATH + wrong).status_code in {400, 422}


def test_who_is_limited_to_organisations_does_not_see_them(team: Console) -> None:
    team.signed_in("viewer", "limited")
    with team.context.database.writing() as work:
        user = work.users.find("limited")
        assert user is not None
        work.users.set_organisations(user.id, ["org"], at=team.clock())
    answer = team.signed_in("viewer", "limited").get(PATH)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "all-organisations-needed")
