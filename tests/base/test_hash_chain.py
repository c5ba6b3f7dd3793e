"""Whatever is done to a chain, what still reads as whole is what was written, as far as the format can tell."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall_base.hash_chain import (
    START,
    ChainBroken,
    ChainHead,
    ChainLink,
    digest_line,
    digest_values,
    parse_head,
    verify,
)

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
contents = st.lists(plain, min_size=1, max_size=8)

Row = tuple[int, Any, str, str]


def rows_of(values: list[Any]) -> list[Row]:
    """A chain of values: number, content, the digest before and the own one."""
    rows: list[Row] = []
    for number, value in enumerate(values, start=1):
        previous = rows[-1][3] if rows else START
        rows.append((number, value, previous, digest_values(number, value, previous)))
    return rows


def check_rows(rows: list[Row], noted: ChainHead | None = None) -> ChainHead:
    """Verify a chain of values."""
    links = (ChainLink(number, previous, digest, digest_values(number, value, previous))
             for number, value, previous, digest in rows)  # fmt: skip
    return verify(links, noted)


def lines_of(values: list[Any]) -> list[bytes]:
    """A chain of lines: each holds its number and the digest of the line before."""
    lines: list[bytes] = []
    for number, value in enumerate(values, start=1):
        previous = digest_line(lines[-1]) if lines else START
        lines.append(json.dumps([number, previous, value]).encode() + b"\n")
    return lines


def check_lines(lines: list[bytes], noted: ChainHead | None = None) -> ChainHead:
    """Verify a chain of lines."""

    def link(line: bytes) -> ChainLink:
        number, previous, *_ = json.loads(line)
        return ChainLink(number, previous, digest_line(line), digest_line(line))

    return verify(map(link, lines), noted)


def test_a_digest_is_what_it_was_in_every_version() -> None:
    text = b'[1,"\\u00e4",{"a":[1,2.5],"b":null},"' + b"0" * 64 + b'"]'
    assert digest_values(1, "ä", {"b": None, "a": [1, 2.5]}, START) == hashlib.sha256(text).hexdigest()
    assert digest_line(b"{}\n") == hashlib.sha256(b"{}\n").hexdigest()


@given(contents)
def test_a_whole_chain_ends_at_its_last_entry(values: list[Any]) -> None:
    rows, lines = rows_of(values), lines_of(values)
    assert check_rows(rows) == ChainHead(len(rows), rows[-1][3])
    assert check_lines(lines) == ChainHead(len(lines), digest_line(lines[-1]))
    assert check_rows([]) == check_lines([]) == ChainHead()


def without(chain: list[Any], at: int, _: int) -> list[Any]:
    return [*chain[:at], *chain[at + 1 :]]


def swapped(chain: list[Any], at: int, other: int) -> list[Any]:
    moved = list(chain)
    moved[at], moved[other] = moved[other], moved[at]
    return moved


def repeated(chain: list[Any], at: int, other: int) -> list[Any]:
    return [*chain[:other], chain[at], *chain[other:]]


@pytest.mark.parametrize("change", [without, swapped, repeated])
@pytest.mark.parametrize(("make", "check"), [(rows_of, check_rows), (lines_of, check_lines)])
@given(contents, st.data())
def test_what_was_taken_out_moved_or_put_in_is_found(
    change: Callable[[list[Any], int, int], list[Any]],
    make: Callable[[list[Any]], list[Any]],
    check: Callable[..., ChainHead],
    values: list[Any],
    data: st.DataObject,
) -> None:
    chain = make(values)
    at, other = data.draw(st.tuples(*[st.integers(0, len(chain) - 1)] * 2))
    changed = change(chain, at, other)
    if changed == chain[: len(changed)]:
        assert check(changed).sequence == len(changed), "nothing but the end is gone"
        with pytest.raises(ChainBroken) if len(changed) < len(chain) else _nothing():
            check(changed, check(chain))
        return
    with pytest.raises(ChainBroken) as broken:
        check(changed)
    whole = broken.value.head.sequence
    assert changed[:whole] == chain[:whole], "what is said to hold does"


def _nothing() -> Any:
    from contextlib import nullcontext

    return nullcontext()


@given(contents, st.data(), plain)
def test_a_changed_value_is_found(values: list[Any], data: st.DataObject, value: Any) -> None:
    rows = rows_of(values)
    at = data.draw(st.integers(0, len(rows) - 1))
    number, old, previous, digest = rows[at]
    if digest_values(value) == digest_values(old):
        return
    for changed in ((number, value, previous, digest), (number, old, previous, digest[::-1] + "x"),
                    (number, old, "1" + previous[1:] + "x", digest)):  # fmt: skip
        with pytest.raises(ChainBroken) as broken:
            check_rows([*rows[:at], changed, *rows[at + 1 :]])
        assert broken.value.head.sequence == at
        assert str(number) in str(broken.value)


@given(contents, st.data(), plain)
def test_a_changed_line_is_found_by_the_next_or_by_a_noted_head(
    values: list[Any], data: st.DataObject, value: Any
) -> None:
    lines = lines_of(values)
    noted = check_lines(lines)
    at = data.draw(st.integers(0, len(lines) - 1))
    number, previous, _ = json.loads(lines[at])
    changed = json.dumps([number, previous, value, "more"]).encode() + b"\n"
    mixed = [*lines[:at], changed, *lines[at + 1 :]]
    if at == len(lines) - 1:
        assert check_lines(mixed).sequence == len(lines), "no line holds the digest of the last one"
    else:
        with pytest.raises(ChainBroken):
            check_lines(mixed)
    with pytest.raises(ChainBroken):
        check_lines(mixed, noted)


@given(contents, contents)
def test_an_end_that_was_cut_or_computed_anew_needs_a_noted_head(kept: list[Any], more: list[Any]) -> None:
    rows = rows_of([*kept, *more])
    noted = ChainHead(len(rows), rows[-1][3])
    assert check_rows(rows[: len(kept)]).sequence == len(kept)
    with pytest.raises(ChainBroken, match=f"entry {len(rows)} was noted"):
        check_rows(rows[: len(kept)], noted)
    anew = rows_of([*kept, *("forged", *more)])
    assert check_rows(anew).sequence == len(anew)
    if anew[len(rows) - 1] != rows[-1]:
        with pytest.raises(ChainBroken, match="not the one that was noted"):
            check_rows(anew, noted)
    assert check_rows([*rows, *rows_of([*kept, *more, 1])[len(rows) :]], noted).sequence == len(rows) + 1


@given(st.integers(0, 10**12), st.binary(min_size=32, max_size=32))
def test_a_head_is_written_and_read(sequence: int, digest: bytes) -> None:
    head = ChainHead(sequence, digest.hex())
    assert parse_head(str(head)) == head


@pytest.mark.parametrize("text", ["", "1", "1:", "x:" + "0" * 64, "-1:" + "0" * 64, "1:" + "0" * 63])
def test_what_is_no_head_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a head is"):
        parse_head(text)
