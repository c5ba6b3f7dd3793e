"""A file that somebody uploads is taken in whole or not at all, under a name of our own."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.storage.files import received_files
from seawall.storage.files.received_files import ENDINGS, ending_of, receive_file
from seawall_base.errors import InputUnreadable, OutputUnwritable


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_it_is_streamed_under_a_number_with_the_ending_of_its_name(tmp_path: Path) -> None:
    got = receive_file(iter([b"one,", b"two\n"]), "Purview Export.CSV", tmp_path / "received")
    assert got.path == tmp_path / "received/00001.csv"
    assert got.path.read_bytes() == b"one,two\n"
    assert (got.name, got.size, got.sha256) == ("Purview Export.CSV", 8, sha256(b"one,two\n").hexdigest())
    assert got.path.stat().st_mode & 0o777 == 0o600
    again = receive_file([b"x"], "b.tar.gz", tmp_path / "received")
    assert again.path.name == "00002.tar.gz"
    assert files(tmp_path) == ["received/00001.csv", "received/00002.tar.gz"]


@given(st.text(max_size=300))
def test_no_name_is_a_path(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    folder = tmp_path_factory.mktemp("in") / "received"
    got = receive_file([b"x"], name, folder)
    assert got.path.parent == folder
    assert got.path.name in {"00001.log", *(f"00001{ending}" for ending in ENDINGS)}
    assert not any(unicodedata.category(character) == "Cc" for character in got.name)
    assert files(folder.parent) == [f"received/{got.path.name}"]


@pytest.mark.parametrize(
    ("name", "ending"),
    [("../../etc/passwd", ".log"), ("a.csv/../../b", ".log"), ("x.csv\0.sh", ".log"), ("A.TGZ", ".tgz"), ("", ".log"),
     (".csv", ".csv")],
)  # fmt: skip
def test_only_a_known_ending_of_the_name_counts(name: str, ending: str) -> None:
    assert ending_of(name) == ending


def test_what_is_too_large_or_empty_leaves_nothing_behind(tmp_path: Path) -> None:
    taken = 0

    def endless() -> Iterator[bytes]:
        nonlocal taken
        while True:
            taken += 1
            yield b"x" * 10

    with pytest.raises(InputUnreadable, match="larger than 35 bytes"):
        receive_file(endless(), "a.csv", tmp_path / "in", most_bytes=35)
    assert taken == 4
    with pytest.raises(InputUnreadable, match="empty"):
        receive_file([], "a.csv", tmp_path / "in")
    assert files(tmp_path) == []


def test_a_sender_that_goes_away_leaves_nothing_behind(tmp_path: Path) -> None:
    def broken() -> Iterator[bytes]:
        yield b"half"
        raise ConnectionResetError

    with pytest.raises(OutputUnwritable):
        receive_file(broken(), "a.csv", tmp_path / "in")
    assert files(tmp_path) == []


def test_a_full_disk_is_noticed_before_it_is_full(tmp_path: Path) -> None:
    with pytest.raises(OutputUnwritable, match="nearly full"):
        receive_file([b"x"], "a.csv", tmp_path / "in", spare_bytes=1 << 62)
    assert files(tmp_path) == []


def test_two_at_once_get_two_names(tmp_path: Path) -> None:
    """The second begins while the first still arrives."""
    folder = tmp_path / "in"
    second: list[Path] = []

    def first() -> Iterator[bytes]:
        yield b"a"
        second.append(receive_file([b"b"], "b.csv", folder).path)

    one = receive_file(first(), "a.csv", folder).path
    assert one != second[0]
    assert (one.read_bytes(), second[0].read_bytes()) == (b"a", b"b")


def test_a_folder_holds_so_many_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(received_files, "MOST_FILES", 1)
    receive_file([b"a"], "a.csv", tmp_path / "in")
    with pytest.raises(OutputUnwritable, match="holds 1 files"):
        receive_file([b"a"], "a.csv", tmp_path / "in")


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("kept")
    (tmp_path / "in.part").mkdir()
    (tmp_path / "in.part/00001.csv").symlink_to(target)
    got = receive_file([b"x"], "a.csv", tmp_path / "in")
    assert got.path.name == "00002.csv"
    assert target.read_text() == "kept"
