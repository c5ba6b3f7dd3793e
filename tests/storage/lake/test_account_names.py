"""What is asked of an account includes what the lake holds under its object id, and names the account."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pyarrow as pa
import pytest

from seawall.storage.lake import EventQuery, Lake
from seawall.storage.lake.layout import DAY_MICROSECONDS, start_of
from seawall.storage.lake.shared_values import list_accounts_sharing
from tests.sample_events import event, table
from tests.storage.lake.events import DAY

UID, OTHER = "0f3a0000-0000-4000-8000-00000000a001", "0f3a0000-0000-4000-8000-00000000a002"
START, END = start_of(DAY), start_of(DAY) + 4 * DAY_MICROSECONDS
ANN = "ann@x.example"


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    lake = Lake.create(tmp_path / "lake")
    rows = [event(f"id{n}", n % 3, 100 - n, account=UID, src_asn=64500 + n % 2) for n in range(8)]
    rows += [event(f"name{n}", n % 3, n) for n in range(4)]
    rows += [event("bob", 0, 5, account="bob@x.example"), event("bare", 0, 6, account=OTHER)]
    rows += [event("else", 0, 6, account=UID, org_uid="org-y")]
    lake.append(table(rows))
    lake.names_of = {"org": {UID: ANN}, "org-y": {}}.__getitem__
    return lake


@pytest.mark.parametrize("asked", [ANN, UID], ids=["by name", "by id"])
@pytest.mark.parametrize("newest_first", [False, True])
def test_pages_of_an_account_hold_its_records_by_id(lake: Lake, asked: str, newest_first: bool) -> None:
    found, cursor = list[tuple[str, str]](), None
    while True:
        wanted = EventQuery(START, END, account=asked)
        page = lake.page("org", wanted, cursor=cursor, limit=5, newest_first=newest_first)
        rows = page.events.select(["metadata_uid", "account"]).to_pylist()
        found += [(row["metadata_uid"], row["account"]) for row in rows]
        cursor = page.cursor
        if cursor is None:
            break
    assert sorted(found) == [(f"id{n}", ANN) for n in range(8)] + [(f"name{n}", ANN) for n in range(4)]


def test_records_of_an_incident_and_single_ones_are_found(lake: Lake) -> None:
    wanted = EventQuery(START, END, account=ANN, records=frozenset({"id3", "name1", "bob"}))
    rows = lake.page("org", wanted).events.select(["metadata_uid", "account"]).to_pylist()
    assert {row["metadata_uid"]: row["account"] for row in rows} == {"id3": ANN, "name1": ANN}
    assert lake.record("org", "id3").events["account"].to_pylist() == [ANN]
    assert lake.record("org-y", "else").events["account"].to_pylist() == [UID]


def test_an_account_is_listed_once_with_all_that_it_did(lake: Lake) -> None:
    assert [(one.account, one.events) for one in lake.accounts("org")] == [
        (OTHER, 1),
        (ANN, 12),
        ("bob@x.example", 1),
    ]
    assert lake.account("org", UID) == lake.account("org", ANN)
    found = lake.account("org", ANN)
    assert found is not None
    assert found.last - found.first == 2 * DAY_MICROSECONDS + 98 * 60_000_000
    assert [one.account for one in lake.accounts("org-y")] == [UID]


def test_sums_of_an_account_count_its_records_by_id(lake: Lake) -> None:
    timeline = lake.timeline("org", ANN, START, END, marked=["id1"])
    assert sum(int(lane.events.sum()) for lane in timeline.lanes) == 12
    assert sum(int(lane.marked.sum()) for lane in timeline.lanes) == 1
    used = lake.profile("org", ANN, START, END).networks
    assert sorted(one.events for one in used) == [4, 8]
    (shared,) = list_accounts_sharing(lake, "org", START, END, "src_asn", 64501)
    assert (shared.account, shared.events) == (ANN, 4)


def test_rows_of_accounts_are_named_and_events_of_a_day_are_as_they_came(lake: Lake) -> None:
    wanted = EventQuery(START, END, accounts=frozenset({ANN, "bob@x.example"}))
    rows = [table for day in lake.rows_of_days("org", wanted, ["account", "metadata_uid"]) for table in day]
    assert Counter(pa.concat_tables(rows)["account"].to_pylist()) == {ANN: 12, "bob@x.example": 1}
    came = pa.concat_tables(lake.day("org", DAY))["account"].to_pylist()
    assert {UID, OTHER, ANN} <= set(came)
    named = pa.concat_tables(lake.day("org", DAY, is_named=True))["account"].to_pylist()
    assert Counter(named) == Counter(ANN if one == UID else one for one in came)


def test_mailboxes_by_id_are_named(tmp_path: Path) -> None:
    lake = Lake.create(tmp_path / "lake")
    boxes = {"own": UID, "by name": ANN, "another's": OTHER, "none": None}
    lake.append(table([event(uid, 0, 9, account=UID, mailbox=box) for uid, box in boxes.items()]))
    lake.names_of = {"org": {UID: ANN, OTHER: "bob@x.example"}}.__getitem__
    found = lake.page("org", EventQuery(START, END)).events.select(["metadata_uid", "mailbox"]).to_pylist()
    assert {row["metadata_uid"]: row["mailbox"] for row in found} == {
        **boxes,
        "own": ANN,
        "another's": "bob@x.example",
    }
