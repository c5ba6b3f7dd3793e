"""Whatever is done to the logs: a mailbox whose records of the intruder were damaged away is never proved not touched."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.events.damaged_records import extract_remains, read_hints
from seawall.events.problem import DamagedRecordHint
from seawall.response.scope_values import Scope
from tests.response.scope.story import PEOPLE, Row, at_home, day_at, mailbox, searched, theirs
from tests.thoroughness import examples

DAYS, BEFORE = 42, 28
"""Six weeks, of which four are before the intrusion: a log has a rhythm."""

READ = day_at(BEFORE + 2, 120)
"""When bob's mailbox is read, on a working day."""

ADDRESS = ("address", "198.51.100.9")


def organisation() -> list[Row]:
    """Three people who read, and send, through the working day; the intruder reads ann's mailbox, then bob's."""
    rows = []
    for day in range(DAYS):
        if day % 7 < 5:
            for person in PEOPLE:
                for minute in range(0, 540, 20):
                    rows += at_home(
                        person, f"{person}-{day}-{minute}", day, minute + 3 * PEOPLE.index(person)
                    )
                rows.append(sent(person, day))
        rows += at_home(PEOPLE[day % 3], f"late-{day}", day, 700)
    rows += [theirs("evil-ann", day=BEFORE, minute=60), theirs("evil-bob", "bob", BEFORE + 2, 120)]
    rows.sort(key=lambda row: (row["time"], row["metadata_uid"]))
    for number, row in enumerate(rows, 1):
        row["source_line"] = number
        row["source_file"] = f"day-{row['time'].date()}.jsonl"
    return rows


def sent(person: str, day: int) -> Row:
    row = at_home(person, f"{person}-{day}-sent", day, 200)[1]
    return {**row, "kind": "mail_action", "activity_name": "Send", "unmapped": None}


ROWS = organisation()


def moment(row: Row) -> int:
    return int(row["time"].timestamp() * 1_000_000)


def scope_of(rows: list[Row], **given: Any) -> Scope:
    with tempfile.TemporaryDirectory() as folder:
        return searched(Path(folder), rows, ADDRESS, start=day_at(BEFORE - 1), **given)


def is_access(row: Row, person: str) -> bool:
    return (row["kind"], row["mailbox"]) == ("mail_access", f"{person}@x.example")


def test_without_damage_who_was_read_is_touched_and_who_was_not_is_cleared() -> None:
    scope = scope_of(ROWS)
    assert {who: mailbox(scope, who).verdict for who in PEOPLE} == {
        "ann": "touched",
        "bob": "touched",
        "cara": "not_touched",
    }


@settings(max_examples=examples(25), deadline=None)
@given(st.integers(0, 5), st.integers(1, 70))
def test_hours_that_were_dropped(before: int, hours: int) -> None:
    first = READ - before * 3_600_000_000 * min(hours, 6) // 6
    last = first + hours * 3_600_000_000
    if not first <= READ < last:
        last = READ + 1
    kept = [row for row in ROWS if not first <= moment(row) < last]
    lost = len([row for row in ROWS if row["kind"] == "mail_access"]) - len(
        [r for r in kept if r["kind"] == "mail_access"]
    )
    if lost < 14:  # so few an ordinary day could lack too, and it is said that nobody can see that
        return
    assert mailbox(scope_of(kept), "bob").verdict == "possible"


@pytest.mark.parametrize("days", [1, 2, 4])
def test_files_that_were_dropped(days: int) -> None:
    names = {
        f"day-{row['time'].date()}.jsonl"
        for row in ROWS
        if READ <= moment(row) < READ + days * 86_400_000_000
    }
    scope = scope_of([row for row in ROWS if row["source_file"] not in names])
    assert mailbox(scope, "bob").verdict == "possible"
    assert mailbox(scope, "cara").verdict == "possible"


DROPPED: dict[str, Callable[[Row], bool]] = {
    "from the start": lambda row: True,
    "from the span on": lambda row: moment(row) >= day_at(BEFORE - 1),
    "for a week": lambda row: day_at(BEFORE) <= moment(row) < day_at(BEFORE + 7),
    "for a day": lambda row: day_at(BEFORE + 2, -60) <= moment(row) < day_at(BEFORE + 3, -60),
    "to the end": lambda row: moment(row) >= day_at(BEFORE + 1),
}


@pytest.mark.parametrize("name", DROPPED)
def test_mail_access_of_one_mailbox_that_was_dropped(name: str) -> None:
    scope = scope_of([row for row in ROWS if not (is_access(row, "bob") and DROPPED[name](row))])
    assert mailbox(scope, "bob").verdict == "possible"
    assert mailbox(scope, "cara").verdict == "not_touched"


def raw(row: Row) -> str:
    """The record as the vendor writes it."""
    who = row["account"]
    return json.dumps({
        "CreationTime": row["time"].strftime("%Y-%m-%dT%H:%M:%S"), "Id": row["metadata_uid"],
        "Operation": "MailItemsAccessed", "OrganizationId": row["org_uid"], "RecordType": 50, "UserKey": "1", "UserType": 0,
        "Workload": "Exchange", "UserId": who, "ClientIPAddress": row["src_ip"],
        "ClientInfoString": 'Client=REST;"MailboxOwnerUPN":"cara@x.example"', "MailboxOwnerUPN": row["mailbox"],
        "Folders": json.loads(row["unmapped"])["Folders"],
    })  # fmt: skip


EVIL = next(row for row in ROWS if row["metadata_uid"] == "evil-bob")
TEXT = raw(EVIL)


def with_a_broken_line(text: str) -> Scope:
    file, line = EVIL["source_file"], EVIL["source_line"]
    left = extract_remains(text)
    said: dict[str, dict[int, DamagedRecordHint]] = {file: {line: read_hints([left])[0]}} if left else {}
    return scope_of([row for row in ROWS if row is not EVIL], lost={file: [line]}, told=said)


@settings(max_examples=examples(25), deadline=None)
@given(st.integers(0, len(TEXT) - 1))
def test_a_line_that_was_cut_off_anywhere(at: int) -> None:
    assert mailbox(with_a_broken_line(TEXT[:at]), "bob").verdict == "possible"


@settings(max_examples=examples(25), deadline=None)
@given(st.integers(0, len(TEXT) - 1), st.integers(1, 40), st.text(alphabet='"{},:\\x', max_size=6))
def test_a_line_that_was_damaged_anywhere(at: int, length: int, instead: str) -> None:
    assert mailbox(with_a_broken_line(TEXT[:at] + instead + TEXT[at + length :]), "bob").verdict == "possible"


def test_a_line_that_was_cut_behind_its_names_leaves_nobody_else_open() -> None:
    scope = with_a_broken_line(TEXT[: TEXT.index('"Folders"') + 30])
    assert mailbox(scope, "bob").verdict == "possible"
    assert mailbox(scope, "cara").verdict == "not_touched"
    assert mailbox(scope, "bob").open_by() == {"not-read"}


def test_two_lines_that_ran_into_one_leave_everybody_open() -> None:
    other = raw(next(row for row in ROWS if is_access(row, "cara") and moment(row) > READ))
    at = TEXT.index('"ClientInfoString"') + 30
    scope = with_a_broken_line(TEXT[:at] + other[at // 3 :])
    assert {mailbox(scope, who).verdict for who in ("bob", "cara")} == {"possible"}


@pytest.mark.parametrize("is_said", [True, False], ids=["said", "only seen by the count"])
def test_a_mailbox_that_was_throttled(is_said: bool) -> None:
    many = [
        {
            **at_home("bob", f"many-{number}", BEFORE + 2, number / 20)[1],
            "is_throttled": is_said and number == 1_099,
        }
        for number in range(1_100)
    ]
    scope = scope_of([row for row in ROWS if row is not EVIL] + many)
    assert mailbox(scope, "bob").verdict == "possible"
    assert "throttled" in mailbox(scope, "bob").open_by()
    assert mailbox(scope, "cara").verdict == "not_touched"
