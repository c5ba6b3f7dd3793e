"""Tables of a results folder: what is counted, in which order, and that no log text becomes a formula or an escape."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.events.group_tally import GroupTally
from seawall.report.tables.reading import tables_of_scan
from seawall.report.tables.rule_hits import list_incident_hits
from seawall.report.tables.table import AnalystTable
from tests.cli.conftest import Run, run
from tests.cli.samples import INCIDENT
from tests.sample_events import event, sign_in, table

__all__ = ["run"]

AT, LATER = "2026-03-02T09:00:00Z", "2026-03-03T09:00:00Z"
RULES = {
    "schema_version": 1,
    "rules": [
        {
            "id": "r-low", "title": "A quiet rule", "level": "low", "file": "a.yml", "status": "ran", "hits": 3,
            "accounts": [
                {"tenant": "org", "account": "ann@x.example", "hits": 2, "first": AT, "last": LATER},
                {"tenant": "org", "account": "", "hits": 1, "first": AT, "last": AT},
            ],
        },
        {
            "id": "r-high", "title": "\x1b[31m=cmd|' /C calc'!A1", "level": "high", "file": "b.yml", "status": "ran", "hits": 1,
            "accounts": [
                {"tenant": "org", "account": "bob@x.example", "hits": 1, "first": AT, "last": AT}
            ],
        },
        {"id": "r-none", "title": "Never", "level": "critical", "file": "c.yml", "status": "ran", "hits": 0, "accounts": []},
    ],
}  # fmt: skip

EVENTS = [
    sign_in("s1", minute=0, app_uid="owa", app_name="Outlook", src_country="DE"),
    sign_in("s2", minute=5, app_uid="owa", status="failure", src_country="DE"),
    sign_in("s3", day=1, account="bob@x.example", app_uid="tool", src_ip="198.51.100.9", src_location="SK"),
    sign_in(
        "s4", day=2, account=None, status="interrupted", auth_method=None, src_ip=None, src_location=None
    ),
    event("m1", day=3, app_uid="tool", account="bob@x.example"),
    event("m2", day=3, app_uid="tool", account="ann@x.example"),
    event("m3", day=4, app_uid=None, account="ann@x.example"),
]


def results(folder: Path, rows: list[dict[str, Any]] = EVENTS, rules: Any = RULES) -> Path:
    """A results folder as far as the tables read it."""
    folder.mkdir(exist_ok=True)
    pq.write_table(table(rows), folder / "events.parquet")
    (folder / "rules.json").write_text(json.dumps(rules), "utf-8")
    return folder


def made(folder: Path, name: str, **more: Any) -> AnalystTable:
    return tables_of_scan(folder).make([name], **more)[0]


def cells(found: AnalystTable, *names: str) -> list[tuple[str | float, ...]]:
    places = [[column.name for column in found.columns].index(name) for name in names]
    return [tuple(row[place] for place in places) for row in found.rows]


def test_rule_hits_come_worst_level_first_with_account_and_times(tmp_path: Path) -> None:
    found = made(results(tmp_path), "rule-hits")
    assert cells(found, "level", "account", "hits") == [
        ("high", "bob@x.example", 1),
        ("low", "ann@x.example", 2),
        ("low", "", 1),
    ]
    first, last = cells(found, "first", "last")[1]
    assert (int(last) - int(first)) == 86_400_000_000


def test_results_of_an_older_version_have_hits_without_accounts(tmp_path: Path) -> None:
    old = {"rules": [{"id": "r", "title": "Old", "level": "low", "hits": 7, "records": ["a"]}]}
    found = made(results(tmp_path, rules=old), "rule-hits")
    assert cells(found, "rule", "account", "hits", "first") == [("Old", "", 7, 0)]
    assert "older version" in found.note


def test_hits_of_a_store_are_those_of_its_incidents() -> None:
    from dataclasses import replace

    sigma = [{"id": "r", "title": "Rule", "level": "high", "events": 2}, "no object"]
    found = list_incident_hits([replace(INCIDENT, details={"sigma": sigma}), replace(INCIDENT, details={})])
    assert cells(found, "rule", "account", "hits") == [("Rule", INCIDENT.account, 2)]


def test_sign_ins_are_counted_by_outcome_and_named(tmp_path: Path) -> None:
    found = made(results(tmp_path), "sign-ins")
    assert cells(found, "account", "country", "address", "application", "method", "succeeded", "failed", "interrupted") == [
        ("", "", "", "Outlook", "", 0, 0, 1),
        ("bob@x.example", "SK", "198.51.100.9", "tool", "mfa", 1, 0, 0),
        ("ann@x.example", "DE", "203.0.113.7", "Outlook", "mfa", 1, 1, 0),
    ]  # fmt: skip


def test_sign_ins_by_a_chosen_column(tmp_path: Path) -> None:
    found = made(results(tmp_path), "sign-ins", by=["country"])
    assert [column.name for column in found.columns][:2] == ["tenant", "country"]
    assert sorted(cells(found, "country", "succeeded")) == [("", 0), ("DE", 1), ("SK", 1)]
    networks = made(tmp_path, "sign-ins", by=["network"])
    assert ("AS64500 Home",) in cells(networks, "network")


def test_applications_come_by_last_use(tmp_path: Path) -> None:
    found = made(results(tmp_path), "applications")
    assert cells(found, "application", "accounts", "events", "mail_reads") == [
        ("tool", 2, 3, 2),
        ("Outlook", 2, 3, 0),
    ]


def test_no_events_make_empty_tables_that_say_so(tmp_path: Path, run: Run) -> None:
    answer = run("tables", str(results(tmp_path / "none", [], {"rules": []})))
    assert answer.code == 0
    assert answer.out.count(": 0 rows") >= 3


def test_the_order_of_events_changes_nothing(tmp_path: Path) -> None:
    forward = tables_of_scan(results(tmp_path / "a")).make()
    backward = tables_of_scan(results(tmp_path / "b", EVENTS[::-1])).make()
    assert forward == backward


def test_terminal_is_bounded_and_holds_no_escape(tmp_path: Path, run: Run) -> None:
    many = [sign_in(f"s{n}", minute=n, src_ip=f"198.51.100.{n}") for n in range(40)]
    answer = run("tables", str(results(tmp_path / "out", many)))
    assert answer.code == 0
    assert "and 25 more" in answer.out
    assert "\x1b" not in answer.out
    assert "⟨U+001B⟩" in answer.out
    whole = run("tables", str(tmp_path / "out"), "--table", "sign-ins", "--limit", "40")
    assert "more (" not in whole.out
    assert "198.51.100.39" in whole.out


def test_csv_holds_all_rows_and_no_formula(tmp_path: Path, run: Run) -> None:
    many = [
        sign_in(f"s{n}", minute=n, src_ip=f"198.51.100.{n % 250}", auth_method=f"=m{n}") for n in range(300)
    ]
    out, file = results(tmp_path / "out", many), tmp_path / "sign-ins.csv"
    assert run("tables", str(out), "--table", "sign-ins", "--csv", str(file)).code == 0
    text = file.read_bytes()
    assert text.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(text.decode("utf-8-sig"), newline="")))
    assert len(rows) == 300
    assert all(row["method"].startswith("'=m") for row in rows)
    assert rows[0]["last"].endswith("Z")
    assert file.stat().st_mode & 0o077 == 0


def test_json_has_every_table_with_rows_as_they_are(tmp_path: Path, run: Run) -> None:
    document = json.loads(run("tables", str(results(tmp_path / "out")), "--json").out)
    assert document["schema_version"] == 1
    hits = document["tables"]["rule-hits"]["rows"]
    assert hits[0]["rule"] == RULES["rules"][1]["title"]  # type: ignore[index]
    assert hits[0]["first"] == "2026-03-02T09:00:00Z"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--table", "nothing"], 2),
        (["--by", "colour"], 2),
        (["--csv", "x.csv"], 2),
        (["--csv", "x.csv", "--table", "sign-ins", "--json"], 2),
        (["--store", "store"], 2),
    ],
)
def test_what_does_not_fit_together_is_refused(
    tmp_path: Path, run: Run, arguments: list[str], code: int
) -> None:
    assert run("tables", str(results(tmp_path / "out")), *arguments).code == code


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"rules": 3}', '{"rules": [{"hits": 1, "accounts": [{"tenant": 1}]}]}']
)
def test_damaged_rules_are_refused_in_one_line(tmp_path: Path, run: Run, text: str) -> None:
    out = results(tmp_path / "out")
    (out / "rules.json").write_text(text, "utf-8")
    answer = run("tables", str(out))
    assert answer.code == 3
    assert "rules.json" in answer.err


def test_a_folder_without_results_is_refused(tmp_path: Path, run: Run) -> None:
    assert run("tables", str(tmp_path / "nowhere")).code == 3


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 50), st.integers(0, 5)), max_size=30),
    st.integers(1, 30),
)
def test_a_tally_is_the_same_in_any_pieces(rows: list[tuple[str, int, int]], step: int) -> None:
    def parts(size: int) -> list[dict[str, Any]]:
        tally = GroupTally(["key"], ["sum"])
        for start in range(0, len(rows), size):
            piece = rows[start : start + size]
            columns = [list(column) for column in zip(*piece, strict=True)]
            tally.add(pa.table(dict(zip(("key", "time", "sum"), columns, strict=True))))
        found = tally.table()
        return [] if found is None else found.to_pylist()

    assert parts(step) == parts(max(len(rows), 1))
    expected = [
        {
            "key": key,
            "count": len(own),
            "first": min(time for _, time, _ in own),
            "last": max(time for _, time, _ in own),
            "sum": sum(number for _, _, number in own),
        }
        for key in "ab"
        if (own := [row for row in rows if row[0] == key])
    ]
    assert parts(step) == expected
