"""Archives are searched inside one another; what cannot be opened is said, what remains is searched as it lies."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import random
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seawall.keys.leaks.findings import SearchTotals
from seawall.keys.leaks.scanning import archives, byte_source, search
from seawall.keys.leaks.scanning.search import Searcher
from seawall.keys.leaks.scanning.stream_search import LeakSearchEngine, StreamSearch
from tests.keys.leaks import planting
from tests.thoroughness import examples

KEY = planting.make("Ed25519")
PEM = planting.pem(KEY, planting.PKCS8)
TEXT = b"first line\n" + PEM + b"last line\n"
"""A key at offset 11."""
EC_KEY = planting.make("P-256")
EC_TEXT = planting.pem(EC_KEY, planting.PKCS8)
"""A key that says its public point, so that no other key comes of changing bytes."""


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def streamed_zip(name: str, content: bytes) -> bytes:
    """A zip whose headers do not tell sizes: written to what cannot be sought."""

    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def seek(self, *_: object) -> int:
            raise io.UnsupportedOperation

        def tell(self) -> int:
            raise io.UnsupportedOperation

    out = Pipe()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
        archive.writestr("second", content)
    return out.getvalue()


def tarred(files: dict[str, bytes], layout: int = tarfile.PAX_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=layout) as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def ar(files: dict[str, bytes]) -> bytes:
    out = b"!<arch>\n"
    for name, content in files.items():
        out += f"{name:<16}{0:<12}{0:<6}{0:<6}{'644':<8}{len(content):<10}`\n".encode() + content
        out += b"\n" * (len(content) % 2)
    return out


@pytest.fixture
def found(searcher: Searcher) -> Callable[..., SearchTotals]:
    def search(content: bytes, path: str = "a", **budget: int) -> SearchTotals:
        whole = StreamSearch(LeakSearchEngine(searcher), path, byte_source.ReadBudget(**budget))
        pieces = [content[i : i + 5_000] for i in range(0, len(content), 5_000)]

        def counted() -> object:
            for piece in pieces:
                whole.budget.read(len(piece))
                yield piece

        whole.search(byte_source.ByteSource(counted()), path)  # type: ignore[arg-type]
        return whole.account

    return search


def places(account: SearchTotals) -> list[tuple[str, int, str]]:
    return [(finding.path, finding.offset, finding.form) for finding in account.findings]


@pytest.mark.parametrize(
    ("path", "content", "expected"),
    [
        ("x.zip", zipped({"b/c": TEXT, "d": b"nothing"}), "x.zip!/b/c"),
        ("x.zip", zipped({"b/c": TEXT}, zipfile.ZIP_STORED), "x.zip!/b/c"),
        ("x.zip", zipped({"b/c": TEXT}, zipfile.ZIP_BZIP2), "x.zip!/b/c"),
        ("x.tar", tarred({"b/c": TEXT, "d": b"x" * 513}), "x.tar!/b/c"),
        ("x.tar", tarred({"long/" * 60 + "c": TEXT}), "x.tar!/" + "long/" * 60 + "c"),
        ("x.tar", tarred({"long/" * 60 + "c": TEXT}, tarfile.GNU_FORMAT), "x.tar!/" + "long/" * 60 + "c"),
        ("x.tar", tarred({"c": TEXT}, tarfile.USTAR_FORMAT), "x.tar!/c"),
        ("x.deb", ar({"first": b"odd", "data": TEXT}), "x.deb!/data"),
        ("x.a", ar({"//": b"long-name-of-a-member.o/\n", "/0": TEXT}), "x.a!/long-name-of-a-member.o"),
        ("x.a", ar({"#1/8": b"bsd.o\0\0\0" + TEXT}), "x.a!/bsd.o"),
        ("x.log.gz", gzip.compress(TEXT), "x.log.gz!/x.log"),
        ("x.log.gz", gzip.compress(b"") + gzip.compress(TEXT), "x.log.gz!/x.log"),
        ("x.bz2", bz2.compress(TEXT), "x.bz2!/x"),
        ("x.xz", lzma.compress(TEXT), "x.xz!/x"),
        ("x.zst", zstandard.compress(TEXT), "x.zst!/x"),
        ("logs/x.tar.gz", gzip.compress(tarred({"c": TEXT})), "logs/x.tar.gz!/c"),
        ("x.deb", ar({"data.tar.xz": lzma.compress(tarred({"./c": TEXT}))}), "x.deb!/data.tar.xz!/./c"),
        ("x.zip", zipped({"in.zip": zipped({"c": TEXT})}), "x.zip!/in.zip!/c"),
        ("x.zip", zipped({"in.zip": zipped({"c": TEXT})}, zipfile.ZIP_STORED), "x.zip!/in.zip!/c"),
    ],
)  # fmt: skip
def test_a_key_is_found_in_a_member(
    found: Callable[..., SearchTotals], path: str, content: bytes, expected: str
) -> None:
    account = found(content, path)
    assert places(account) == [(expected, 11, "pem-pkcs8")]
    assert account.findings[0].key == planting.thumbprint(KEY)
    assert account.skipped == []
    assert account.bytes_scanned >= len(TEXT)


def test_a_zip_that_does_not_tell_sizes_is_read(found: Callable[..., SearchTotals]) -> None:
    account = found(streamed_zip("b/c", TEXT), "x.zip")
    assert places(account) == [("x.zip!/b/c", 11, "pem-pkcs8"), ("x.zip!/second", 11, "pem-pkcs8")]
    assert account.skipped == []


def test_what_follows_an_archive_is_searched(found: Callable[..., SearchTotals]) -> None:
    packed = gzip.compress(b"harmless")
    assert places(found(packed + PEM, "x.gz")) == [("x.gz", len(packed), "pem-pkcs8")]
    archive = zipped({"a": b"harmless"})
    assert places(found(archive + PEM, "x.zip")) == [("x.zip", len(archive), "pem-pkcs8")]


def test_an_archive_in_the_middle_of_a_dump_is_searched(found: Callable[..., SearchTotals]) -> None:
    noise = random.Random(3).randbytes(3_000)
    account = found(noise + zipped({"b": TEXT}) + noise, "dump")
    assert places(account) == [("dump", 3_000, "zip:pem-pkcs8")]


def test_a_damaged_page_in_a_dump_gives_what_comes_before_the_damage(
    found: Callable[..., SearchTotals],
) -> None:
    page = bytearray(zlib.compress(TEXT + random.Random(7).randbytes(30_000).hex().encode()))
    page[20_000:20_100] = bytes(100)
    account = found(bytes(500) + bytes(page), "dump")
    assert places(account) == [("dump", 500, "zlib:pem-pkcs8")]
    assert account.skipped == []


def test_stored_blocks_inside_one_another_take_no_time(found: Callable[..., SearchTotals]) -> None:
    # each begins a stored block of 64,768 bytes that holds many of the next: taken at their word, they multiply
    account = found(bytes.fromhex("78010000fdff0200") * 1_000, "dump")
    assert (account.findings, account.skipped) == ([], [])


def test_a_page_that_expands_too_far_is_told(
    found: Callable[..., SearchTotals], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "PAGE_LIMIT", 1 << 20)
    account = found(b"dump" + zlib.compress(bytes(5_000_000)) + PEM, "dump")
    assert [(skip.path, skip.reason) for skip in account.skipped] == [
        ("dump at 4", "compressed data expands too far")
    ]
    assert [found.form for found in account.findings] == ["pem-pkcs8"]


def test_damage_is_told_and_what_came_before_is_searched(found: Callable[..., SearchTotals]) -> None:
    content = gzip.compress(TEXT + random.Random(1).randbytes(200_000))
    account = found(content[:100_000], "x.gz")
    assert places(account)[0] == ("x.gz!/x", 11, "pem-pkcs8")
    assert [(skipped.path, skipped.reason) for skipped in account.skipped] == [
        ("x.gz", "compressed data is cut off")
    ]
    broken = bytearray(content)
    broken[60_000:60_100] = bytes(100)
    assert "compressed data is damaged" in {
        skipped.reason for skipped in found(bytes(broken), "x.gz").skipped
    }


def test_an_encrypted_member_is_skipped_and_counted(found: Callable[..., SearchTotals]) -> None:
    content = bytearray(zipped({"secret": b"x" * 100, "open": TEXT}, zipfile.ZIP_STORED))
    content[6] |= 1
    account = found(bytes(content), "x.zip")
    assert [(s.path, s.reason, s.size) for s in account.skipped] == [("x.zip!/secret", "encrypted", 100)]
    assert places(account) == [("x.zip!/open", 11, "pem-pkcs8")]


def test_an_unknown_method_is_skipped_and_counted(found: Callable[..., SearchTotals]) -> None:
    content = bytearray(zipped({"odd": b"x" * 100, "open": TEXT}, zipfile.ZIP_STORED))
    content[8] = 9
    account = found(bytes(content), "x.zip")
    assert [(s.reason, s.size) for s in account.skipped] == [("zip method 9 is not read", 100)]
    assert len(account.findings) == 1


@pytest.mark.parametrize("magic", archives.UNSUPPORTED)
def test_what_is_not_opened_is_told_and_searched_as_it_lies(
    found: Callable[..., SearchTotals], magic: bytes
) -> None:
    account = found(magic + bytes(100) + PEM, "x")
    assert [skipped.reason for skipped in account.skipped] == [archives.UNSUPPORTED[magic]]
    assert len(account.findings) == 1


def test_a_bomb_is_stopped(found: Callable[..., SearchTotals]) -> None:
    flat = gzip.compress(bytes(50_000_000))
    account = found(flat, "x.gz", ratio=100, floor=1 << 20)
    assert any("expands to more than 100 times" in skipped.reason for skipped in account.skipped)
    assert account.bytes_scanned < 12_000_000


def test_a_bomb_of_many_layers_is_stopped(found: Callable[..., SearchTotals]) -> None:
    layer = bytes(10_000)
    for _ in range(12):
        layer = zipped({f"{number}.zip": layer for number in range(2)})
    account = found(layer, "x.zip")
    assert any("deeper than 8" in skipped.reason for skipped in account.skipped)


def test_very_many_members_are_stopped(found: Callable[..., SearchTotals]) -> None:
    account = found(tarred({str(number): b"x" for number in range(50)}), "x.tar", members=20)
    assert [skipped.reason for skipped in account.skipped] == ["too many members"]


@given(data=st.data())
@settings(
    max_examples=examples(150), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_mutated_archives_never_break_the_search(
    found: Callable[..., SearchTotals], data: st.DataObject
) -> None:
    content = bytearray(data.draw(st.sampled_from([
        zipped({"b/c": EC_TEXT}), tarred({"b/c": EC_TEXT}), gzip.compress(EC_TEXT), bz2.compress(EC_TEXT), lzma.compress(EC_TEXT),
        zstandard.compress(EC_TEXT), ar({"data": EC_TEXT}), zlib.compress(EC_TEXT), streamed_zip("a", EC_TEXT),
    ])))  # fmt: skip
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    account = found(bytes(content[: data.draw(st.integers(1, len(content)))]), "x")
    assert {finding.key for finding in account.findings} <= {planting.thumbprint(EC_KEY)}


def test_names_that_are_no_text_are_escaped(found: Callable[..., SearchTotals], tmp_path: Path) -> None:
    content = tarred({"abc": TEXT}, tarfile.USTAR_FORMAT).replace(b"abc", b"\xff\x1bc")
    head = bytearray(content)
    head[148:156] = b" " * 8
    head[148:156] = f"{sum(head[:512]):06o}\0 ".encode()
    assert places(found(bytes(head), "x.tar"))[0][0] == "x.tar!/\\xff\x1bc"
