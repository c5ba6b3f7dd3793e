"""Texts that are read together give each what it gives by itself."""

from __future__ import annotations

import json
import random
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seawall.events.formats import many_bodies, many_lines
from seawall.events.formats.many_bodies import CombinedBatches, NamedText, read_together, split_batches
from seawall.events.readers import EventBatch, Limits
from seawall.pipeline.live.ingest_queue import batches_of
from tests.events.support import check, mail_read, rows, signed_in
from tests.events.test_both_ways import variants
from tests.events.test_many_lines import HOSTILE
from tests.thoroughness import examples

Found = list[tuple[list[dict[str, object]], tuple[object, ...], int, int]]
LINES = [
    *(json.dumps(variant).encode() for variant in variants(7)),
    *(line for lines in HOSTILE.values() for line in lines[:3] if len(line) < 5_000),
    b"", b"  ", b"{broken", b"[]", json.dumps([mail_read(1), 3, signed_in(2)]).encode(),
]  # fmt: skip


def plain(batches: list[EventBatch]) -> Found:
    for batch in batches:
        check(batch)
    return [(rows(one.events), one.problems, one.records, one.bytes_read) for one in batches]


def assert_apart(bodies: list[bytes], limits: Limits = Limits()) -> None:  # noqa: B008
    texts = [NamedText(f"token/{place % 3}", len(body)) for place, body in enumerate(bodies)]
    found = split_batches(read_together(bodies, limits), texts)
    for batches, body, text in zip(found, bodies, texts, strict=True):
        assert plain(batches) == plain(batches_of(body, text.name, limits))


@settings(max_examples=examples(60), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(st.lists(st.sampled_from(LINES), max_size=4), min_size=1, max_size=8),
    st.sampled_from([b"\n", b"\r\n"]),
    st.booleans(),
)
def test_any_lines_in_any_texts(found: list[list[bytes]], end: bytes, is_ended: bool) -> None:
    first = json.dumps(signed_in(1)).encode()
    assert_apart([end.join([first, *lines]) + (end if is_ended else b"") for lines in found])


@pytest.mark.parametrize("seed", range(4))
def test_many_texts_read_column_by_column(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(many_bodies, "FEWEST_BYTES", 20_000)
    monkeypatch.setattr(many_lines, "BLOCK", 30_000)
    chance = random.Random(seed)
    lines = [
        json.dumps((mail_read if n % 2 else signed_in)(n)).encode()
        if n < 40 or n % 3
        else chance.choice(LINES)
        for n in range(200)
    ]
    lines = [line for line in lines if line.strip()]
    cuts = sorted({0, len(lines), *chance.sample(range(len(lines)), 30)})
    bodies = [b"\n".join(lines[start:end]) for start, end in pairwise(cuts)]
    whole = [body for body in bodies if body.startswith(b'{"Id')]
    assert len(whole) > 10
    assert_apart(whole)


def test_a_batch_that_is_full_ends_within_a_text() -> None:
    bodies = [b"\n".join(json.dumps(mail_read(n)).encode() for n in range(7)) for _ in range(4)]
    texts = [NamedText(str(place), len(body)) for place, body in enumerate(bodies)]
    together = read_together(bodies, Limits(batch_records=10))
    assert [batch.records for batch in together.batches] == [10, 10, 8]
    found = split_batches(together, texts)
    assert [[batch.records for batch in batches] for batches in found] == [[7], [3, 4], [6, 1], [7]]
    lines = [line for batch in found[1] for line in batch.events.column("source_line").to_pylist()]
    assert lines == list(range(1, 8))
    assert [sum(batch.bytes_read for batch in batches) for batches in found] == [text.size for text in texts]


def test_nothing_of_nothing() -> None:
    assert split_batches(read_together([b"", b"\n"], Limits()), [NamedText("a", 0), NamedText("b", 1)]) == [
        [],
        [],
    ]
    assert split_batches(CombinedBatches([], [1]), []) == []
