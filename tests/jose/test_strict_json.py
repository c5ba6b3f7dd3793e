"""JSON with one meaning is read as every parser reads it; everything else is refused with its reason."""

from __future__ import annotations

import json
import math
import time
import traceback
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.jose.strict_json import LARGEST_INTEGER, JsonRefused, loads

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-LARGEST_INTEGER, LARGEST_INTEGER)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(VALUES, st.booleans())
def test_json_is_read_as_it_was_written(value: Any, escape: bool) -> None:
    written = json.dumps(value, ensure_ascii=escape).encode("utf-8")
    assert loads(written, max_bytes=1 << 20, max_depth=64) == value


@given(
    st.binary(max_size=60)
    | st.text(alphabet=[*'{}[]",:01eE+-.\\ud8aNntrfl ']).map(lambda text: text.encode())
)
def test_anything_else_is_refused_and_nothing_else_raised(data: bytes) -> None:
    try:
        value = loads(data, max_bytes=1000)
    except JsonRefused:
        return
    assert json.loads(data.decode("utf-8")) == value


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b'{"a":1,"a":1}', "duplicate"),
        (b'{"a":{"b":[{"c":1,"\\u0063":2}]}}', "duplicate"),
        (b"NaN", "constant"),
        (b'{"a":-Infinity}', "constant"),
        (b"\xef\xbb\xbf{}", "encoding"),
        ('{"a":1}'.encode("utf-16"), "encoding"),
        ('{"a":1}'.encode("utf-16-le"), "syntax"),
        (b'"\xff"', "encoding"),
        (b'"\xed\xa0\x80"', "encoding"),
        (b'{"\\ud800":1}', "encoding"),
        (b'["\\udc00\\ud800"]', "encoding"),
        (b"[" * 17 + b"]" * 17, "depth"),
        (b"[" * 100_000, "depth"),
        (b'{"a":' * 5000 + b"1" + b"}" * 5000, "depth"),
        (b'"' + b"a" * 200_000 + b'"', "size"),
        (b"9223372036854775808", "number"),
        (b"1" * 5000, "number"),
        (b"1e999", "number"),
        (b"0." + b"1" * 100, "number"),
        (b"01", "syntax"),
        (b"+1", "syntax"),
        (b"1 2", "syntax"),
        (b"{'a':1}", "syntax"),
        (b"[1,]", "syntax"),
        (b'"\n"', "syntax"),
        (b"", "syntax"),
        (b"// x\n1", "syntax"),
    ],
)
def test_each_reason(data: bytes, reason: str) -> None:
    with pytest.raises(JsonRefused) as raised:
        loads(data, max_bytes=150_000)
    assert raised.value.reason == reason


def test_brackets_in_texts_are_not_depth() -> None:
    assert loads(b'{"a":"[[[[[[[[[[[[[[[[[[[[[[\\"[[[["}', max_bytes=100) == {"a": "[" * 22 + '"[[[['}
    wide = b"[" + b",".join([b"[]"] * 100) + b"]"
    assert len(loads(wide, max_bytes=1000, max_depth=2)) == 100


def test_a_text_that_never_ends_takes_no_longer_than_its_length() -> None:
    """Every quote in it once began a search to the end: 16 KiB of them took three quarters of a second."""
    seconds = []
    for count in (100_000, 800_000):
        data = b"[]," * 20 + b'"' + b'\\"' * count
        started = time.perf_counter()
        with pytest.raises(JsonRefused) as raised:
            loads(data, max_bytes=1 << 22)
        seconds.append(time.perf_counter() - started)
        assert raised.value.reason == "syntax"
    assert seconds[1] < 40 * max(seconds[0], 0.001)  # quadratic: 64 times as long


def test_a_pair_of_surrogates_is_one_letter() -> None:
    assert loads(b'"\\ud83d\\ude00"', max_bytes=100) == "😀"
    assert math.isclose(loads(b"1.5e300", max_bytes=100), 1.5e300)


def test_the_text_is_not_in_the_error() -> None:
    with pytest.raises(JsonRefused) as raised:
        loads(b'{"secret": hunter2}', max_bytes=100)
    assert (
        "".join(traceback.format_exception(raised.value)).count("hunter2") == 1
    )  # the line above, of this file
