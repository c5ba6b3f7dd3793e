"""Archives that expand beyond all measure, read in a process of their own whose memory and time are measured."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

import pytest
import zstandard

from seawall.events.formats.limits import BODY, Limits
from tests.events.archives import PACK, Member, member, tar_file, tar_of, zip_of
from tests.events.avro_writer import avro_of, block, text
from tests.events.support import mail_read, read_all
from tests.events.test_seven_zip import folder, seven_zip_of
from tests.events.workbook_writer import row, strings, workbook_of

MEGABYTE = 1 << 20
MOST_MEMORY = 400 * MEGABYTE
"""Bytes of a process that has loaded everything (about 170 MB), and reads."""

MOST_SECONDS = 30.0
"""Seconds of processor time, of which about two go to loading."""

SHARED_CELL = '<c t="s"><v>0</v></c>'
RECORD = json.dumps(mail_read(1)).encode() + b"\n"


def _zip_of_one(method: str) -> bytes:
    return zip_of(member(b"x", RECORD + b" " * (60 * MEGABYTE), method))


def _hundred_zstd() -> bytes:
    """110 kB, of which each member is small enough to be let through by itself."""
    one = member(b"x", RECORD + b" " * (31 * MEGABYTE), "zstd")
    return zip_of(*(Member(b"%d" % n, one.packed, one.method, one.checksum, 0, one.size) for n in range(100)))


def _zips_in_zip() -> bytes:
    one = _zip_of_one("bzip2")
    return zip_of(*(member(b"%d" % n, one, "stored") for n in range(20)))


def _overlapping() -> bytes:
    """A directory of 20,000 entries, all of the same stored megabyte."""
    data = zip_of(member(b"x", RECORD + b" " * MEGABYTE, "stored"))
    end = data.rindex(b"PK\x05\x06")
    start = data.rindex(b"PK\x01\x02")
    entry = data[start:end]
    return (
        data[:start]
        + entry * 20_000
        + data[end : end + 12]
        + (20_000 * len(entry)).to_bytes(4, "little")
        + data[end + 16 :]
    )


def _many_frames() -> bytes:
    return zstandard.compress(RECORD) + zstandard.compress(b" " * (8 * MEGABYTE), 3) * 400


BOMBS: dict[str, Callable[[], bytes]] = {
    **{f"zip {method}": partial(_zip_of_one, method) for method in PACK if method != "stored"},
    "zip of bzip2 of gigabytes": lambda: zip_of(Member(b"x", _bzip2_bomb(), 12)),
    "hundred zstd members": _hundred_zstd,
    "overlapping members": _overlapping,
    "zstd of many frames": _many_frames,
    "bzip2": lambda: bz2.compress(RECORD + b" " * (100 * MEGABYTE)),
    "bzip2 of many streams": lambda: bz2.compress(RECORD) + bz2.compress(b"\n" * (8 * MEGABYTE)) * 400,
    "xz": lambda: lzma.compress(RECORD + b" " * (100 * MEGABYTE)),
    "xz of many streams": lambda: lzma.compress(RECORD) + lzma.compress(b"\n" * (8 * MEGABYTE)) * 400,
    "xz of empty streams": lambda: lzma.compress(b"") * 50_000,
    "lzma": lambda: lzma.compress(RECORD + b" " * (100 * MEGABYTE), lzma.FORMAT_ALONE),
    "7z": lambda: seven_zip_of(folder(x=RECORD + b" " * (100 * MEGABYTE))),
    "avro": lambda: avro_of(
        "bytes", block(text(bytes(15 * MEGABYTE)), codec="deflate") * 30, codec="deflate"
    ),
    "avro of spaces": lambda: avro_of(
        "string", block(text(b" " * (30 * MEGABYTE)), codec="bzip2") * 400, codec="bzip2"
    ),
    "workbook": lambda: workbook_of(
        [row("<c t='str'><v>time</v></c>" * 2), *[row(SHARED_CELL * 500)] * 5_000],
        shared=strings("<si><t>" + "x" * 60_000 + "</t></si>"),
    ),
    "gzip of many members": lambda: gzip.compress(RECORD) + gzip.compress(b"\n" * (8 * MEGABYTE)) * 400,
    "gzip of empty members": lambda: gzip.compress(b"") * 100_000,
    "gzip in gzip": lambda: gzip.compress(gzip.compress(RECORD + b" " * (100 * MEGABYTE))),
    "zip in zip": _zips_in_zip,
    "tar.gz": lambda: gzip.compress(
        tar_of(*((tar_file(str(n)), RECORD + b" " * (4 * MEGABYTE)) for n in range(20)))
    ),
    "array of long texts": lambda: gzip.compress(
        b'[{"time":"' + b'"},{"time":"'.join([b"x" * (10 * MEGABYTE)] * 8) + b'"}]'
    ),
    "array of numbers": lambda: gzip.compress(b'[{"time":1},' + b"1," * (7 * MEGABYTE) + b"1]"),
    "array of arrays": lambda: gzip.compress(b'[{"time":1},' + b"[]," * (MEGABYTE // 4) + b"[]]"),
}

_PROGRAM = """
import json, resource, sys
from pathlib import Path
from seawall.pipeline.live.ingest_queue import batches_of
from seawall.events.readers import Limits, read
from seawall.events.formats.limits import BODY
path = Path(sys.argv[2])
batches = read([path]) if sys.argv[1] == "file" else batches_of(path.read_bytes(), "token", BODY)
records = events = counted = 0
codes = set()
for batch in batches:
    records += batch.records
    events += batch.events.num_rows
    counted += sum(problem.counts_as_record for problem in batch.problems)
    codes |= {problem.code for problem in batch.problems}
usage = resource.getrusage(resource.RUSAGE_SELF)
peak = usage.ru_maxrss * 1024
if Path("/proc/self/status").exists():  # the other one knows the process from which this one was forked
    peak = int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]) * 1024
print(json.dumps([records, events, counted, sorted(codes), peak, usage.ru_utime + usage.ru_stime]))
"""


def _bzip2_bomb() -> bytes:
    """Two hundred bytes that stand for 512 MiB."""
    machine, parts = bz2.BZ2Compressor(9), list[bytes]()
    parts += [machine.compress(bytes(16 * MEGABYTE)) for _ in range(32)]
    return b"".join([*parts, machine.flush()])


@cache
def _bomb(name: str) -> bytes:
    """What is small takes long to make."""
    return BOMBS[name]()


@pytest.mark.slow
@pytest.mark.parametrize("way", ["file", "body"])
@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_takes_little_memory_and_time(tmp_path: Path, name: str, way: str) -> None:
    path = tmp_path / "bomb"
    path.write_bytes(_bomb(name))
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, way, str(path)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.stderr == ""
    records, events, counted, codes, memory, seconds = json.loads(done.stdout)
    assert records == events + counted
    assert memory < MOST_MEMORY, f"{memory / MEGABYTE:.0f} MB"
    assert seconds < MOST_SECONDS
    if not name.startswith(
        ("array", "gzip of empty", "xz of empty", "zip of bzip2 of")
    ):  # whose first bytes are those of no log
        assert "bomb" in codes


def test_an_ordinary_archive_of_many_logs_is_no_bomb(tmp_path: Path) -> None:
    text = "".join(json.dumps(mail_read(n)) + "\n" for n in range(2_000)).encode()
    for limits in (Limits(), BODY):
        members = limits.ratio_grace_bytes // len(text) + 2
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
            for n in range(members):
                archive.writestr(f"{n}.jsonl", text)
        (tmp_path / "a.zip").write_bytes(buffer.getvalue())
        events, problems, _ = read_all(tmp_path / "a.zip", limits=limits)
        assert (events.num_rows, problems) == (members * 2_000, [])


def test_what_came_before_the_limit_is_read_and_the_rest_is_said(tmp_path: Path) -> None:
    members = [
        member(b"%d" % n, RECORD.replace(b"tok1", b"t%d" % n) + b"\n" * (3 * MEGABYTE)) for n in range(9)
    ]
    (tmp_path / "a.zip").write_bytes(zip_of(*members))
    events, problems, _ = read_all(tmp_path / "a.zip", limits=Limits(ratio_grace_bytes=10 * MEGABYTE))
    assert events.num_rows >= 3
    assert {problem.code for problem in problems} == {"bomb"}
    assert re.search(r"those from number [4-8] on were not read", problems[-1].reason)
