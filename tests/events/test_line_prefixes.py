"""JSON objects behind a prefix of syslog on each line are read as without it."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.events.formats.line_prefixes import WithoutPrefixes, has_line_prefixes
from tests.events.support import mail_read, read_all, rows, signed_in

RECORDS = [mail_read(1), signed_in(2), mail_read(3, Subject='a {"b": 1} \n <13>Mar  2 10:00:00 x {"c": 2}')]
PREFIXES = {
    "RFC 3164": "<180>Aug 13 10:04:11 collector o365_audit: ",
    "without priority": "Mar  2 10:00:00 collector seawall[812]: ",
    "with year": "<13>Mar  2 2026 10:00:00 collector app ",
    "RFC 5424": '<165>1 2026-03-02T10:00:00.000Z collector okta 812 - [id@1 a="b"] ',
    "container": "2026-03-02T10:00:00.123456789+01:00 stdout F ",
    "priority alone": "<14>",
}


@pytest.mark.parametrize("prefix", PREFIXES.values(), ids=PREFIXES)
def test_records_behind_a_prefix_are_those_without(tmp_path: Path, prefix: str) -> None:
    plain, prefixed = tmp_path / "plain.jsonl", tmp_path / "prefixed.log"
    lines = [json.dumps(record) for record in RECORDS]
    plain.write_text("\n".join(lines) + "\n", "utf-8")
    prefixed.write_text("\r\n".join(prefix + line for line in lines), "utf-8")
    expected, found = (rows(read_all(path)[0]) for path in (plain, prefixed))
    for event in (*expected, *found):
        event.pop("source_file")
    assert found == expected


def test_a_line_without_a_record_costs_itself(tmp_path: Path) -> None:
    path = tmp_path / "mixed.log"
    good = PREFIXES["RFC 3164"] + json.dumps(RECORDS[0])
    path.write_text(
        "\n".join([good, PREFIXES["RFC 3164"] + "restarted", good.replace("0001", "0009")]), "utf-8"
    )
    events, problems, records = read_all(path)
    assert (events.num_rows, len(problems), records) == (2, 1, 3)


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1}',
        '[{"a": 1}]',
        "<13>Mar  2 10:00:00 host message",
        'host {"a": 1}',
        '2026-03-02T10:00:00Z,"{""a"": 1}"',
        "<13>" + "x" * 2000 + '{"a": 1}',
        "",
    ],
)
def test_what_is_no_prefix_is_left_alone(text: str) -> None:
    assert not has_line_prefixes(text.encode())


@given(st.lists(st.sampled_from(['{"a": 1}', '<13>x {"a": 1}', "<13>x", "", "<1>" + "y" * 1500 + '{"a": 2}', '{"' + "z" * 3000])),
       st.integers(1, 4000), st.sampled_from(["\n", "\r\n"]))  # fmt: skip
def test_the_size_of_reads_changes_nothing(parts: list[str], size: int, end: str) -> None:
    text = end.join(parts).encode()
    assert read_in(text, size) == read_in(text, len(text) + 1)
    assert read_in(text, size) == end.join(part.replace("<13>x {", "{") for part in parts).encode()


def read_in(text: bytes, size: int) -> bytes:
    stream = WithoutPrefixes(io.BytesIO(text))
    return b"".join(iter(lambda: stream.read(size), b""))
