"""JSON with one meaning is read as every parser reads it; everything else is refused with its reason."""

from __future__ import annotations

import gc
import json
import math
import time
import traceback
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall_tokens.jose.strict_json import LARGEST_INTEGER, SMALLEST_INTEGER, JsonRefused, _careful, loads
from tests.thoroughness import examples

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(SMALLEST_INTEGER, LARGEST_INTEGER)
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
        (b"18446744073709551616", "number"),
        (b"[-9223372036854775809]", "number"),
        (b"[1.5,18446744073709551616]", "number"),
        (b"1" * 5000, "number"),
        (b"1e999", "number"),
        (b"-1e999", "number"),
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
    """Every quote in it once began a search to the end: 16 KiB of them took 0.8 s, these would take hours."""
    data = b"[]," * 20 + b'"' + b'\\"' * 800_000
    started = time.perf_counter()
    with pytest.raises(JsonRefused) as raised:
        loads(data, max_bytes=1 << 22)
    assert raised.value.reason == "syntax"
    assert time.perf_counter() - started < 20


def test_a_pair_of_surrogates_is_one_letter() -> None:
    assert loads(b'"\\ud83d\\ude00"', max_bytes=100) == "😀"
    assert math.isclose(loads(b"1.5e300", max_bytes=100), 1.5e300)


def test_the_text_is_not_in_the_error() -> None:
    with pytest.raises(JsonRefused) as raised:
        loads(b'{"secret": hunter2}', max_bytes=100)
    assert (
        "".join(traceback.format_exception(raised.value)).count("hunter2") == 1
    )  # the line above, of this file


PIECES = st.lists(
    st.sampled_from([*'{}[]",:01eE+-. \n\t\r', "a", "\u00e9", "\u2028", "\x00", "\x7f", "true", "null", '"a":', '"b":', '"a:b":',
                     '{"a":', "18446744073709551615", "18446744073709551616", "-9223372036854775808", "1e308", "1e309",
                     "0.1000000000000000055511151231257827", "NaN", "\\u003a", '"\\u0061":', "-0", "\ufeff"]),
    max_size=14,
).map(lambda pieces: "".join(pieces).encode())  # fmt: skip


def judged(read: Any) -> tuple[str, str]:
    """What came of reading: the value as written by `repr`, which tells 1 from 1.0 and true, or the reason."""
    try:
        return "value", repr(read())
    except JsonRefused as refusal:
        return "refused", refusal.reason


@settings(max_examples=examples(1000))
@given(PIECES | VALUES.map(lambda value: json.dumps(value, ensure_ascii=False).encode()))
def test_the_quick_way_and_the_careful_way_agree(data: bytes) -> None:
    assert judged(lambda: loads(data, max_bytes=10_000, max_depth=64)) == judged(lambda: _careful(data))


@pytest.mark.parametrize(
    "data",
    [
        b'{"a":"x:y","a":"x"}',
        b'{"a":1,"b":{"c":2,"c":2}}',
        b'[{"a:":1,"a:":1}]',
        b'{"":1,"":1}',
        b'{"\\u003a":1,"a":2,"a":3}',
        b'{"a":"\\u003a","a":"\\u003a"}',
        b'{"a":{"a":1},"a":{"a:a":1}}',
    ],
)
def test_colons_do_not_hide_a_second_member(data: bytes) -> None:
    assert judged(lambda: loads(data, max_bytes=100)) == ("refused", "duplicate")


def test_the_largest_integers_are_kept_exactly() -> None:
    for value in (LARGEST_INTEGER, SMALLEST_INTEGER, 2**53 + 1):
        assert loads(str(value).encode(), max_bytes=100) == value


@pytest.mark.parametrize("way", [b"[" * 9 + b"]" * 9, b'{"a":' * 9 + b"1" + b"}" * 9, b'[1,{"a":' * 5 + b"1" + b"}]" * 5,
                                 b'["\\n",' + b"[" * 8 + b"]" * 9])  # fmt: skip
def test_depth_is_exact(way: bytes) -> None:
    deepest = 10 if way.startswith(b"[1") else 9
    assert judged(lambda: loads(way, max_bytes=1000, max_depth=deepest))[0] == "value"
    assert judged(lambda: loads(way, max_bytes=1000, max_depth=deepest - 1)) == ("refused", "depth")


def test_many_brackets_cost_little() -> None:
    data = b"[" + b"[]," * 300_000 + b"[]]"
    gc.disable()  # a collection walks through everything that all tests of this process hold
    try:
        spent = []
        for _ in range(3):
            started = time.thread_time()
            assert len(loads(data, max_bytes=1 << 20, max_depth=2)) == 300_001
            spent.append(time.thread_time() - started)
    finally:
        gc.enable()
    assert min(spent) < 1.0, "about 0.05 s; the margin is for busy machines"
