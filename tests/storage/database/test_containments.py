"""Containments are remembered until their time is over or somebody ends them."""

from __future__ import annotations

from seawall.storage.database import Database


def test_a_containment_stands_until_its_time_or_its_end(database: Database) -> None:
    with database.writing() as work:
        assert work.containments.mark() == (0, 0)
        assert work.containments.remember("plan", "org", {"a": 1}, until=100, by="Ann", at=5)
        assert not work.containments.remember("plan", "org", {"a": 2}, until=200, by="Bob", at=6)
        assert work.containments.remember("plan", "other", {}, until=100, by="Ann", at=6)
        marked = work.containments.mark()
    with database.reading() as work:
        assert [(one.tenant, one.document, one.given_by) for one in work.containments.standing(at=99)] == [
            ("org", {"a": 1}, "Ann"),
            ("other", {}, "Ann"),
        ]
        assert work.containments.standing(at=100) == []
    with database.writing() as work:
        assert work.containments.end("plan", by="Bob", at=50) == 2
        assert work.containments.end("plan", by="Bob", at=51) == 0
        assert work.containments.standing(at=60) == []
        assert work.containments.mark() != marked
        assert {one.ended_by for one in work.containments.of("plan")} == {"Bob"}
        assert work.containments.remember("plan", "org", {}, until=100, by="Ann", at=70)
