"""Lines of a message: whatever a producer sends, all of it is there, each line is JSON, and what is no record says so."""

from __future__ import annotations

import json
from base64 import b64decode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.collection.kafka.messages import UNREAD, message_lines

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.text(max_size=3), VALUES, max_size=3)


def made(value: bytes | None) -> tuple[list[Any], list[tuple[str, bytes]], str]:
    """Records, what was no record with its reason, and the reason of the message."""
    lines, reason = message_lines(value, "logs", 3, 17)
    assert lines
    assert not any(b"\n" in line or b"\r" in line for line in lines)
    found = [json.loads(line) for line in lines]
    assert all(isinstance(one, dict) for one in found)
    unread = [one[UNREAD] for one in found if UNREAD in one]
    assert all((one["topic"], one["partition"], one["offset"]) == ("logs", 3, 17) for one in unread)
    records = [one for one in found if UNREAD not in one]
    return records, [(one["reason"], b64decode(one["base64"])) for one in unread], reason


@given(st.binary(max_size=60))
def test_any_bytes_come_back(value: bytes) -> None:
    records, unread, reason = made(value)
    if not records:
        assert unread == [(reason, value)]
        assert reason


@pytest.mark.parametrize("indent", [None, 2])
@given(records=st.lists(OBJECTS, min_size=1, max_size=4))
def test_records_come_back_in_every_form(indent: int | None, records: list[Any]) -> None:
    for value in ({"records": records}, records):
        assert made(json.dumps(value, indent=indent).encode()) == (records, [], "")
    rows = [json.dumps(one) for one in records]
    if len(rows) > 1:
        assert made("\r\n".join(rows).encode()) == (records, [], "")


@given(values=st.lists(VALUES, min_size=1, max_size=5))
def test_a_list_of_anything_comes_back(values: list[Any]) -> None:
    objects = [one for one in values if isinstance(one, dict)]
    others = [one for one in values if not isinstance(one, dict)]
    records, unread, reason = made(json.dumps(values).encode())
    assert records == objects
    assert [json.loads(rest) for _, rest in unread] == ([others] if others else [])
    assert bool(reason) == bool(others)


@pytest.mark.parametrize(
    "value",
    [b'{"records":[{"a":1}],"more":1}', b'{"records":[{"a":1}],"records":[{"b":1}]}', b'{"records":[]}',
     b'{"records":[{"a":1}],"record\\u0073":[{"b":1}]}', b'{"records":{"a":1}}'],
)  # fmt: skip
def test_what_is_no_plain_envelope_stays_whole(value: bytes) -> None:
    assert message_lines(value, "logs", 3, 17) == ([value], "")


@pytest.mark.parametrize(
    ("value", "reason"),
    [(None, "no-value"), (b"", "empty"), (b" \n", "empty"), (b"\xff{}", "not-text"), (b"text", "not-json"),
     (b'{"a":1} x', "not-json"), (b'{"a":1}\nx', "not-json"), (b"[]", "no-record"), (b"1", "no-record"),
     (b"[" * 9999 + b"]" * 9999, "too-deep")],
    ids=lambda value: str(value)[:12],
)  # fmt: skip
def test_reasons(value: bytes | None, reason: str) -> None:
    assert made(value) == ([], [(reason, value or b"")], reason)
