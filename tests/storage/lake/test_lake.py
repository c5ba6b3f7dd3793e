"""What is appended is answered: whole, once, in order, of the organisation that was asked for."""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.events.event import ENRICHED_SCHEMA
from seawall.storage.errors import LakeBroken
from seawall.storage.lake import EventQuery, Lake
from seawall.storage.lake.layout import TENANTS, tenant_folder
from seawall.storage.lake.shared_values import list_accounts_sharing
from seawall_base.errors import UsageError
from tests.sample_events import START, event, table
from tests.storage.lake.events import ALL, DAY, ids, numbered, part_files
from tests.thoroughness import examples


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake.create(tmp_path / "lake")


def test_what_is_appended_is_answered_in_every_column(lake: Lake) -> None:
    full = event(
        "a", status_code="50126", session_uid="s", is_interactive=True, is_throttled=False, src_asn=None,
        token_issued_time=START, unmapped='{"x": "ü"}', resource_uid="", item_count=0,
    )  # fmt: skip
    events = table([full, event("b", minute=1, account=None)])
    assert lake.append(events).rows == 2
    answered = lake.page("org", ALL).events
    assert answered.schema == ENRICHED_SCHEMA
    assert answered.to_pylist() == events.to_pylist()


def test_organisations_and_days_are_parts_of_their_own(lake: Lake) -> None:
    done = lake.append(
        table([event("a"), event("b", day=1), event("c", org_uid="other"), event("d", org_uid=None)])
    )
    assert (done.rows, done.parts, done.copies, done.known) == (4, 4, 0, 0)
    assert lake.tenants() == ["org", "other", "unknown"]
    assert ids(lake.page("other", ALL).events) == ["c"]
    assert ids(lake.page("unknown", ALL).events) == ["d"]
    assert [(d.tenant, d.day - DAY, d.rows) for d in lake.size().days] == [
        ("org", timedelta(0), 1), ("org", timedelta(1), 1), ("other", timedelta(0), 1), ("unknown", timedelta(0), 1),
    ]  # fmt: skip
    assert lake.size().total == sum(p.stat().st_size for p in part_files(lake))


def test_the_same_table_again_writes_nothing(lake: Lake) -> None:
    events = numbered(0, 50)
    lake.append(events)
    before = part_files(lake)
    again = lake.append(events.take(list(reversed(range(50)))))
    assert (again.parts, again.known, part_files(lake)) == (0, 1, before)


def test_records_delivered_again_are_answered_once(lake: Lake) -> None:
    lake.append(numbered(0, 10))
    lake.append(numbered(5, 15, source_file="again.jsonl"))
    assert lake.append(table([event("x"), event("x", source_file="b.jsonl")])).copies == 1
    answered = lake.page("org", ALL).events
    assert sorted(ids(answered)) == sorted([*(f"id-{n}" for n in range(15)), "x"])
    first = {row["metadata_uid"]: row["source_file"] for row in answered.to_pylist()}
    assert first["id-7"] == "a.jsonl"


def test_records_that_differ_are_all_kept(lake: Lake) -> None:
    lake.append(table([event("a"), event("a", source="office_activity"), event("a", item_count=None)]))
    assert len(lake.record("org", "a").events) == 3


def test_records_without_an_id_are_told_apart_by_their_place(lake: Lake) -> None:
    rows = [event("", metadata_uid=None), event("", metadata_uid=None, source_line=2)]
    lake.append(table(rows))
    lake.append(table(rows[:1]))
    assert len(lake.page("org", ALL).events) == 2


def test_a_question_names_account_mailbox_time_and_record(lake: Lake) -> None:
    lake.append(table([
        event("a"), event("b", minute=5, account="bob@x.example"), event("c", minute=9, mailbox="bob@x.example"),
    ]))  # fmt: skip
    start = int(START.timestamp() * 1_000_000)
    assert ids(lake.page("org", EventQuery(ALL.start, ALL.end, account="ann@x.example")).events) == ["a", "c"]
    assert ids(lake.page("org", EventQuery(ALL.start, ALL.end, mailbox="bob@x.example")).events) == ["c"]
    assert ids(lake.page("org", EventQuery(start, start + 5 * 60_000_000)).events) == ["a"]
    assert ids(lake.page("org", EventQuery(start + 5 * 60_000_000, ALL.end)).events) == ["b", "c"]
    assert ids(lake.record("org", "b").events) == ["b"]
    assert ids(lake.record("org", "b", start=DAY + timedelta(days=1)).events) == []
    assert ids(lake.record("org", "b", end=DAY + timedelta(days=1)).events) == ["b"]


@pytest.mark.parametrize(
    "hostile", ["' OR 1=1 --", "a\x00b", "%", "*", "\x1b[31m", "ann@x.example'); DROP", "", "ü" * 500]
)
def test_values_are_never_part_of_the_question(lake: Lake, hostile: str) -> None:
    lake.append(table([event("a"), event(hostile or "e", minute=1, account=hostile or None)]))
    asked = lake.page("org", EventQuery(ALL.start, ALL.end, account=hostile)).events
    assert ids(asked) == ([hostile] if hostile else [])
    assert len(lake.record("org", hostile).events) == (1 if hostile else 0)


@pytest.mark.parametrize(
    "tenant",
    [
        "../../etc",
        "/",
        "..",
        ".",
        "a/b",
        "a\x00b",
        "x" * 5000,
        "ORG",
        "org",
        "Ünïcode",
        "CON",
        "-rf",
        "\n",
        " ",
    ],
    ids=lambda tenant: ascii(tenant[:12]),
)
def test_an_organisations_id_never_leaves_its_folder(lake: Lake, tenant: str) -> None:
    lake.append(table([event("a", org_uid=tenant)]))
    (part,) = part_files(lake)
    assert part.parent.parent.parent == lake.root / TENANTS
    assert set(part.parent.parent.name) <= set("abcdefghijklmnopqrstuvwxyz0123456789.-")
    assert lake.tenants() == [tenant]
    assert ids(lake.page(tenant, ALL).events) == ["a"]


@given(st.lists(st.text(), min_size=2, max_size=2, unique=True))
def test_two_organisations_never_share_a_folder(names: list[str]) -> None:
    assert len({tenant_folder(name) for name in names}) == 2
    assert all(len(tenant_folder(name)) <= 73 for name in names)


@settings(max_examples=examples(25), deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 3), st.booleans()), min_size=1, max_size=60),
    st.integers(1, 25),
    st.booleans(),
)
def test_pages_one_after_another_are_everything_once(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[int, int, bool]],
    limit: int,
    newest_first: bool,
) -> None:
    with Lake.create(tmp_path_factory.mktemp("lake") / "lake") as lake:
        for number, day, again in rows:
            events = table([event(f"{number}-{day}", day, number // 4)])
            lake.append(events)
            if again:
                lake.append(table([event(f"{number}-{day}", day, number // 4, source_file="b")]))
        seen: list[str] = []
        times = []
        cursor: str | None = None
        while True:
            page = lake.page("org", ALL, cursor=cursor, limit=limit, newest_first=newest_first)
            seen += ids(page.events)
            times += page.events["time"].to_pylist()
            assert len(page.events) <= limit
            cursor = page.cursor
            if cursor is None:
                break
            assert len(page.events) == limit
        assert sorted(seen) == sorted({f"{number}-{day}" for number, day, _ in rows})
        assert times == sorted(times, reverse=newest_first)


@pytest.mark.parametrize(
    "cursor", ["", "1", "1-", "x-0000000000000000", "1-000000000000000g", "1" * 19 + "-" + "0" * 16]
)
def test_a_cursor_of_no_page_is_refused(lake: Lake, cursor: str) -> None:
    with pytest.raises(UsageError, match="cursor"):
        lake.page("org", ALL, cursor=cursor)


@pytest.mark.parametrize("limit", [0, -1, 10_001])
def test_a_page_has_a_size(lake: Lake, limit: int) -> None:
    with pytest.raises(UsageError, match="10000"):
        lake.page("org", ALL, limit=limit)


def test_a_day_is_read_in_order_of_time_each_event_once(lake: Lake) -> None:
    lake.append(numbered(0, 300))
    lake.append(numbered(200, 400, account="bob@x.example"))
    lake.append(numbered(0, 300, source_file="again"))
    tables = list(lake.day("org", DAY))
    times = [time for part in tables for time in part["time"].to_pylist()]
    assert len(times) == 500
    assert times == sorted(times)
    assert list(lake.day("org", DAY + timedelta(days=1))) == []
    assert list(lake.day("nobody", DAY)) == []


def test_only_this_user_reads_it(lake: Lake) -> None:
    old = os.umask(0)
    try:
        lake.append(numbered(0, 3))
    finally:
        os.umask(old)
    for path in lake.root.rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_events_that_cannot_be_kept_are_refused_whole(lake: Lake) -> None:
    good = event("a")
    with pytest.raises(LakeBroken, match="without a time"):
        lake.append(table([good, event("b", time=None)]))
    with pytest.raises(LakeBroken, match="before 1970"):
        lake.append(table([good, event("b", day=-365 * 80)]))
    with pytest.raises(LakeBroken, match="columns account"):
        lake.append(table([good]).drop_columns(["account"]))
    assert part_files(lake) == []
    assert lake.append(table([])).rows == 0


def test_a_path_may_hold_what_a_shell_would_expand(tmp_path: Path) -> None:
    root = tmp_path / "it's [a] *lake*?"
    with Lake.create(root) as lake:
        lake.append(numbered(0, 3))
        assert len(lake.page("org", ALL).events) == 3
    with Lake.open(root) as again:
        assert [len(part) for part in again.day("org", DAY)] == [3]


def test_what_is_no_lake_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LakeBroken, match="no stored events"):
        Lake.open(tmp_path)
    (tmp_path / "mine").write_text("x", "utf-8")
    with pytest.raises(LakeBroken, match="not empty"):
        Lake.create(tmp_path)
    (tmp_path / "lake.json").write_text("{", "utf-8")
    with pytest.raises(LakeBroken, match="damaged"):
        Lake.open(tmp_path)
    (tmp_path / "lake.json").write_text('{"format": "seawall-lake", "version": 99}', "utf-8")
    with pytest.raises(LakeBroken, match="version 99"):
        Lake.open(tmp_path)


def test_what_lies_about_in_it_is_not_read(lake: Lake, tmp_path: Path) -> None:
    lake.append(numbered(0, 3))
    (part,) = part_files(lake)
    (part.parent / "notes.txt").write_text("x", "utf-8")
    (part.parent / ("0" * 32 + ".parquet")).symlink_to(part)
    (part.parent.parent / "2026-99-99").mkdir()
    (lake.root / TENANTS / tenant_folder("elsewhere")).symlink_to(tmp_path)
    assert lake.size().days[0].parts == 1
    assert lake.tenants() == ["org"]
    assert lake.size().days[0].day == date(2026, 3, 2)


def test_a_page_of_chosen_records(lake: Lake) -> None:
    lake.append(numbered(0, 120))
    chosen = replace(
        ALL, records=frozenset(["id-3", "id-60", "id-119", "no such record", "'); DROP TABLE x; --"])
    )
    first = lake.page("org", chosen, limit=2)
    assert ids(first.events) == ["id-3", "id-60"]
    rest = lake.page("org", chosen, limit=2, cursor=first.cursor)
    assert (ids(rest.events), rest.cursor) == (["id-119"], None)
    assert lake.page("org", replace(ALL, records=frozenset())).events.num_rows == 0


def test_accounts_that_share_a_value(lake: Lake) -> None:
    lake.append(numbered(0, 30, src_asn=64501, account="bob@x.example"))
    lake.append(numbered(30, 40, src_asn=64501, account="eve@x.example"))
    lake.append(numbered(40, 90))
    lake.append(numbered(90, 95, src_asn=None, account=None, client="odd'; --"))
    found = list_accounts_sharing(lake, "org", ALL.start, ALL.end, "src_asn", 64501)
    assert [(one.account, one.events) for one in found] == [("bob@x.example", 30), ("eve@x.example", 10)]
    assert [
        one.account
        for one in list_accounts_sharing(lake, "org", ALL.start, ALL.end, "client", "chrome/browser", most=1)
    ] == ["ann@x.example"]
    for column, value in (
        ("src_asn", 1),
        ("client", "odd'; --"),
        ("client", ""),
        ("src_prefix", "192.0.2.0/24"),
    ):
        assert list_accounts_sharing(lake, "org", ALL.start, ALL.end, column, value) == []
    assert list_accounts_sharing(lake, "nosuch", ALL.start, ALL.end, "src_asn", 64501) == []
