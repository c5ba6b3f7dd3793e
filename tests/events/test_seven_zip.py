"""7z archives of 7-Zip and hostile ones: each member read once, or a problem that says why not."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seawall.events.formats import seven_zip
from seawall.events.formats.limits import BODY, Limits
from seawall.events.formats.seven_zip import read_folders
from seawall.events.formats.zip_archive import BadArchive
from tests.events.archives import PACK, member, zip_of
from tests.events.support import mail_read, read_all, rows, signed_in
from tests.thoroughness import examples

SAMPLES = Path(__file__).parent / "table_samples"


def lines(first: int, count: int = 3) -> bytes:
    return "".join(json.dumps(mail_read(first + n)) + "\n" for n in range(count)).encode()


def read(path: Path, data: bytes, limits: Limits = Limits()) -> tuple[int, dict[str, str], set[str]]:  # noqa: B008
    """How many events came of a file, its problems by name, and the names of the files of events."""
    path.write_bytes(data)
    events, problems, count = read_all(path, limits=limits)
    assert count == events.num_rows + sum(problem.counts_as_record for problem in problems)
    short = str(path)
    found = {problem.source_file.removeprefix(short): str(problem.code) for problem in problems}
    return events.num_rows, found, {row["source_file"].removeprefix(short) for row in rows(events)}


def _raw(kind: int, data: bytes) -> bytes:
    return lzma.compress(data, lzma.FORMAT_RAW, filters=[{"id": kind, "dict_size": 1 << 20}])


@dataclass(frozen=True)
class Method:
    """A method by its id and properties, and what compresses by it."""

    number: bytes
    properties: bytes
    pack: Callable[[bytes], bytes]


METHODS = {
    "copy": Method(b"\x00", b"", bytes),
    "lzma": Method(
        b"\x03\x01\x01", b"\x5d" + struct.pack("<L", 1 << 20), lambda data: _raw(lzma.FILTER_LZMA1, data)
    ),
    "lzma2": Method(b"\x21", b"\x10", lambda data: _raw(lzma.FILTER_LZMA2, data)),
    "deflate": Method(b"\x04\x01\x08", b"", PACK["deflate"][1]),
    "bzip2": Method(b"\x04\x02\x02", b"", bz2.compress),
    "zstd": Method(b"\x04\xf7\x11\x01", b"\x01\x05\x03\x00\x00", PACK["zstd"][1]),
}


def number(value: int) -> bytes:
    return bytes([value]) if value < 0x80 else b"\xff" + struct.pack("<Q", value)


@dataclass(frozen=True)
class Folder:
    """A folder as it is written, with its members by name."""

    method: Method
    packed: bytes
    size: int
    sizes: tuple[int, ...]
    checksums: tuple[int, ...]
    names: tuple[str, ...]


def folder(method: str = "lzma2", /, **members: bytes) -> Folder:
    data = b"".join(members.values())
    sums = tuple(zlib.crc32(one) for one in members.values())
    packed = METHODS[method].pack(data)
    return Folder(METHODS[method], packed, len(data), tuple(map(len, members.values())), sums, tuple(members))


def coder(method: Method) -> bytes:
    size = len(method.number) | (0x20 if method.properties else 0)
    properties = number(len(method.properties)) + method.properties if method.properties else b""
    return number(1) + bytes([size]) + method.number + properties


def streams_of(*folders: Folder, at: int = 0, is_plain: bool = False) -> bytes:
    """What a directory says about these folders, of which the first one begins at `at`."""
    out = (
        b"\x06"
        + number(at)
        + number(len(folders))
        + b"\x09"
        + b"".join(number(len(f.packed)) for f in folders)
    )
    out += b"\0\x07\x0b" + number(len(folders)) + b"\0" + b"".join(coder(f.method) for f in folders)
    out += b"\x0c" + b"".join(number(f.size) for f in folders)
    if is_plain:
        return out + b"\x0a\x01" + b"".join(struct.pack("<L", f.checksums[0]) for f in folders) + b"\0\0"
    out += b"\0\x08\x0d" + b"".join(number(len(f.sizes)) for f in folders)
    out += b"\x09" + b"".join(number(size) for f in folders for size in f.sizes[:-1])
    return (
        out + b"\x0a\x01" + b"".join(struct.pack("<L", one) for f in folders for one in f.checksums) + b"\0\0"
    )


def wrap(content: bytes, header: bytes) -> bytes:
    """An archive of these bytes and this directory."""
    start = struct.pack("<QQL", len(content), len(header), zlib.crc32(header))
    return b"7z\xbc\xaf\x27\x1c\0\4" + struct.pack("<L", zlib.crc32(start)) + start + content + header


def seven_zip_of(*folders: Folder, empty: str = "") -> bytes:
    """An archive of these folders, and of an empty member if it has a name."""
    names = [name for one in folders for name in one.names]
    files = b""
    if empty:
        names.insert(0, empty)
        bits = bytes([0x80, *[0] * ((len(names) - 1) // 8)])
        files += b"\x0e" + number(len(bits)) + bits + b"\x0f\x01\x80"
    listed = b"\0" + b"".join(name.encode("utf-16-le") + b"\0\0" for name in names)
    files = number(len(names)) + files + b"\x11" + number(len(listed)) + listed + b"\0"
    header = b"\x01\x04" + streams_of(*folders) + b"\x05" + files + b"\0"
    return wrap(b"".join(one.packed for one in folders), header)


@pytest.mark.parametrize("method", ["lzma2", "lzma", "deflate", "bzip2"])
def test_archives_of_7_zip_are_read(tmp_path: Path, method: str) -> None:
    plain = "".join(json.dumps(r) + "\n" for r in [mail_read(1), signed_in(2), mail_read(3)])
    (tmp_path / "a").write_text(plain)
    expected = {row["metadata_uid"] for row in rows(read_all(tmp_path / "a")[0])}
    events, problems, _ = read_all(SAMPLES / f"7zip_{method}.7z")
    assert not problems
    assert {row["metadata_uid"] for row in rows(events)} == expected
    assert {row["source_file"].rpartition("!")[2] for row in rows(events)} == {"audit.jsonl", "more.json"}


@pytest.mark.parametrize(("name", "words"), [("ppmd", "PPMd"), ("encrypted", "encrypted")])
def test_what_is_not_read_is_said_with_what_to_do(name: str, words: str) -> None:
    events, (problem,), _ = read_all(SAMPLES / f"7zip_{name}.7z")
    assert (events.num_rows, problem.code) == (0, "unreadable")
    assert words in problem.reason
    assert "unpack it first" in problem.reason


@pytest.mark.parametrize("method", METHODS)
def test_each_member_of_each_folder_is_read(tmp_path: Path, method: str) -> None:
    data = seven_zip_of(folder(method, a=lines(0), b=lines(10)), folder(method, c=lines(20)), empty="nothing")
    assert read(tmp_path / "a", data) == (9, {"!nothing": "not-a-log"}, {"!a", "!b", "!c"})
    assert read(tmp_path / "a", zip_of(member(b"x", data)))[::2] == (9, {"!x!a", "!x!b", "!x!c"})
    inner = folder(method, a=gzip.compress(lines(0)), z=data)
    assert read(tmp_path / "a", seven_zip_of(inner))[0] == 12
    assert read(tmp_path / "a", gzip.compress(zip_of(member(b"x", data)))) == (0, {"!x": "bomb"}, set())


def test_a_packed_directory_is_read_and_one_without_end_is_not(tmp_path: Path) -> None:
    one = folder(a=lines(0))
    listed = b"\0a\0\0\0"
    inner = b"\x01\x04" + streams_of(one) + b"\x05\x01\x11" + number(len(listed)) + listed + b"\0\0"
    packed = folder("lzma", header=inner)
    outer = b"\x17" + streams_of(packed, at=len(one.packed), is_plain=True)
    assert read(tmp_path / "a", wrap(one.packed + packed.packed, outer)) == (3, {}, {"!a"})
    header = b"\x17" + streams_of(folder("copy", header=b""), is_plain=True)
    for _ in range(9):
        packed = folder("copy", header=header)
        header = b"\x17" + streams_of(packed, is_plain=True)
    assert read(tmp_path / "a", wrap(packed.packed, header)) == (0, {"": "unreadable"}, set())


def test_members_that_cannot_be_read_cost_no_other_folder(tmp_path: Path) -> None:
    good, bad = folder(c=lines(20)), folder("deflate", a=lines(0), b=lines(10))
    broken = Folder(bad.method, b"\xff" * 50, bad.size, bad.sizes, bad.checksums, bad.names)
    problems = {"!a": "unreadable", "!b": "unreadable"}
    assert read(tmp_path / "a", seven_zip_of(broken, good)) == (3, problems, {"!c"})
    wrong = Folder(bad.method, bad.packed, bad.size, bad.sizes, (7, bad.checksums[1]), bad.names)
    assert read(tmp_path / "a", seven_zip_of(wrong, good)) == (9, {"!a": "unreadable"}, {"!a", "!b", "!c"})
    longer = Folder(bad.method, bad.packed, bad.size + 900, bad.sizes, bad.checksums, bad.names)
    count, problems, _ = read(tmp_path / "a", seven_zip_of(longer, good))
    assert (count, set(problems.values())) == (9, {"unreadable"})
    unknown = Folder(Method(b"\x03\x04\x01", b"", bytes), b"x" * 9, 9, (4, 5), (0, 0), ("a", "b"))
    assert read(tmp_path / "a", seven_zip_of(unknown, good)) == (3, {"!a": "unreadable"}, {"!c"})


def test_windows_that_demand_much_memory_are_refused(tmp_path: Path) -> None:
    for method in (Method(b"\x21", b"\x28", bytes), Method(b"\x03\x01\x01", b"\x5d\xff\xff\xff\xff", bytes)):
        one = Folder(method, b"x" * 9, 9, (9,), (0,), ("a",))
        path = tmp_path / "a"
        path.write_bytes(seven_zip_of(one))
        (problem,) = read_all(path)[1]
        assert "window" in problem.reason
    for method in (Method(b"\x21", b"\x29", bytes), Method(b"\x03\x01\x01", b"\xff\0\0\0\0", bytes)):
        assert read(tmp_path / "a", seven_zip_of(Folder(method, b"x", 9, (9,), (0,), ("a",))))[1] == {
            "": "unreadable"
        }


def test_a_cut_archive_is_a_problem(tmp_path: Path) -> None:
    data = seven_zip_of(folder(a=lines(0)))
    for cut in range(6, len(data) - 1, 13):
        assert read(tmp_path / "a", data[:cut]) == (0, {"": "unreadable"}, set())


def test_directories_that_state_more_than_they_hold_are_damage() -> None:
    one = folder(a=lines(0))
    begin = b"\x01\x04" + streams_of(one) + b"\x05"
    cases = {
        "files": begin + number(1 << 60),
        "names": begin + number(1) + b"\x11" + number(1 << 60),
        "streams": b"\x01\x04\x06" + number(0) + number(1 << 60),
        "places": b"\x01\x04\x06" + number(1 << 60) + number(1) + b"\x09" + number(5),
        "folders": b"\x01\x04\x06\0\0\0\x07\x0b" + number(1 << 60) + b"\0",
        "methods": b"\x01\x04\x06\0\0\0\x07\x0b\x01\0" + number(1 << 60),
        "inputs": b"\x01\x04\x06\0\0\0\x07\x0b\x01\0\x01\x11\x21" + number(1 << 60) + b"\x01",
        "no output": b"\x01\x04\x06\0\0\0\x07\x0b\x01\0\x01\x11\x21\x01\x00",
        "substreams": b"\x01\x04"
        + streams_of(one, is_plain=True)[:-1]
        + b"\x08\x0d"
        + number(1 << 60)
        + b"\0",
        "another kind": b"\x02",
        "nothing": b"\x01",
    }
    for name, header in cases.items():
        with pytest.raises(BadArchive):
            read_folders(io.BytesIO(wrap(one.packed, header)))
        assert name


def test_a_directory_beyond_the_limit_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = seven_zip_of(folder(a=lines(0)))
    monkeypatch.setattr(seven_zip, "_LARGEST_HEADER", 50)
    assert read(tmp_path / "a", data) == (0, {"": "unreadable"}, set())


@pytest.mark.parametrize("limits", [Limits(), BODY], ids=["file", "body"])
def test_a_bomb_ends_at_the_limit(tmp_path: Path, limits: Limits) -> None:
    data = lines(0) + b" " * (36 << 20)
    count, problems, _ = read(
        tmp_path / "a", seven_zip_of(folder(a=data, b=lines(10)), folder(c=lines(20))), limits
    )
    assert "bomb" in problems.values()
    assert count >= 3
    many = seven_zip_of(*(folder(**{f"m{n}": lines(n, 1) + b"\n" * (5 << 20)}) for n in range(8)))
    count, problems, _ = read(tmp_path / "a", many, limits)
    assert set(problems.values()) == {"bomb"}
    assert count < 8


def test_members_beyond_the_limit_are_said(tmp_path: Path) -> None:
    data = seven_zip_of(folder(**{f"m{n}": lines(10 * n) for n in range(5)}))
    assert read(tmp_path / "a", data, Limits(archive_members=2)) == (6, {"": "bomb"}, {"!m0", "!m1"})


@settings(max_examples=examples(150), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    method=st.sampled_from(sorted(METHODS)),
    changes=st.lists(st.tuples(st.integers(0, 1 << 20), st.integers(0, 255)), min_size=1, max_size=5),
    is_header=st.booleans(),
)
def test_no_damage_raises_and_all_is_accounted_for(
    tmp_path_factory: Any, method: str, changes: list[tuple[int, int]], *, is_header: bool
) -> None:
    one, other = folder(method, a=lines(0), b=lines(10)), folder("copy", c=lines(20))
    data = bytearray(seven_zip_of(one, other, empty="x"))
    content = len(one.packed) + len(other.packed)
    if is_header:
        header = bytearray(data[32 + content :])
        for place, value in changes:
            header[place % len(header)] = value
        data = bytearray(wrap(bytes(data[32 : 32 + content]), bytes(header)))
    else:
        for place, value in changes:
            data[place % len(data)] = value
    _, problems, _ = read(tmp_path_factory.mktemp("any") / "a", bytes(data))
    assert "reader-failed" not in problems.values()
