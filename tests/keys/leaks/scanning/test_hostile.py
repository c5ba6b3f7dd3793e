"""Text that is full of what gives keys away, and holds none, takes bounded time; what was not looked at is told."""

from __future__ import annotations

import base64
import gzip
import time
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.keys.leaks.scanning.search import FAMILIES, ExpansionBudget, Searcher
from tests.keys.leaks import planting
from tests.thoroughness import examples

FILLINGS = {
    "kty": b'"kty',
    "unclosed objects": b'{"kty":"RSA","d":"',
    "public keys": b'{"kty":"RSA","n":"AQAB","e":"AQAB"},',
    "begin lines": b"-----BEGIN PRIVATE KEY-----",
    "begin lines with letters": b"-----BEGIN PRIVATE KEY-----" + b"A" * 64,
    "base64": b"IBAAKC",
    "base64 of PEM": base64.b64encode(b"PRIVATE KEY "),
    "hex": b"0201000282",
    "hex with colons": b"02:01:00:02:82:",
    "numbers": b"2,1,0,2,130,",
    "XML": b"<RSAKeyValue>",
    "PuTTY": b"PuTTY-User-Key-File-2: ssh-rsa\n",
    "DER": bytes.fromhex("308204a40201000282010100"),
    "EC": bytes.fromhex("307702010104204141414141"),
    "blobs": b"RSA2\x00\x08\x00\x00",
    "zlib": b"\x78\x9c",
    "gzip": b"\x1f\x8b\x08",
    "empty gzip": gzip.compress(b""),
    "empty zlib": zlib.compress(b""),
    "empty blocks": b"\x78\x01\x00\x00\x00\xff\xff",
    "zip": b"PK\x03\x04\x14\x00\x00\x00\x08\x00",
    "wide": "PRIVATE KEY ".encode("utf-16-le"),
}


@pytest.mark.parametrize("what", FILLINGS)
def test_hostile_bytes_take_bounded_time(searcher: Searcher, what: str) -> None:
    filling = FILLINGS[what]
    data = filling * ((1 << 19) // len(filling))
    allowance = ExpansionBudget()
    start = time.process_time()
    assert searcher.search(data, allowance=allowance) == []
    # a few seconds on a busy machine: without limits the worst of these take hours
    assert time.process_time() - start < 20
    assert len(allowance.refused) <= 1


def test_what_was_not_looked_at_is_told(searcher: Searcher) -> None:
    allowance = ExpansionBudget()
    searcher.search(b'"kty' * (1 << 17), allowance=allowance)
    assert [reason for _, reason in allowance.refused] == ["too much in it looks like keys and is none"]


def test_very_many_keys_are_no_reason_to_stop(searcher: Searcher) -> None:
    key = planting.make("Ed25519")
    content = planting.pem(key, planting.PKCS8) + planting.pem(planting.make("RSA-2048"), planting.PKCS1)
    allowance = ExpansionBudget()
    hits = searcher.search(content * 400, allowance=allowance)
    assert (len(hits), allowance.refused) == (800, [])


PIECES = [bytes(filling) for filling in FILLINGS.values()] + [
    content for _, content in planting.plain(planting.make("P-256"))
]
SEARCHER = Searcher()


@given(st.lists(st.one_of(st.sampled_from(PIECES), st.binary(max_size=40)), max_size=40), st.data())
@settings(max_examples=examples(200), deadline=None)
def test_any_mixture_is_searched_without_failing(parts: list[bytes], data: st.DataObject) -> None:
    mixture = b"".join(part[: data.draw(st.integers(0, len(part)))] for part in parts)
    known = planting.thumbprint(planting.make("P-256"))
    for hit in SEARCHER.search(mixture):
        assert hit.thumbprint in (known, None)
        assert 0 <= hit.offset <= hit.end <= len(mixture)


@given(st.binary(max_size=300), st.binary(max_size=300), st.sampled_from(range(len(FAMILIES))))
@settings(max_examples=examples(300), deadline=None)
def test_no_reader_fails_on_any_bytes(before: bytes, after: bytes, family: int) -> None:
    class Nothing:
        def __init__(self) -> None:
            self.decoded: dict[str, tuple[int, int]] = {}

        def search(self, _decoded: bytes) -> list[object]:
            return []

        def stream(self, _anchor: int, pieces: object) -> list[object]:
            return list(pieces)[:0]  # type: ignore[call-overload, no-any-return]

        def charge(self, _letters: int) -> bool:
            return True

        def rest(self, _size: int) -> object:
            return iter(())

    hits = FAMILIES[family].read(before + after, len(before), Nothing())  # type: ignore[arg-type]
    assert all(hit.offset >= 0 for hit in hits)
