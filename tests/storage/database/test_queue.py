"""The queue: what is listed, found by a search, in which order; and what people said stays with an incident."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seawall.detection.incident import BaselineComparison
from seawall.detection.reason import SILENT, Reason
from seawall.storage.database import Database, Order, QueueQuery, SearchTerm, Transaction
from seawall_base.errors import UsageError
from tests.storage.database.test_incidents import HOSTILE, incident
from tests.thoroughness import examples


def found(work: Transaction, **choice: Any) -> list[int]:
    rows = work.incidents.rows(QueueQuery(**choice), limit=1000)
    assert work.incidents.count(QueueQuery(**choice)) == len(rows)
    assert sum(work.incidents.severities(QueueQuery(**choice)).values()) == len(rows)
    return sorted(int(row.id, 16) for row in rows)


def search(work: Transaction, text: str, field: Any = "", *, is_not: bool = False) -> list[int]:
    return found(work, terms=(SearchTerm(text, field, is_not),))


def test_a_row_says_what_the_incident_says(database: Database) -> None:
    silent = Reason("behaviour", "key", f"no key {SILENT}", 99.0)
    put = dataclasses.replace(incident(1), reasons=(silent, *incident(1).reasons), detected_at=7)
    with database.writing() as work:
        work.incidents.put([put])
        row = work.incidents.row(put.id)
        assert row is not None
        same = ("id", "tenant", "account", "kind", "severity", "score", "raised", "detected_at", "first_event",
                "last_event", "title", "summary", "family", "messages_proved", "messages_possible")  # fmt: skip
        assert {name: getattr(row, name) for name in same} == {name: getattr(put, name) for name in same}
        assert (row.related, row.mailboxes, row.answer, row.announced_at) == (1, 1, None, None)
        assert row.reasons == incident(1).reasons
        assert work.incidents.rows() == [row]
        assert work.incidents.row("none") is None


def test_queues(database: Database) -> None:
    with database.writing() as work:
        work.incidents.put([incident(number) for number in range(6)])  # 0, 2, 4 are raised
        assert found(work, queue="open") == [0, 2, 4]
        assert found(work, queue="candidates") == [1, 3, 5]
        assert work.announcements.add([incident(0).id, incident(1).id], at=5) == [
            incident(0).id,
            incident(1).id,
        ]
        assert work.announcements.add([incident(0).id], at=6) == []
        work.answers.give(incident(2).id, "safe", by="ann", at=1)
        work.answers.give(incident(3).id, "compromised", by="ann", at=1)
        assert found(work, queue="open") == [0, 1, 4]
        assert found(work, queue="announced") == [0, 1]
        assert found(work, queue="answered") == [2, 3]
        assert found(work, queue="candidates") == [5]
        assert found(work, queue="all") == [0, 1, 2, 3, 4, 5]
        assert search(work, "safe", "answer") == [2]
        assert search(work, "safe", "answer", is_not=True) == [0, 1, 3, 4, 5]
        assert [search(work, word, "is") for word in ("raised", "announced", "answered", "open")] == [
            [0, 2, 4], [0, 1], [2, 3], [0, 1, 4],
        ]  # fmt: skip
        with pytest.raises(UsageError, match="no queue"):
            found(work, queue="other")


def test_history_is_found_and_stays_marked(database: Database) -> None:
    with database.writing() as work:
        work.incidents.put([incident(number) for number in range(4)])
        before = work.incidents.revision()
        assert work.incidents.mark_history([incident(1).id, incident(2).id, "none"]) == 2
        assert {id_ for _, id_ in work.incidents.changed_after(before)} == {incident(1).id, incident(2).id}
        assert work.incidents.mark_history([incident(1).id]) == 0
        assert search(work, "history", "is") == [1, 2]
        assert search(work, "history", "is", is_not=True) == [0, 3]
        work.incidents.put([incident(1, score=-3.0)])
        assert [row.is_history for row in work.incidents.rows(QueueQuery(queue="all"), order="account")] == [
            False, True, True, False,
        ]  # fmt: skip
        assert work.incidents.history() == {incident(1).id, incident(2).id}


def test_what_was_raised_and_nobody_was_told_of(database: Database) -> None:
    with database.writing() as work:
        work.incidents.put([dataclasses.replace(incident(number), last_event=number) for number in range(10)])
        work.announcements.add([incident(0).id], at=5)
        work.incidents.mark_history([incident(2).id])
        assert [one.id for one in work.incidents.untold(8)] == [incident(4).id, incident(6).id]


def test_an_announced_incident_stays_in_the_queue_when_it_is_raised_no_more(database: Database) -> None:
    with database.writing() as work:
        work.incidents.put([incident(2)])
        work.announcements.add([incident(2).id], at=5)
        work.incidents.put([incident(2, raised=False, score=-3.0)])
        assert found(work, queue="open") == [2]
        assert work.incidents.remove([incident(2).id, "none"]) == 1
        assert found(work) == []
        work.incidents.put([incident(2, raised=False)])  # it is found again
        assert found(work, queue="announced") == [2]


def test_answers_that_end_give_the_incident_back(database: Database) -> None:
    with database.writing() as work:
        work.incidents.put([incident(2), incident(3)])
        first = work.answers.give(incident(2).id, "safe", by="ann", at=1)
        work.answers.give(incident(2).id, "expected-change", by="ann", at=2, expires_at=10)
        work.answers.give(incident(3).id, "safe", by="ann", at=2, expires_at=10)
        assert search(work, "expected-change", "answer") == [2]
        before = work.incidents.revision()
        assert work.answers.expire(at=9) == 0
        assert work.incidents.revision() == before
        assert work.answers.expire(at=10) == 2
        assert work.answers.expire(at=10) == 0
        assert search(work, "safe", "answer") == [2]
        assert [id_ for _, id_ in work.incidents.changed_after(before)] == [incident(2).id, incident(3).id]
        mark = work.answers.mark()
        assert work.answers.withdraw(first.id, by="ann", at=20)
        assert not work.answers.withdraw(first.id, by="ann", at=20)
        assert work.answers.mark() > mark
        assert found(work, answered=True) == []
        assert len(work.answers.page()) == 3
        assert [one.id for one in work.answers.page(before=3, limit=1)] == [2]


def test_what_was_said_follows_an_incident_to_its_new_id(database: Database) -> None:
    one, two, three = (incident(number) for number in (1, 2, 3))
    with database.writing() as work:
        work.incidents.put([one])
        work.announcements.add([one.id], at=5)
        work.answers.give(one.id, "safe", by="ann", at=6)
        work.incidents.remove([one.id])
        work.incidents.put([two])
        work.aliases.put({one.id: two.id}, at=7)
        row = work.incidents.row(two.id)
        assert row is not None
        assert (row.announced_at, row.answer) == (5, "safe")
        assert work.announcements.add([two.id], at=9) == []
        work.incidents.remove([two.id])
        work.aliases.put({two.id: three.id}, at=8)  # before the incident itself is put
        work.incidents.put([three])
        assert [work.aliases.resolve(id_) for id_ in (one.id, two.id, three.id, "x")] == [three.id] * 3 + [
            "x"
        ]
        assert work.aliases.of(three.id) == [one.id, two.id]
        assert [given.answer for given in work.answers.of_incident(three.id)] == ["safe"]
        assert found(work, queue="answered") == [3]
        work.answers.withdraw(1, by="ann", at=9)
        assert found(work, queue="announced", answered=False) == [3]


def test_an_id_that_comes_back_is_its_own(database: Database) -> None:
    one, two = incident(1), incident(2)
    with database.writing() as work:
        work.incidents.put([two])
        work.aliases.put({one.id: two.id}, at=1)
        work.incidents.remove([two.id])
        work.incidents.put([one])
        work.aliases.put({two.id: one.id}, at=2)
        assert work.aliases.all() == {two.id: one.id}
        assert work.aliases.resolve(one.id) == one.id


def test_searches(database: Database) -> None:
    def made(number: int, network: str, country: str, mailbox: str, **changes: Any) -> Any:
        usual = (BaselineComparison("network", network, (), 0.0, 1.0, 0, 1, True),
                 BaselineComparison("app", "Füller", (), 0, 1.0, 0, 1, True),
                 BaselineComparison("client", "unknown-mail/imap", (), 0.0, 1.0, 0, 1, True))  # fmt: skip
        reasons = (Reason("behaviour", "country", "a country", 1.0, country),)
        return incident(number, usual=usual, reasons=reasons, mailboxes=(mailbox,), **changes)

    with database.writing() as work:
        work.incidents.put(
            [
                made(1, "AS8452 TE-AS", "EG", "Boss@contoso.example", account="Ann@Contoso.example"),
                made(
                    2, "AS3320 100%_off", "DE", "ann@contoso.example", title="STRASSE", kind="password-spray"
                ),
                made(3, "AS64500", "FR", "x@contoso.example", title="straße", severity="low", tenant="Other"),
            ]
        )
        assert search(work, "te-as") == [1]
        assert search(work, "TE-as", "network") == [1]
        assert search(work, "te-as", "app") == []
        assert search(work, "eg", "country") == [1]
        assert search(work, "ANN@", "account") == [1]
        assert search(work, "ann@", "mailbox") == [2]
        assert search(work, "ann@") == [1, 2]
        assert search(work, "ann@", is_not=True) == [3]
        assert search(work, "FÜLLER", "app") == [1, 2, 3]
        assert search(work, "imap", "client") == [1, 2, 3]
        assert search(work, "Strasse") == [2, 3]  # whatever its case
        assert search(work, "%") == [2]
        assert search(work, "100%_") == [2]
        assert search(work, "_") == [2]
        assert search(work, "other", "tenant") == [3]
        assert search(work, "password-spray", "kind") == [2]
        assert search(work, "spray", "kind") == []
        assert search(work, "spray") == [2]
        assert search(work, "LOW", "severity", is_not=True) == [1, 2]
        assert search(work, "") == [1, 2, 3]
        assert found(work, terms=(SearchTerm("strasse"), SearchTerm("fr", "country", is_not=True))) == [2]
        assert found(work, score_above=1.0, active_from=2_000_000) == [2, 3]
        assert found(work, account="ann@contoso.example") == [1]
        with pytest.raises(UsageError, match="no field"):
            search(work, "x", "document")
        with pytest.raises(UsageError, match="no incident is"):
            search(work, "x", "is")


@settings(max_examples=examples(60), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(title=HOSTILE, text=HOSTILE | st.sampled_from(["%", "_", "\\", "'", "'; --", "/", "*", "[a]"]))
def test_a_search_finds_exactly_what_holds_the_text(database: Database, title: str, text: str) -> None:
    with database.writing() as work:
        work.incidents.put([incident(1, title=title + text), incident(2, title="", summary="", kind="")])
        assert 1 in search(work, text, "title")
        assert search(work, "\x1a" + text + "!", "title") in ([], [1])


@pytest.mark.parametrize("order", ["score", "time", "account"])
@pytest.mark.parametrize("limit", [1, 7, 1000])
def test_every_order_can_be_paged(database: Database, order: Order, limit: int) -> None:
    accounts = ["Zoë", "ann", "Bob", "ann", "\U0001f600" * 300]
    put = [
        incident(number, account=accounts[number % 5], last_event=number % 11, score=float(number % 7) / 3)
        for number in range(60)
    ]
    pages: list[Any] = []
    with database.writing() as work:
        work.incidents.put(put)
        while page := work.incidents.rows(
            order=order, after=pages[-1].place(order) if pages else None, limit=limit
        ):
            pages += page
        assert [one.id for one in work.incidents.page(order=order, limit=100)] == [row.id for row in pages]
    sort_key = {
        "score": lambda one: (-one.score, one.id),
        "time": lambda one: (-one.last_event, one.id),
        "account": lambda one: (one.account[:100].casefold().encode(), one.id),
    }[order]
    assert [row.id for row in pages] == [one.id for one in sorted(put, key=sort_key)]


def test_incidents_of_accounts(database: Database) -> None:
    with database.writing() as work:
        work.incidents.put([incident(n, account=f"user{n % 3}") for n in range(10)])
        counted = work.incidents.worst(
            [("contoso.example", "user1"), ("contoso.example", "nobody"), ("x", "user1")]
        )
        assert counted == {("contoso.example", "user1"): (3, 4.0)}
        assert work.incidents.ids() == {incident(n).id for n in range(10)}


def test_what_was_announced_since_a_time_is_counted_by_organisation(database: Database) -> None:
    with database.writing() as work:
        work.incidents.put([incident(1), incident(2), incident(3, tenant="other.example"), incident(4)])
        work.announcements.add([incident(1).id], at=5)
        work.announcements.add([incident(2).id, incident(3).id], at=9)
    with database.reading() as work:
        assert work.incidents.announced_since(6) == {"contoso.example": 1, "other.example": 1}
        assert work.incidents.announced_since(5) == {"contoso.example": 2, "other.example": 1}
        assert work.incidents.announced_since(10) == {}
