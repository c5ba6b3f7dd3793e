"""Compressed, damaged, hostile and oddly encoded input: never a traceback, never a lost record."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from seawall.events.formats.inflating import is_lzma
from seawall.events.readers import Limits, read, total_bytes
from tests.events.support import mail_read, read_all, rows, write_lines

LINES = "".join(json.dumps(mail_read(n)) + "\n" for n in range(50))


def codes(path: Path, limits: Limits = Limits()) -> tuple[int, list[tuple[str, bool]]]:  # noqa: B008
    events, problems, _ = read_all(path, limits=limits)
    return events.num_rows, [(problem.code, problem.counts_as_record) for problem in problems]


def zipped(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def alone(data: bytes) -> bytes:
    """Compress as programs did before xz."""
    return lzma.compress(data, lzma.FORMAT_ALONE)


SINGLE = [gzip.compress, zstandard.compress, bz2.compress, lzma.compress, alone]
"""Compressors of one file."""


@pytest.mark.parametrize("pack", [*SINGLE, lambda data: zipped(a=data)])
def test_compressed(tmp_path: Path, pack: object) -> None:
    path = tmp_path / "no-telling-name"
    path.write_bytes(pack(LINES.encode()))  # type: ignore[operator]
    assert codes(path) == (50, [])


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress, bz2.compress, lzma.compress])
def test_streams_one_after_the_other_are_one_text(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    """Parallel compressors write so."""
    data = LINES.encode()
    path = tmp_path / "a"
    path.write_bytes(pack(data[:1000]) + pack(b"") + pack(data[1000:]))
    assert codes(path) == (50, [])


@pytest.mark.parametrize("pack", [bz2.compress, lzma.compress])
def test_padding_is_no_damage_and_other_bytes_are(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "a"
    path.write_bytes(pack(LINES.encode()) + bytes(8) + pack(b"\n") + bytes(40_000))
    assert codes(path) == (50, [])
    path.write_bytes(pack(LINES.encode()) + b"garbage")
    assert codes(path) == (50, [("unreadable", False)])


@pytest.mark.parametrize("pack", [bz2.compress, lzma.compress, alone])
def test_a_compressed_tar_archive_counts_as_one(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, data in {"plain": LINES.encode(), "inner": bz2.compress(LINES.encode())}.items():
            header = tarfile.TarInfo(name)
            header.size = len(data)
            archive.addfile(header, io.BytesIO(data))
    path = tmp_path / "a"
    path.write_bytes(pack(buffer.getvalue()))
    assert codes(path) == (100, [])


def test_decompressors_that_demand_much_memory_are_refused(tmp_path: Path) -> None:
    """The header of the file states the size of the window."""
    path = tmp_path / "a"
    data = bytearray(alone(LINES.encode()))
    data[1:5] = (1 << 31).to_bytes(4, "little")
    path.write_bytes(data)
    assert codes(path) == (0, [("unreadable", False)])
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 256 << 20}]
    try:
        path.write_bytes(lzma.compress(LINES.encode(), lzma.FORMAT_XZ, filters=filters))
    except MemoryError:
        pytest.skip("too little memory to write such a file")
    assert codes(path) == (0, [("unreadable", False)])


def test_the_form_before_xz_is_recognised_and_nothing_else() -> None:
    assert is_lzma(alone(b""))
    assert is_lzma(alone(LINES.encode())[:14])
    assert not is_lzma(alone(LINES.encode())[:13])
    assert not is_lzma(b"]" * 20)
    assert not is_lzma(b"]\0\0\0\0" + b"\0" * 9)
    assert not is_lzma(b"]\0\0\x80\0" + b"\x01" * 8 + b"\0")


def test_zip_members_and_nesting(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    data = LINES.encode()
    path.write_bytes(zipped(plain=data, inner=gzip.compress(data), readme=b"read me"))
    events, problems, _ = read_all(path)
    assert events.num_rows == 100
    assert [(problem.code, problem.source_file) for problem in problems] == [("not-a-log", f"{path}!readme")]
    assert {row["source_file"] for row in rows(events)} == {f"{path}!plain", f"{path}!inner"}
    path.write_bytes(zipped(inner=zipped(innermost=data)))
    assert codes(path) == (50, [])
    path.write_bytes(zipped(inner=zipped(more=zipped(innermost=data))))
    assert codes(path) == (0, [("bomb", False)])


def test_gzip_bomb(tmp_path: Path) -> None:
    path = tmp_path / "bomb.gz"
    path.write_bytes(gzip.compress(LINES.encode() + b" " * (80 << 20)))
    events, found = codes(path)
    assert events == 50
    assert found[-1] == ("bomb", False)
    path.write_bytes(gzip.compress(LINES.encode() * 40))
    assert codes(path, Limits(member_bytes=10_000))[1][-1] == ("bomb", False)


def test_zip_bomb(tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    path.write_bytes(zipped(a=LINES.encode() + b"\n" * (80 << 20)))
    assert codes(path)[1][-1] == ("bomb", False)


@pytest.mark.parametrize("pack", SINGLE)
def test_truncated_archive_gives_what_was_readable(tmp_path: Path, pack: object) -> None:
    path = tmp_path / "cut"
    noise = "".join(json.dumps(mail_read(n, Noise=os.urandom(40).hex())) + "\n" for n in range(3000))
    data = pack(noise.encode())  # type: ignore[operator]
    path.write_bytes(data[: len(data) * 3 // 4])
    events, found = codes(path)
    assert events > 500
    assert found[-1] == ("unreadable", False)
    path.write_bytes(data[:16])
    assert codes(path) == (0, [("unreadable", False)])


def test_damaged_zip(tmp_path: Path) -> None:
    path = tmp_path / "cut.zip"
    path.write_bytes(zipped(a=LINES.encode())[:200])
    assert codes(path) == (0, [("unreadable", False)])


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(LINES.replace("\n", "\r\n").encode(encoding))
    assert codes(path) == (50, [])


def test_nul_bytes_and_truncated_last_line(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(LINES.encode() + b"\0" * 100 + b"\n" + LINES.encode()[:300])
    assert codes(path) == (50, [("not-json", True), ("not-json", True)])


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "not-a-log"),
        (b"\n\n \n", "not-a-log"),
        (b"\0" * 1000, "not-a-log"),
        (os.urandom(4096), "not-a-log"),
        (b"# Title\n\nSome text, with commas, and the time of day.\n" * 30, "not-a-log"),
        (b"title: a rule\nlogsource:\n  product: azure\n", "not-a-log"),
        (
            b"Permission is hereby granted, free of charge, to any person obtaining a copy at any time\n",
            "not-a-log",
        ),
        (b"\x1f\x8b\x08", "unreadable"),
        (b"PK\x03\x04", "unreadable"),
        (b"\x28\xb5\x2f\xfd\x00", "unreadable"),
        (bz2.compress(b"")[:10], "unreadable"),
        (b"BZh is how a bzip2 file begins, at any time", "not-a-log"),
        (b"\xfd7zXZ\0\0\4", "unreadable"),
        (alone(b"")[:20], "unreadable"),
    ],
)
def test_not_a_log(tmp_path: Path, data: bytes, code: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(data)
    assert codes(path) == (0, [(code, False)])


def test_giant_line_deep_nesting_and_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    deep = '{"CreationTime":' + "[" * 100 + "]" * 100 + "}"
    with path.open("w") as out:
        out.write(LINES)
        out.write('{"a":"')
        for _ in range(40):
            out.write("x" * (1 << 20))
        out.write('"}\n' + deep + "\n" + LINES)
    assert codes(path) == (100, [("too-large", True), ("too-deep", True)])
    path.write_text('{"a":"' + "x" * (40 << 20))
    assert codes(path) == (0, [("too-large", True)])
    path.write_text("[" * 100_000)
    assert all(code in ("not-json", "too-deep") for code, _ in codes(path)[1])


def test_paths_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    (tmp_path / "loop").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    write_lines(tmp_path / "it's [a] *?.json", [mail_read()])
    events, problems, records = read_all(tmp_path, tmp_path / "missing")
    assert (events.num_rows, records) == (1, 1)
    assert sorted(problem.code for problem in problems) == ["not-a-log", "unreadable", "unreadable"]
    assert read_all(tmp_path / "empty-folder-that-is-missing")[2] == 0


def test_bytes_read_add_up(tmp_path: Path) -> None:
    write_lines(tmp_path / "a.json", [mail_read(n) for n in range(500)])
    (tmp_path / "b.gz").write_bytes(gzip.compress(LINES.encode()))
    assert sum(batch.bytes_read for batch in read([tmp_path])) == total_bytes([tmp_path])


def test_secrets_are_masked_in_excerpts(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    token = "eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJ4In0.c2lnbmF0dXJlc2lnbmF0dXJl"
    path.write_text(LINES + f'{{"token":"{token}","password":"hunter2hunter2","key":"{"A" * 60}"\n')
    _, problems, _ = read_all(path)
    assert "eyJ" not in problems[0].excerpt
    assert "hunter2" not in problems[0].excerpt
    assert "AAAA" not in problems[0].excerpt
