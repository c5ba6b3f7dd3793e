"""Indicators that came from others: kept by source and id, the newer version alone, within a limit, apart from the analysts'."""

from __future__ import annotations

from typing import Any

import pytest

from seawall.storage.database import Database
from seawall.storage.database import received_indicators as rows
from seawall.storage.database.exchange_collections import CollectionObject
from seawall.storage.database.indicators import SavedIndicator
from seawall.storage.database.received_indicators import ReceivedIndicator
from seawall.storage.errors import OutsideOrganisations


def one(number: int, modified: int = 1, source: str = "https://a.example/", **more: Any) -> ReceivedIndicator:
    values = (("address", f"198.51.100.{number}"),)
    return ReceivedIndicator(source, f"indicator--{number}", values, 0, modified, 9, **more)


def test_a_newer_version_replaces_and_an_older_one_does_not(database: Database) -> None:
    with database.writing() as work:
        kept = work.received_indicators
        assert kept.put([one(1, 5, name="a"), one(2, 5)]) == 2
        assert (
            kept.put([one(1, 4, name="b"), one(1, 5, name="c"), one(2, 6, end=7, confidence=3, tlp="red")])
            == 1
        )
        assert kept.put([one(1, source="https://b.example/")]) == 1
        assert kept.all() == [
            one(2, 6, end=7, confidence=3, tlp="red"),
            one(1, 5, name="a"),
            one(1, source="https://b.example/"),
        ]
        assert len(kept) == 3


def test_beyond_the_limit_the_last_changed_stay(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "MOST_RECEIVED", 3)
    with database.writing() as work:
        work.received_indicators.put([one(number, number) for number in range(5)])
        assert [each.modified for each in work.received_indicators.all()] == [4, 3, 2]


def test_a_source_that_sends_too_much_displaces_no_other(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "MOST_RECEIVED", 4)
    small = [one(number, 1, source="https://b.example/") for number in range(2)]
    with database.writing() as work:
        kept = work.received_indicators
        kept.put(small)
        kept.put([one(number, 9_000 + number) for number in range(9)])
        found = kept.all()
        assert [each for each in found if each.source == "https://b.example/"] == small
        assert [each.modified for each in found if each not in small] == [9_008, 9_007]


def test_the_revision_grows_with_changes_alone(database: Database) -> None:
    with database.writing() as work:
        kept = work.received_indicators
        assert kept.revision == 0
        kept.put([one(1, 5)])
        first = kept.revision
        kept.put([one(1, 5)])
        kept.remove(["none"])
        assert kept.revision == first > 0
        kept.put([one(1, 6)])
        assert kept.revision > first
        second = kept.revision
        kept.remove([one(1).key])
        assert kept.revision > second


def test_ended_ones_and_named_ones_are_deleted_and_the_analysts_stay(database: Database) -> None:
    with database.writing() as work:
        work.indicators.put(SavedIndicator("ip:198.51.100.1", "", 0, "", "ann", 1))
        kept = work.received_indicators
        kept.put([one(1), one(2, end=10), one(3, end=11)])
        assert kept.remove_ended(10) == 1
        assert kept.remove([one(1).key, "none"]) == 1
        assert [each.id for each in kept.all()] == ["indicator--3"]
        assert len(work.indicators.all()) == 1


def test_each_collection_is_read_up_to_its_own_time(database: Database) -> None:
    with database.writing() as work:
        work.received_indicators.note_read("https://a.example/", "2026-03-01T00:00:00Z")
    with database.reading() as work:
        assert work.received_indicators.read_up_to("https://a.example/") == "2026-03-01T00:00:00Z"
        assert work.received_indicators.read_up_to("https://b.example/") == ""
        assert work.indicators.all() == []


def test_objects_of_a_collection_come_in_the_order_of_addition(database: Database) -> None:
    objects = [
        CollectionObject(f"indicator--{n}", "v", 1, '{"é": "\\u0000"}', "ann", end=None if n else 9)
        for n in (2, 0, 1)
    ]
    with database.writing() as work:
        assert work.collection_objects.add("a", objects, 5).added == 3
        before = work.collection_objects.stamp("a")
        assert (
            work.collection_objects.add(
                "a", [*objects, CollectionObject("indicator--3", "v", 1, "{}", "bob")], 5
            ).known
            == 3
        )
        found = work.collection_objects.all("a")
        assert [(one.id, one.added) for one in found] == [
            ("indicator--2", 5), ("indicator--0", 6), ("indicator--1", 7), ("indicator--3", 8),
        ]  # fmt: skip
        assert found[0].text == '{"é": "\\u0000"}'
        assert work.collection_objects.stamp("a") != before
        late = work.collection_objects.add("a", objects, 9)
        assert [why for _, why in late.refused] == ["ended"]
        assert [one.id for one in work.collection_objects.all("a")] == [
            "indicator--2",
            "indicator--1",
            "indicator--3",
        ]
        assert work.collection_objects.all("b") == []


def test_who_is_limited_to_organisations_sees_nothing_of_others_indicators_and_tokens(
    database: Database,
) -> None:
    with database.writing() as work:
        work.received_indicators.put([one(1)])
        work.received_indicators.note_read("https://a.example/", "2026-03-01T00:00:00Z")
        work.exchange_tokens.add("acme", b"token", role="viewer", by="local", at=1)
        work.collection_objects.add("released", [CollectionObject("indicator--1", "v", 1, "{}", "local")], 5)
        assert [each.added for each in work.collection_objects.all("released")] == [5]
    with database.narrow(frozenset({"org"})).reading() as work:
        assert work.received_indicators.all() == []
        assert work.received_indicators.read_up_to("https://a.example/") == ""
        assert work.exchange_tokens.all() == []
        assert work.exchange_tokens.find(b"token") is None
        assert work.collection_objects.all("released") == []
        with pytest.raises(OutsideOrganisations):
            work.collection_objects.stamp("released")
        with pytest.raises(OutsideOrganisations):
            len(work.received_indicators)
