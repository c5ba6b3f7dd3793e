"""Incidents come back as they were put, in one order, and say what changed."""

from __future__ import annotations

import dataclasses
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seawall.detection.incident import BaselineComparison, Incident, TimelinePoint
from seawall.detection.reason import Reason
from seawall.storage.database import Database, QueueCursor, QueueQuery
from tests.thoroughness import examples


def incident(number: int, **changes: Any) -> Incident:
    made = Incident(
        id=f"{number:012x}", tenant="contoso.example", account=f"user{number}@contoso.example", kind="takeover",
        severity="high", score=float(number % 7), base=-1.5, raised=number % 2 == 0, detected_at=None,
        first_event=number * 1_000_000, last_event=number * 1_000_000 + 5, title="A title", summary="A summary",
        reasons=(
            Reason("behaviour", "network", "a new network", 2.25, "AS64500", {"seen_days": 0.0, "peers": 3.0}),
            Reason("rules", "inbox-rule", "an inbox rule", 0.1),
        ),
        events=("a", "b"), mailboxes=("user@contoso.example",), messages_proved=3, messages_possible=9,
        coverage=("gap",), actions=("revoke",),
        usual=(BaselineComparison("network", "AS64500", (("AS3320", 0.75),), 0.0, 12.0, 0, 40, True, "if"),),
        timeline=(TimelinePoint(5, "mail", 3, True, "read"),), related=("other",), family="token",
        details={"zeta": 1, "alpha": [1, 2.5, None]},
    )  # fmt: skip
    return dataclasses.replace(made, **changes)


def test_an_incident_comes_back_whole(database: Database) -> None:
    put = incident(1)
    with database.writing() as work:
        assert work.incidents.put([put]) == 1
    with database.reading() as work:
        assert work.incidents.get(put.id) == put
        assert list(work.incidents.get(put.id).details) == ["zeta", "alpha"]  # type: ignore[union-attr]
        assert work.incidents.get("none") is None
        assert work.incidents.get("\x00'; DROP TABLE incidents") is None


HOSTILE = st.text(
    st.characters(exclude_categories=()) | st.sampled_from("\x00\x1a\ud800\udfff0a"), max_size=20
)


@settings(max_examples=examples(60), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=HOSTILE, other=HOSTILE, score=st.floats(allow_nan=False))
def test_any_text_comes_back_as_it_was(database: Database, text: str, other: str, score: float) -> None:
    put = incident(
        1,
        tenant=text,
        account=other,
        title=other,
        score=score,
        details={text: other},
        reasons=(Reason("rules", text, other, 1.0, text),),
    )
    with database.writing() as work:
        work.incidents.put([put])
        assert work.incidents.get(put.id) == put
        assert work.incidents.page(QueueQuery(tenant=text)) == [put]
        assert work.incidents.page(QueueQuery(tenant=text, account=other)) == [put]
        assert work.incidents.page(QueueQuery(account=other)) == [put]


def test_names_of_any_length(database: Database) -> None:
    put = incident(1, tenant="t" * 100_000, account="ü" * 100_000)
    with database.writing() as work:
        work.incidents.put([put])
        assert work.incidents.page(QueueQuery(tenant=put.tenant, account=put.account)) == [put]


def test_only_what_changed_has_a_new_revision(database: Database) -> None:
    first = [incident(number) for number in range(10)]
    with database.writing() as work:
        assert work.incidents.revision() == 0
        assert work.incidents.put(first) == 10
        assert work.incidents.put(first) == 0
        assert work.incidents.revision() == 1
    changed = [first[3], dataclasses.replace(first[4], score=99.0, reasons=()), incident(10)]
    with database.writing() as work:
        assert work.incidents.put(changed) == 2
        assert work.incidents.changed_after(1) == [(2, first[4].id), (2, changed[2].id)]
        assert work.incidents.get(first[4].id) == changed[1]
        assert work.incidents.count() == 11


@pytest.mark.parametrize("limit", [1, 7, 1000])
def test_pages_together_are_the_whole_list(database: Database, limit: int) -> None:
    put = [incident(number) for number in range(60)]
    with database.writing() as work:
        work.incidents.put(put)
    pages: list[Incident] = []
    with database.reading() as work:
        while page := work.incidents.page(
            after=QueueCursor(pages[-1].score, pages[-1].id) if pages else None, limit=limit
        ):
            pages += page
    assert pages == sorted(put, key=lambda one: (-one.score, one.id))


def test_choices(database: Database) -> None:
    put = [incident(number, severity="low" if number < 5 else "critical") for number in range(10)]
    with database.writing() as work:
        work.incidents.put([*put, incident(11, tenant="other.example")])
        work.answers.give(put[2].id, "safe", by="ann", at=1)

        def numbers(**choice: Any) -> list[int]:
            found = work.incidents.page(QueueQuery(**choice))
            assert work.incidents.count(QueueQuery(**choice)) == len(found)
            return sorted(int(one.id, 16) for one in found)

        assert numbers(tenant="other.example") == [11]
        assert numbers(tenant="contoso.example", account="user3@contoso.example") == [3]
        assert numbers(tenant="other.example", account="user3@contoso.example") == []
        assert numbers(raised=True) == [0, 2, 4, 6, 8]
        assert numbers(severities=("low",), raised=False) == [1, 3]
        assert numbers(answered=True) == [2]
        assert 2 not in numbers(answered=False)
        assert numbers(active_from=8_000_005) == [8, 9, 11]
        assert numbers(active_until=2_000_000) == [0, 1]


def test_what_is_old_is_pruned_but_not_its_answers(database: Database) -> None:
    with database.writing() as work:
        work.incidents.put([incident(1), incident(9)])
        work.answers.give(incident(1).id, "compromised", by="ann", at=1)
        assert work.incidents.prune(5_000_000) == 1
    with database.reading() as work:
        assert work.incidents.page() == [incident(9)]
        assert len(work.answers.of_incident(incident(1).id)) == 1


def test_ten_thousand_at_once(database: Database) -> None:
    put = [incident(number) for number in range(10_000)]
    with database.writing() as work:
        assert work.incidents.put(put) == 10_000
        assert work.incidents.put(put) == 0
        assert work.incidents.count(QueueQuery(raised=True)) == 5_000


def test_two_that_put_the_same_at_once(database: Database) -> None:
    put = [incident(number) for number in range(50)]

    def again(score: float) -> int:
        with database.writing() as work:
            return work.incidents.put([dataclasses.replace(one, score=score) for one in put])

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(again, [1.0, 1.0, 1.0, 1.0])) == 50 * 1
        assert sum(pool.map(again, [2.0, 3.0, 4.0, 5.0])) == 50 * 4
    with database.reading() as work:
        found = work.incidents.page()
        assert len(found) == 50
        assert len({one.score for one in found}) == 1
        assert work.incidents.revision() >= 5
