"""Records as they came in a lake: found by organisation, id and day, pruned with the events, and erased by name."""

from __future__ import annotations

import json
import stat
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.storage.lake import Lake, back_up
from seawall.storage.lake.layout import start_of
from seawall.storage.raw_records import (
    RAW_RECORDS,
    KeptRecord,
    RawFolder,
    RecordOrigin,
    erase_raw_records,
    keep_record,
    read_kept_records,
    write_kept_records,
)
from seawall_base.errors import UsageError
from tests.sample_events import event, table
from tests.thoroughness import examples

FIRST, SECOND = date(2026, 3, 2), date(2026, 3, 3)


def record(
    uid: str, day: date = FIRST, *, tenant: str = "org", account: str | None = "ann@x.example", says: str = ""
) -> KeptRecord:
    origin = RecordOrigin(uid, tenant, account, start_of(day) + 5, "logs/a.jsonl", 3)
    return keep_record(origin, json.dumps({"Id": uid, "says": says}))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    Lake.create(tmp_path / "events").close()
    return tmp_path / "events"


def test_records_are_found_by_organisation_id_and_day(root: Path) -> None:
    folder = RawFolder(root)
    held = [record("a"), record("b", SECOND), record("a", SECOND, tenant="two")]
    assert folder.append(held) == 3
    assert folder.append(held) == 3
    assert len(folder.list_files()) == 3
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in folder.list_files())
    assert folder.find("org", {"a", "b"}) == held[:2]
    assert folder.find("org", {"a", "b"}, day=SECOND) == [held[1]]
    assert folder.find("two", {"a"}) == [held[2]]
    assert folder.find("org", {"a", "b"}, most=1) == [held[0]]
    assert folder.find("three", {"a"}) == []
    assert (folder.list_ids("org"), folder.list_ids("three")) == (frozenset("ab"), frozenset())
    Lake.open(root).close()
    assert not list((root / "incoming").iterdir())


def test_a_record_that_was_appended_twice_is_found_once(root: Path) -> None:
    folder = RawFolder(root)
    folder.append([record("a")])
    folder.append([record("a"), record("c")])
    assert [one.origin.record for one in folder.find("org", {"a", "c"})] == ["a", "c"]


def test_they_go_with_the_events_of_their_day(root: Path) -> None:
    folder = RawFolder(root)
    folder.append([record("a"), record("b", SECOND), record("c", tenant="without events")])
    with Lake.open(root) as lake:
        lake.append(table([event("a"), event("b", 1)]))
        lake.prune(SECOND)
        assert {day.day for day in lake.size().days} == {SECOND}
    assert [one.origin.record for one in folder.find("org", {"a", "b"})] == ["b"]
    assert folder.list_ids("without events") == frozenset()
    assert len(folder.list_files()) == 1


def test_a_backup_leaves_them_out(root: Path, tmp_path: Path) -> None:
    RawFolder(root).append([record("a")])
    with Lake.open(root) as lake:
        lake.append(table([event("a")]))
        assert back_up(lake, tmp_path / "backup").parts == 1
    assert not (tmp_path / "backup" / "raw").exists()


def test_a_damaged_file_costs_its_own_records_alone(root: Path) -> None:
    folder = RawFolder(root)
    folder.append([record("a")])
    folder.append([record("b", SECOND)])
    folder.list_files()[0].write_bytes(b"PAR1 damaged PAR1")
    assert [one.origin.record for one in folder.find("org", {"a", "b"})] == ["b"]
    assert folder.list_ids("org") == frozenset("b")
    assert erase_raw_records(root, ["nobody@x.example"]) == 0
    assert len(folder.list_files()) == 1


@pytest.mark.parametrize("is_lake", [True, False])
def test_erasing_a_person_takes_every_record_that_shows_the_name(
    root: Path, tmp_path: Path, is_lake: bool
) -> None:
    held = [
        record("own", account="Ann@X.example"),
        record("of another", account="bob@x.example", says="gave ANN@x.example access"),
        record("inside", account=None, says=json.dumps({"Target": "ann@x.example"})),
        record("other day", SECOND, account="ann@x.example"),
        record("bob", account="bob@x.example", says="ann"),
        record("joann", account="joe@x.example"),
    ]
    place = root if is_lake else tmp_path / "out"
    if is_lake:
        RawFolder(root).append(held)
    else:
        place.mkdir()
        write_kept_records(place / RAW_RECORDS, held)
    assert erase_raw_records(place, ["ann@x.example"]) == 4
    assert erase_raw_records(place, ["ann@x.example"]) == 0
    ids = {one.origin.record for one in held}
    rest = RawFolder(root).find("org", ids) if is_lake else list(read_kept_records(place / RAW_RECORDS, ids))
    assert sorted(one.origin.record for one in rest) == ["bob", "joann"]
    for path in (*place.rglob("*.parquet"),):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert b"inside" not in path.read_bytes()
    assert erase_raw_records(place, ["bob@x.example", "joe@x.example"]) == 2
    assert not list(place.rglob("*.parquet"))


def test_nothing_is_erased_without_a_name(root: Path) -> None:
    RawFolder(root).append([record("a")])
    for names in ([], [" "], ["ann@x.example", ""]):
        with pytest.raises(UsageError):
            erase_raw_records(root, names)
    assert RawFolder(root).list_ids("org") == frozenset("a")


@settings(max_examples=examples(40), deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["ann@x.example", "Zoë\\o'x@x.example", "bob@x.example"]),
            st.booleans(),
            st.text(max_size=8),
        ),
        max_size=6,
    )
)
def test_what_is_left_shows_the_name_nowhere(
    tmp_path_factory: pytest.TempPathFactory, chosen: list[tuple[str, bool, str]]
) -> None:
    out = tmp_path_factory.mktemp("out")
    name = "Zoë\\o'x@x.example"
    held = [
        record(f"r{n}", account=who if is_own else "else@x.example", says=who + more)
        for n, (who, is_own, more) in enumerate(chosen)
    ]
    write_kept_records(out / RAW_RECORDS, held)
    erased = erase_raw_records(out, [name])
    rest = list(read_kept_records(out / RAW_RECORDS, {one.origin.record for one in held}))
    assert erased == sum(who == name for who, _, _ in chosen)
    assert len(rest) == len(held) - erased
    assert all(name not in json.loads(one.text)["says"] for one in rest)
