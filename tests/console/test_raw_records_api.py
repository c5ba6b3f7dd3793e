"""A record as it came over the API: text without secrets, of bounded size, by role, and written into the audit trail."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from seawall.console.context import ConsoleSettings
from seawall.console.data import reading_audit
from seawall.storage.lake.appending import UNKNOWN
from seawall.storage.raw_records import LONGEST_TEXT, RawFolder, RecordOrigin, erase_raw_records, keep_record
from tests.console.consoles import Console
from tests.console.filled import ANN, filled
from tests.console.privacy.persons import hide_from
from tests.sample_events import START

HOSTILE = '<script>window.__pwned=1</script>"\\\u202e\u2028'
TEXT = json.dumps(
    {"Id": "id-3", "Subject": HOSTILE, "password": "hunter2-secret", "UserId": ANN}, ensure_ascii=False
)


@pytest.fixture
def shown(tmp_path: Path) -> Iterator[Console]:
    """A filled console whose lake holds copies of some records."""
    with filled(tmp_path, ConsoleSettings()) as made:
        assert made.context.lake is not None
        time = int(START.timestamp()) * 1_000_000
        RawFolder(made.context.lake.root).append(
            [
                keep_record(RecordOrigin("id-3", "org", ANN, time, "logs/<b>.jsonl", 12), TEXT),
                keep_record(
                    RecordOrigin("none-1", UNKNOWN, None, time, "logs/b.jsonl", 1), '{"Id": "none-1"}'
                ),
                keep_record(
                    RecordOrigin("long", "org", ANN, time, "logs/c.jsonl", 1),
                    '{"a": "' + "é" * 2 * LONGEST_TEXT,
                ),
            ]
        )
        yield made


def got(shown: Console, query: str, status: int = 200) -> Any:
    answer = shown.browser().get(f"/api/record/raw?{query}")
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/json")
    return answer.json()


def test_a_record_is_answered_as_text_without_secrets(shown: Console) -> None:
    record = got(shown, "tenant=org&id=id-3")
    assert json.loads(record["text"]) == {
        "Id": "id-3",
        "Subject": HOSTILE,
        "password": "[masked]",
        "UserId": ANN,
    }
    assert (record["source_file"], record["source_line"], record["is_cut"]) == ("logs/<b>.jsonl", 12, False)
    assert got(shown, "tenant=org&id=id-3&day=2031-01-01") == record
    assert got(shown, "tenant=y.example&id=none-1")["text"] == '{"Id": "none-1"}'


def test_a_long_record_is_of_bounded_size(shown: Console) -> None:
    record = got(shown, "tenant=org&id=long")
    assert record["is_cut"]
    assert len(record["text"]) <= LONGEST_TEXT


@pytest.mark.parametrize(
    "query", ["tenant=org&id=id-4", "tenant=org&id=none-1x", "tenant=two&id=id-3", "tenant=../..&id=id-3"]
)
def test_without_a_copy_there_is_no_text(shown: Console, query: str) -> None:
    found = got(shown, query)
    assert (found["text"], found["source_file"]) == (None, None)


@pytest.mark.parametrize(
    "query", ["tenant=org", "id=id-3", "tenant=org&id=id-3&day=x", "tenant=org&id=id-3&more=1"]
)
def test_bad_questions_are_refused(shown: Console, query: str) -> None:
    got(shown, query, 422)


def test_who_read_it_is_in_the_trail(shown: Console) -> None:
    got(shown, "tenant=org&id=id-4")
    got(shown, "tenant=org&id=id-3")
    with shown.context.database.reading() as work:
        found = [one for one in work.audit.page(limit=100) if one.action == reading_audit.ACTION]
    assert [(one.subject, dict(one.details)) for one in found] == [
        (ANN, {"organisation": "org", "record": "id-3"})
    ]


def test_whoever_sees_pseudonyms_does_not_see_it(shown: Console) -> None:
    hide_from(shown)
    answer = shown.signed_in("admin").get("/api/record/raw?tenant=org&id=id-3")
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "pseudonyms")
    assert ANN not in answer.text


def test_an_erased_person_leaves_no_copy(shown: Console) -> None:
    assert shown.context.lake is not None
    assert erase_raw_records(shown.context.lake.root, [ANN]) == 2
    assert got(shown, "tenant=org&id=id-3")["text"] is None
    assert got(shown, "tenant=y.example&id=none-1")["id"] == "none-1"
