"""ZIP and tar files with hostile names, headers and sizes: each member read once, or a problem that says why not."""

from __future__ import annotations

import gzip
import io
import json
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from seawall.events.formats.bounded import BoundedStream, MemberNames
from seawall.events.formats.tar_archive import BadTar, is_tar, tar_members
from seawall.events.readers import Limits
from tests.events.archives import PACK, Member, member, tar_file, tar_of, zip_of
from tests.events.support import mail_read, read_all, rows


def lines(first: int, count: int = 3) -> bytes:
    return "".join(json.dumps(mail_read(first + n)) + "\n" for n in range(count)).encode()


def read_bytes(path: Path, data: bytes, limits: Limits = Limits()) -> tuple[int, dict[str, str], set[str]]:  # noqa: B008
    """How many events came of a file, its problems by name, and the names of the files of events."""
    path.write_bytes(data)
    events, problems, _ = read_all(path, limits=limits)
    short = str(path)
    found = {problem.source_file.removeprefix(short): str(problem.code) for problem in problems}
    return events.num_rows, found, {row["source_file"].removeprefix(short) for row in rows(events)}


@pytest.mark.parametrize("method", PACK)
def test_every_method_of_a_zip_member_is_read(tmp_path: Path, method: str) -> None:
    assert read_bytes(tmp_path / "a", zip_of(member(b"x", lines(0), method))) == (3, {}, {"!x"})


NAMES = {
    b"": "!#1",
    b" \t ": "!#1",
    b"\0": "!\ufffd",
    b"a\0b": "!a\ufffdb",
    b"/etc/passwd": "!/etc/passwd",
    b"../../up": "!../../up",
    b"C:\\x": "!C:\\x",
    b"n" * 65_535: "!" + "n" * 500 + "…",
    b"\xff\xfe": "!\xa0■",
    b"\x1b[31m\r\n": "!\x1b[31m\r\n",
}


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_any_name_of_a_zip_member_is_a_label(tmp_path: Path, name: bytes) -> None:
    data = zip_of(member(name, lines(0)), member(b"other", lines(10)))
    assert read_bytes(tmp_path / "a", data) == (6, {}, {NAMES[name], "!other"})


def test_a_name_that_is_no_utf_8_hides_no_other_member(tmp_path: Path) -> None:
    data = zip_of(member(b"\xff\xed\xa0\x80", lines(0), flags=0x800), member(b"other", lines(10)))
    count, problems, names = read_bytes(tmp_path / "a", data)
    assert (count, problems, len(names)) == (6, {}, 2)


def test_names_that_come_twice_are_told_apart(tmp_path: Path) -> None:
    data = zip_of(*(member(b"x", lines(10 * n)) for n in range(3)))
    assert read_bytes(tmp_path / "a", data) == (9, {}, {"!x", "!x#2", "!x#3"})


def test_folders_hold_nothing_unless_they_do(tmp_path: Path) -> None:
    data = zip_of(Member(b"folder/", b""), member(b"hidden/", lines(0)), Member(b"/", b""))
    assert read_bytes(tmp_path / "a", data) == (3, {}, {"!hidden/"})


def test_members_that_cannot_be_read_cost_no_other(tmp_path: Path) -> None:
    whole = member(b"cut", lines(0, 400))
    data = zip_of(
        Member(b"locked", b"x" * 99, 8, 0, 0x1, 99),
        Member(b"implode", b"x" * 99, 6, 0, 0, 99),
        Member(b"noise", b"\xff" * 99, 8, 0, 0, 99),
        Member(b"window", b"\x09\x04" + struct.pack("<HBI", 5, 93, 0xFFFFFFFF) + b"x" * 99, 14, 0, 0, 99),
        Member(b"properties", b"\x09\x04" + struct.pack("<HBI", 9, 255, 0) + b"x" * 99, 14, 0, 0, 99),
        Member(b"cut", whole.packed[:200], 8, whole.checksum, 0, whole.size),
        Member(b"checksum", member(b"", lines(10)).packed, 8, 7, 0, 0),
        member(b"sound", lines(20)),
    )
    count, problems, names = read_bytes(tmp_path / "a", data)
    assert problems.pop("!cut", "unreadable") in ("unreadable", "not-json")
    assert problems == dict.fromkeys(
        ("!locked", "!implode", "!noise", "!window", "!properties", "!checksum"), "unreadable"
    )
    assert names >= {"!sound", "!checksum"}
    assert count >= 6


def test_a_zip_file_behind_other_bytes_and_before_a_comment_is_read(tmp_path: Path) -> None:
    comment = b"PK\x05\x06" + b"c" * 60_000
    path = tmp_path / "a"
    data = zip_of(member(b"x", lines(0)), before=b"PK\x03\x04" + b"#" * 5_000, comment=comment)
    assert read_bytes(path, data) == (3, {}, {"!x"})
    for cut in range(len(data) - 60_022, len(data) - 60_000):
        read_bytes(path, data[:cut])


def test_large_zip_files_with_64_bit_fields_are_read(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(buffer, "w") as archive,
        archive.open(zipfile.ZipInfo("x"), "w", force_zip64=True) as target,
    ):
        target.write(lines(0))
    assert read_bytes(tmp_path / "a", buffer.getvalue()) == (3, {}, {"!x"})
    plain = zip_of(member(b"x", lines(0), "stored"))
    end = plain.rindex(b"PK\x05\x06")
    length, offset = struct.unpack_from("<2L", plain, end + 12)
    large = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 1, 1, length, offset)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, end, 1)
    small = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    assert read_bytes(tmp_path / "a", plain[:end] + large + locator + small) == (3, {}, {"!x"})


def test_more_members_than_an_archive_may_have_are_not_read(tmp_path: Path) -> None:
    data = zip_of(*(member(b"%d" % n, lines(10 * n)) for n in range(5)))
    assert read_bytes(tmp_path / "a", data, Limits(archive_members=2)) == (6, {"": "bomb"}, {"!0", "!1"})
    packed = tar_of(*((tar_file(str(n)), lines(10 * n)) for n in range(5)))
    assert read_bytes(tmp_path / "a", packed, Limits(archive_members=2)) == (6, {"": "bomb"}, {"!0", "!1"})


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstandard.compress], ids=["tar", "tar.gz", "tar.zst"])
@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_each_record_of_a_tar_archive_is_read(
    tmp_path: Path, pack: Callable[[bytes], bytes], form: int
) -> None:
    """The first record of each file in a `.tar.gz` was lost with the header before it."""
    long = "folder/" + "n" * 120 + "/x.jsonl" if form == tarfile.USTAR_FORMAT else "ä" * 300
    data = tar_of(
        (tar_file("a.jsonl"), lines(0)),
        (tar_file("folder", tarfile.DIRTYPE), b""),
        (tar_file(long), lines(10)),
        (tar_file("inner.gz"), gzip.compress(lines(20))),
        form=form,
    )
    expected = {"!a.jsonl", f"!{long}", "!inner.gz"}
    assert read_bytes(tmp_path / "a", pack(data)) == (9, {}, expected)


def test_links_and_devices_are_said_and_never_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(lines(90))
    kinds = (tarfile.LNKTYPE, tarfile.SYMTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE, b"S", b"Z")
    headers = [(tar_file(f"{n}", kind, str(tmp_path / "secret")), b"") for n, kind in enumerate(kinds)]
    data = tar_of(*headers, (tar_file("a"), lines(0)), form=tarfile.GNU_FORMAT)
    count, problems, names = read_bytes(tmp_path / "a", data)
    assert (count, names) == (3, {"!a"})
    assert problems == {f"!{n}": "not-a-log" for n in range(len(kinds))}


def test_archives_one_behind_the_other_are_read(tmp_path: Path) -> None:
    data = tar_of((tar_file("a"), lines(0))) + tar_of((tar_file("b"), lines(10))) + b"\0" * 4096
    assert read_bytes(tmp_path / "a", data) == (6, {}, {"!a", "!b"})


def test_hostile_headers_of_a_tar_archive_are_damage(tmp_path: Path) -> None:
    good = tar_of((tar_file("a"), lines(0)), form=tarfile.USTAR_FORMAT)
    good = good[: 512 + -(-len(lines(0)) // 512) * 512]

    def header(**fields: bytes) -> bytes:
        block = bytearray(good[:512])
        for name, (start, size) in {"size": (124, 12), "kind": (156, 1), "name": (0, 100)}.items():
            if name in fields:
                block[start : start + size] = fields[name].ljust(size, b"\0")
        block[148:156] = b" " * 8
        block[148:156] = b"%06o\0 " % sum(block)
        return bytes(block)

    huge = (1 << 62).to_bytes(11, "big")
    cases = {
        "a size beyond the end": header(size=b"\x80" + huge),
        "a negative size": header(size=b"-7"),
        "a size that is no number": header(size=b"89zz"),
        "a name of a gigabyte": header(kind=b"L", size=b"10000000000"),
        "a pax header that is cut": header(kind=b"x", size=b"10") + b"9" * 512,
        "a pax header without numbers": header(kind=b"x", size=b"10") + b"x path=y\n".ljust(512, b"\0"),
        "a sparse file": header(kind=b"x", size=b"30") + b"24 GNU.sparse.major=1.0\n".ljust(512, b"\0"),
        "a checksum that is wrong": good[:148] + b"000001\0 " + good[156:512],
    }
    for text, block in cases.items():
        count, problems, _ = read_bytes(tmp_path / "a", good + block + b"x" * 600)
        assert count == 3, text
        assert set(problems.values()) <= {"unreadable", "not-json"}, text
        assert "unreadable" in problems.values(), text
    _, problems, _ = read_bytes(tmp_path / "a", good[:700])
    assert problems["!a"] in ("unreadable", "not-json")


@given(st.binary(max_size=3_000), st.integers(0, 3_000))
def test_no_bytes_of_a_tar_archive_raise_anything_else(noise: bytes, place: int) -> None:
    data = bytearray(tar_of((tar_file("ü" * 90), b"x" * 700), (tar_file("b"), b"y")))
    data[place : place + len(noise)] = noise
    stream = BoundedStream(io.BytesIO(data), "a", Limits())
    try:
        for found in tar_members(stream):
            while found.stream is not None and found.stream.read(1 << 16):
                pass
    except (BadTar, EOFError):
        pass


def test_logs_are_no_tar_archives() -> None:
    assert not is_tar(lines(0))
    assert not is_tar(b"0" * 512)
    assert not is_tar(b"\0" * 512)
    assert not is_tar(b"1,2,3\n" * 200)


@given(st.lists(st.text(max_size=3), max_size=30))
def test_labels_of_members_are_unique(texts: list[str]) -> None:
    names = MemberNames("a.zip")
    found = [names.name(text, number) for number, text in enumerate(texts, 1)]
    assert len(set(found)) == len(found)
