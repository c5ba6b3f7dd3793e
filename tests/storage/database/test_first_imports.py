"""First imports are kept by organisation, with what of them is not judged yet; candidates are found by organisation."""

from __future__ import annotations

from seawall.storage.database import Database, FirstImport
from seawall.storage.database.columns import make_index_key

HOSTILE = "org\x00\ud800"


def test_a_first_import_is_kept_in_place_of_what_was(database: Database) -> None:
    note = {"tenant": HOSTILE, "text": "a gap"}
    with database.writing() as work:
        assert work.first_imports.all() == []
        work.first_imports.put(
            [FirstImport("b", 7, True, 100, waiting_from=100), FirstImport("a", 5, True, 90)]
        )
        work.first_imports.put([FirstImport(HOSTILE, 9, False, 10, 50, 20, (note,))])
        work.first_imports.put([FirstImport("b", 7, False, 95, 150)])
    with database.reading() as work:
        assert work.first_imports.all() == [
            FirstImport("a", 5, True, 90),
            FirstImport("b", 7, False, 95, 150),
            FirstImport(HOSTILE, 9, False, 10, 50, 20, (note,)),
        ]
        assert work.first_imports.waiting() == [(HOSTILE, 20)]


def test_candidates_are_found_by_organisation_and_by_share(database: Database) -> None:
    with database.writing() as work:
        work.candidates.put_day(4, [b"4a", b"4b"], tenants=["a", "b"], share=1)
        work.candidates.put_day(4, [b"4c"], tenants=["a"], share=2)
        work.candidates.put_day(3, [b"3a"], tenants=["a"])
        assert work.candidates.of_tenant("a") == [b"3a", b"4a", b"4c"]
        assert work.candidates.by_tenant(4, 1) == {make_index_key("a"): [b"4a"], make_index_key("b"): [b"4b"]}
        assert work.candidates.by_tenant(4, 0) == {}
