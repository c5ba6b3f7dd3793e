"""The analyst's tables over the API: filtered, sorted, only what is new, and as CSV without formulas."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from seawall.console.data import tables
from seawall.console.data.tables import NAMES
from tests.console.consoles import Console
from tests.console.filled import ANN, BOB, filled


@pytest.fixture
def full(tmp_path: Path) -> Iterator[Console]:
    with filled(tmp_path) as made:
        yield made


def test_every_table_has_columns_and_rows_that_fit_them(full: Console) -> None:
    viewer = full.signed_in("viewer")
    for name in NAMES:
        answer = viewer.get(f"/api/tables/{name}")
        assert answer.status_code == 200, answer.text
        shown = answer.json()
        assert shown["name"] == name
        assert shown["total"] == shown["rows_all"] == len(shown["rows"])
        assert all(len(row) == len(shown["columns"]) for row in shown["rows"])
    assert viewer.get("/api/tables/nothing").status_code == 404


def test_rows_are_filtered_sorted_and_paged(full: Console) -> None:
    viewer = full.signed_in("viewer")
    whole = viewer.get("/api/tables/accounts").json()
    place = [one["name"] for one in whole["columns"]].index("account")
    names = [row[place] for row in whole["rows"]]
    assert {ANN, BOB} <= set(names)
    assert [
        row[place] for row in viewer.get("/api/tables/accounts", params={"account": BOB}).json()["rows"]
    ] == [BOB]
    found = viewer.get("/api/tables/accounts", params={"q": "BOB x.example"}).json()
    assert ([row[place] for row in found["rows"]], found["rows_all"]) == ([BOB], len(names))
    up = viewer.get("/api/tables/accounts?sort=account").json()["rows"]
    down = viewer.get("/api/tables/accounts?sort=-account").json()["rows"]
    assert [row[place] for row in up] == sorted(names, key=str.casefold)
    assert [row[place] for row in down] == sorted(names, key=str.casefold, reverse=True)
    one_by_one = [
        f"/api/tables/accounts?sort=account&limit=1&offset={offset}" for offset in range(len(names))
    ]
    assert [row for path in one_by_one for row in viewer.get(path).json()["rows"]] == up
    assert viewer.get("/api/tables/accounts?sort=nothing").json()["error"]["field"] == "sort"
    assert viewer.get("/api/tables/accounts?limit=501").status_code == 422


def test_what_is_new_was_seen_first_within_the_days(full: Console) -> None:
    viewer = full.signed_in("viewer")
    whole = viewer.get("/api/tables/networks").json()
    place = [one["name"] for one in whole["columns"]].index("first")
    firsts = [row[place] for row in whole["rows"]]
    new = viewer.get("/api/tables/networks?new_days=1").json()
    assert new["new_since"] is not None
    assert [row[place] for row in new["rows"]] == [one for one in firsts if one >= new["new_since"]]
    everything = viewer.get("/api/tables/networks?new_days=3650").json()
    assert len(everything["rows"]) == len(firsts)


def test_the_csv_has_all_chosen_rows_and_no_formula(full: Console) -> None:
    viewer = full.signed_in("viewer")
    for name in NAMES:
        shown = viewer.get(f"/api/tables/{name}?limit=500").json()
        answer = viewer.get(f"/api/tables/{name}/rows.csv")
        assert answer.headers["content-disposition"] == f'attachment; filename="seawall-{name}.csv"'
        rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
        assert rows[0] == [one["name"] for one in shown["columns"]]
        assert len(rows) == 1 + shown["total"]
        assert not [cell for row in rows for cell in row if cell[:1] in {"=", "+", "@"}]
    with full.context.database.reading() as work:
        noted = [one.subject for one in work.audit.page() if one.action == "table-exported"]
    assert noted == list(NAMES)


def test_too_much_for_the_browser_is_said(full: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MOST_BYTES", 0)
    answer = full.signed_in("viewer").get("/api/tables/sign-ins")
    assert (answer.status_code, answer.json()["error"]["fix"]) == (
        503,
        "seawall tables --store DIR --csv FILE",
    )


def test_without_stored_events_there_are_no_tables(team: Console) -> None:
    assert team.signed_in("viewer").get("/api/tables/sign-ins").status_code == 503
