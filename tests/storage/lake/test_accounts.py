"""What is said of an account in sums is what its events say, one by one."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seawall.storage.lake import AccountProfile, EventQuery, Lake, query
from seawall.storage.lake.layout import DAY_MICROSECONDS, start_of
from seawall_base.errors import UsageError
from tests.sample_events import event, table
from tests.storage.lake.events import DAY, LATER, numbered, part_files
from tests.thoroughness import examples

START = start_of(DAY)
END = START + 4 * DAY_MICROSECONDS
ROWS = st.lists(
    st.tuples(
        st.integers(0, 3 * 24 * 60 - 1),
        st.sampled_from(["ann@x.example", "bob@x.example", "\U0001f600", None]),
        st.sampled_from(
            [(64500, "One", "DE"), (64500, "One", None), (None, None, None), (3, "Two\x1b", "FR")]
        ),
        st.sampled_from(["chrome/browser", "outlook/mapi", None]),
        st.sampled_from([("app-1", "Mail"), ("app-1", None), (None, None)]),
    ),
    min_size=1,
    max_size=40,
)


def made(rows: list[Any]) -> Any:
    return table(
        [
            event(f"id-{n}", minute // 1440, minute % 1440, source_line=n, account=account, src_asn=asn,
                  src_asn_name=name, src_location=country, client=client, app_uid=app, app_name=app_name)
            for n, (minute, account, (asn, name, country), client, (app, app_name)) in enumerate(rows)
        ]
    )  # fmt: skip


@settings(
    max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    rows=ROWS, cuts=st.integers(1, 4), again=st.booleans(), compacted=st.booleans(), slots=st.integers(1, 50)
)
def test_sums_are_those_of_the_events(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[Any],
    cuts: int,
    again: bool,
    compacted: bool,
    slots: int,
) -> None:
    whole = made(rows)
    with Lake.create(tmp_path_factory.mktemp("lake") / "lake") as lake:
        for start in range(0, len(whole), -(-len(whole) // cuts)):
            lake.append(whole.slice(start, -(-len(whole) // cuts)))
        if again:
            lake.append(whole)
        if compacted:
            lake.compact(LATER)
        for account in ("ann@x.example", "\U0001f600", "nobody@x.example"):
            page = lake.page("org", EventQuery(START, END, account), limit=1000)
            events = page.events.to_pylist()
            check_timeline(lake, account, events, slots)
            check_profile(lake.profile("org", account, START, END), events)
            listed = lake.account("org", account)
            assert (listed is None) == (not events)
            if listed is not None:
                assert (listed.first, listed.last) == (micros(events[0]), micros(events[-1]))
                assert listed.events == len(events) or again


def micros(row: dict[str, Any]) -> int:
    return int(row["time"].timestamp() * 1_000_000)


def network(row: dict[str, Any]) -> tuple[Any, ...]:
    return (row["src_asn"], row["src_asn_name"], row["src_location"], row["src_network_class"])


def check_timeline(lake: Lake, account: str, events: list[dict[str, Any]], slots: int) -> None:
    marked = {row["metadata_uid"] for row in events[::3]}
    found = lake.timeline("org", account, START, END, slots=slots, marked=marked)
    expected: dict[Any, Counter[int]] = defaultdict(Counter)
    expected_marked: dict[Any, Counter[int]] = defaultdict(Counter)
    for row in events:
        slot = (micros(row) - START) // found.slot
        expected[network(row)][slot] += 1
        expected_marked[network(row)][slot] += row["metadata_uid"] in marked
    lanes = {lane.network: lane for lane in found.lanes}
    counted = {
        at: dict(zip(lane.slots.tolist(), lane.events.tolist(), strict=True)) for at, lane in lanes.items()
    }
    hostile = {
        at: dict(zip(lane.slots.tolist(), lane.marked.tolist(), strict=True)) for at, lane in lanes.items()
    }
    assert (counted, hostile, found.left_out) == (expected, expected_marked, 0)
    assert -(-(found.end - found.start) // found.slot) <= slots


def check_profile(found: AccountProfile, events: list[dict[str, Any]]) -> None:
    assert found.events == len(events)
    assert found.active_days == len({row["time"].date() for row in events})
    for field, columns in {
        "networks": ("src_asn", "src_asn_name", "src_location", "src_network_class"),
        "clients": ("client",), "apps": ("app_uid", "app_name"), "countries": ("src_location",),
    }.items():  # fmt: skip
        expected: dict[Any, list[Any]] = defaultdict(list)
        for row in events:
            expected[tuple(row[name] for name in columns)].append(row)
        if field == "apps":
            expected = by_id(expected)
        sums = {
            value: (len({row["time"].date() for row in rows}), len(rows), micros(rows[0]), micros(rows[-1]))
            for value, rows in expected.items()
            if any(part is not None for part in value)
        }
        used = getattr(found, field)
        assert {one.value: (one.days, one.events, one.first, one.last) for one in used} == sums


def by_id(found: dict[Any, list[Any]]) -> dict[Any, list[Any]]:
    """An application once for each id, with the name that most of its records give."""
    ids: dict[Any, list[Any]] = defaultdict(list)
    for (uid, name), rows in found.items():
        ids[(None, name) if uid is None else (uid, None)] += rows
    merged = {}
    for (uid, name), rows in ids.items():
        given = Counter(row["app_name"] for row in rows if row["app_name"])
        best = min(given, key=lambda text: (-given[text], text), default=None)
        merged[(uid, name if uid is None else best)] = sorted(rows, key=micros)
    return merged


def test_an_application_that_only_some_records_name_is_one(tmp_path: Path) -> None:
    home = (1, "N1", None)
    apps = [("a", None), ("a", "Mail"), ("a", "Mail"), ("a", "Old mail"), ("b", None), (None, "Mail")]
    with Lake.create(tmp_path / "lake") as lake:
        lake.append(made([(n, "ann@x.example", home, None, app) for n, app in enumerate(apps)]))
        found = lake.profile("org", "ann@x.example", START, END)
    assert [(one.value, one.days, one.events) for one in found.apps] == [
        (("a", "Mail"), 1, 4),
        (("b", None), 1, 1),
        ((None, "Mail"), 1, 1),
    ]


def test_lanes_that_are_left_out_are_counted_and_marked_ones_stay(tmp_path: Path) -> None:
    rows = [(n, "ann@x.example", (n % 20, f"N{n % 20}", None), None, (None, None)) for n in range(120)]
    with Lake.create(tmp_path / "lake") as lake:
        lake.append(made(rows))
        found = lake.timeline("org", "ann@x.example", START, END, most_lanes=3, marked=["id-19"])
        assert sorted(lane.network[0] or 0 for lane in found.lanes) == [
            0,
            1,
            10,
            19,
        ]  # of equals those first by name
        assert found.left_out == 120 - 4 * 6
        for slots in (0, 2001):
            with pytest.raises(UsageError):
                lake.timeline("org", "ann@x.example", START, END, slots=slots)
        with pytest.raises(UsageError):
            lake.timeline("org", "ann@x.example", END, START)


def test_accounts_are_listed_and_searched_in_pages(tmp_path: Path) -> None:
    names = [f"user{n:02}@x.example" for n in range(30)] + ["Ünal@x.example", "%_@x.example"]
    with Lake.create(tmp_path / "lake") as lake:
        assert lake.accounts("org") == []
        for n, name in enumerate(names):
            kind = "service" if n == 3 else "user"
            lake.append(numbered(n, n + 2, day=n % 3, account=name, account_type=kind))
        lake.append(numbered(500, 510, account=None))
        found: list[str] = []
        while page := lake.accounts("org", after=found[-1] if found else None, limit=7):
            found += [account.account for account in page]
        assert found == sorted(names)
        assert [one.account for one in lake.accounts("org", text="ünAL")] == ["Ünal@x.example"]
        assert [one.account for one in lake.accounts("org", text="%_")] == ["%_@x.example"]
        assert [one.account for one in lake.accounts("org", text=".*")] == []
        third = lake.account("org", names[3])
        assert third is not None
        assert (third.type, third.events) == ("service", 2)
        assert lake.account("org", "") is None
        assert lake.accounts("other") == []
        lake.compact(LATER)
        assert [one.account for one in lake.accounts("org", limit=100)] == sorted(names)


def test_damage_costs_no_more_than_the_part(tmp_path: Path) -> None:
    with Lake.create(tmp_path / "lake") as lake:
        lake.append(numbered(0, 5, account="ann@x.example"))
        lake.append(numbered(5, 9, account="ann@x.example"))
        assert lake.profile("org", "ann@x.example", START, END).events == 9
        assert len(lake.accounts("org")) == 1
        part_files(lake)[0].write_bytes(b"")
        left = lake.profile("org", "ann@x.example", START, END).events
        assert left in (4, 5)
        lanes = lake.timeline("org", "ann@x.example", START, END).lanes
        assert sum(int(lane.events.sum()) for lane in lanes) == left
        found = lake.account("org", "ann@x.example")
        assert found is not None
        assert found.events == left


@pytest.mark.parametrize("stretch", [5, 40])
def test_records_of_an_account_by_their_ids(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stretch: int
) -> None:
    monkeypatch.setattr(query, "STRETCH", stretch)
    ids = frozenset({"id-3", "id-50", "id-99", "none"})
    wanted = EventQuery(START, END, "ann@x.example", records=ids)
    with Lake.create(tmp_path / "lake") as lake:
        for start in range(0, 100, 10):
            lake.append(numbered(start, start + 10, account="ann@x.example"))
        for _ in range(2):
            page = lake.page("org", wanted, limit=2)
            more = lake.page("org", wanted, limit=2, cursor=page.cursor)
            found = [*page.events["metadata_uid"].to_pylist(), *more.events["metadata_uid"].to_pylist()]
            assert (found, more.cursor) == (["id-3", "id-50", "id-99"], None)
            assert len(lake.page("org", EventQuery(START, END, records=ids)).events) == 3
            lake.compact(LATER)


def test_what_was_appended_is_tidied_and_what_was_merged_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(query, "STRETCH", 20)
    with Lake.create(tmp_path / "lake") as lake:
        for start in range(0, 60, 10):
            lake.append(numbered(start, start + 10))
        assert lake.tidy(most_parts=6).parts == 0
        assert lake.tidy(most_parts=5).parts == 6
        assert len(part_files(lake)) in (3, 4)
        lake.append(numbered(60, 70))
        assert lake.tidy(most_parts=2).parts == 0
        assert lake.compact(LATER).rows == 70
        assert lake.compact(LATER).rows == 0  # nothing to gain
        assert lake.tidy(most_parts=0).parts == 0
        page = lake.page("org", EventQuery(START, END), limit=100)
        assert page.events["metadata_uid"].to_pylist() == [f"id-{n}" for n in range(70)]
        lake.append(numbered(5, 8, source_file="again"))
        assert lake.compact(DAY).rows == 0
        assert lake.compact(DAY + timedelta(days=1)).copies == 3
